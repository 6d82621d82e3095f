/** Third step: a batch, the arrivals that were cut at one time, from its cut to its fate. */

import type { BatchSummary } from '../../core/events.ts';
import { uuid } from '../../core/machine.ts';
import type { Span } from '../../core/telemetry.ts';
import type { BatchReport } from '../../engine/engine.ts';
import type { Blocks } from '../block/block-queue.ts';
import type { AckToken, Outcome } from '../receive/receiver.ts';

/**
 * Where a batch stands:
 * - `cut`: it holds its arrivals, and waits for its turn;
 * - `ahead`: its stages run while the batch before waits for its outputs; its arrivals can still be taken out of it;
 * - `running`: it is its turn: stages and outputs run, or wait to be run again;
 * - `sealed`: what it changed is being written: it cannot be given up now;
 * - `committed`, or `given-up`: its fate, for good.
 */
export type BatchState = 'cut' | 'ahead' | 'running' | 'sealed' | Outcome;

/** What a batch may become next. */
const NEXT: Readonly<Record<BatchState, readonly BatchState[]>> = {
  cut: ['ahead', 'running', 'given-up'],
  ahead: ['running', 'given-up'],
  running: ['sealed', 'given-up'],
  sealed: ['running', 'committed'],
  committed: [],
  'given-up': [],
};

/** A batch, the arrivals that were cut at one time, from its cut to its fate. */
export class Batch {
  /** ms since the epoch; rises from batch to batch. */
  readonly time: number;
  /** Differs each time that a batch of this time is cut, and stays when it is run again after a crash. */
  readonly id: string;
  readonly blocks: Blocks;
  readonly events: number;
  readonly bytes: number;
  /** When the oldest of its arrivals came, in ms since the epoch; undefined: it has none, or they came in a former run. */
  readonly oldest: number | undefined;
  /** When its turn came, in ms since the epoch. */
  startedAt: number;
  /** What its stages did, of the last attempt that ran them to their end. */
  report: BatchReport | undefined;
  /** What took time in it, in the order in which it ended. */
  readonly spans: Span[] = [];
  readonly #givenUp = new AbortController();
  #state: BatchState = 'cut';

  constructor(time: number, blocks: Blocks, startedAt: number, id: string) {
    this.time = time;
    this.id = id;
    this.blocks = blocks;
    this.startedAt = startedAt;
    let events = 0;
    let bytes = 0;
    let oldest: number | undefined;
    for (const arrivals of blocks.values()) {
      for (const arrival of arrivals) {
        const { receivedAt } = arrival;
        if (receivedAt !== undefined && (oldest === undefined || receivedAt < oldest)) oldest = receivedAt;
        events += arrival.events.count;
        bytes += arrival.bytes;
      }
    }
    this.events = events;
    this.bytes = bytes;
    this.oldest = oldest;
  }

  get state(): BatchState {
    return this.#state;
  }

  /** Aborts when the batch is given up. */
  get givenUp(): AbortSignal {
    return this.#givenUp.signal;
  }

  /** @returns whether it may: nothing happens when it may not */
  become(state: BatchState): boolean {
    if (!NEXT[this.#state].includes(state)) return false;
    this.#state = state;
    return true;
  }

  /** Tells those who wait for the batch that it is given up; `become` has said so before. */
  abort(): void {
    this.#givenUp.abort();
  }
}

/** Cuts a batch. */
export function cutBatch(time: number, blocks: Blocks, startedAt: number, id: string = uuid()): Batch {
  return new Batch(time, blocks, startedAt, id);
}

/** How long a batch waited and ran, in ms; Spark's terms. @param endedAt in ms since the epoch */
export function delaysOf(
  { time, startedAt }: Batch,
  endedAt: number,
): Pick<BatchSummary, 'schedulingDelayMs' | 'processingMs' | 'totalDelayMs'> {
  const schedulingDelayMs = Math.max(0, startedAt - time);
  const processingMs = Math.max(0, endedAt - startedAt);
  return { schedulingDelayMs, processingMs, totalDelayMs: schedulingDelayMs + processingMs };
}

/** How many events each input gave. */
export function eventsByInput(batch: Batch): Map<number, number> {
  return new Map(
    [...batch.blocks].map(([id, arrivals]) => [id, arrivals.reduce((sum, { events }) => sum + events.count, 0)]),
  );
}

/** The tokens of the deliveries in a batch whose peers wait for it, by epoch. */
export function tokensOf(batch: Batch): Map<number, AckToken[]> {
  const tokens = new Map<number, AckToken[]>();
  for (const arrivals of batch.blocks.values()) {
    for (const { acked, token } of arrivals) {
      if (acked !== undefined) continue;
      const ofEpoch = tokens.get(token.epoch);
      if (ofEpoch === undefined) tokens.set(token.epoch, [token]);
      else ofEpoch.push(token);
    }
  }
  return tokens;
}

/** How many events of a batch were acknowledged before it ran. */
export function ackedBefore(batch: Batch): number {
  let acked = 0;
  for (const arrivals of batch.blocks.values()) for (const arrival of arrivals) acked += arrival.acked ?? 0;
  return acked;
}

/** Whether peers were told "delivered" of some of it: these do not send it again. */
export function holdsAcknowledged({ blocks }: Batch): boolean {
  return [...blocks.values()].some((arrivals) => arrivals.some(({ acked }) => acked !== undefined));
}

/** Whether a delivery is part of a batch. */
export function holds(batch: Batch, { input, epoch, sequence }: AckToken): boolean {
  const arrivals = batch.blocks.get(input) ?? [];
  return arrivals.some(({ token }) => token.epoch === epoch && token.sequence === sequence);
}
