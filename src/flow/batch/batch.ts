/** Third step: a batch, the arrivals that were cut at one time. */
import { randomUUID } from 'node:crypto';
import type { BatchSummary } from '../../core/events.ts';
import type { Blocks } from '../block/block-queue.ts';
import type { AckToken } from '../receive/receiver.ts';

/** A batch and where it stands. */
export interface Batch {
  /** ms since the epoch; rises from batch to batch. */
  readonly time: number;
  /** Differs each time that a batch of this time is cut, and stays when it is run again after a crash. */
  readonly id: string;
  readonly blocks: Blocks;
  readonly events: number;
  readonly bytes: number;
  /** When its processing began, in ms since the epoch. */
  readonly startedAt: number;
}

/** Cuts a batch. */
export function cutBatch(time: number, blocks: Blocks, startedAt: number, id: string = randomUUID()): Batch {
  let events = 0;
  let bytes = 0;
  for (const arrivals of blocks.values()) {
    for (const arrival of arrivals) {
      events += arrival.events.count;
      bytes += arrival.bytes;
    }
  }
  return { time, id, blocks, events, bytes, startedAt };
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

/** The tokens of the deliveries in a batch whose peers wait for it, by receiver. */
export function tokensOf(batch: Batch): Map<number, AckToken[]> {
  const tokens = new Map<number, AckToken[]>();
  for (const [receiver, arrivals] of batch.blocks) {
    const waiting = arrivals.filter(({ acked }) => acked === undefined).map(({ token }) => token);
    if (waiting.length > 0) tokens.set(receiver, waiting);
  }
  return tokens;
}

/** How many events of a batch were acknowledged before it ran. */
export function ackedBefore(batch: Batch): number {
  let acked = 0;
  for (const arrivals of batch.blocks.values()) for (const arrival of arrivals) acked += arrival.acked ?? 0;
  return acked;
}

/** Whether a delivery is part of a batch. */
export function holds(batch: Batch, token: AckToken): boolean {
  return batch.blocks.get(token.receiver)?.some((arrival) => arrival.token.sequence === token.sequence) ?? false;
}
