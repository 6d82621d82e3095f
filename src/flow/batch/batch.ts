/** Third step: a batch, the arrivals that were cut at one time. */
import type { Blocks } from '../block/block-queue.ts';
import type { AckToken } from '../receive/receiver.ts';

/** A batch and where it stands. */
export interface Batch {
  /** ms since the epoch; rises from batch to batch. */
  readonly time: number;
  readonly blocks: Blocks;
  readonly events: number;
  readonly bytes: number;
  /** When its processing began, in ms since the epoch. */
  readonly startedAt: number;
}

/** Cuts a batch. */
export function cutBatch(time: number, blocks: Blocks, startedAt: number): Batch {
  let events = 0;
  let bytes = 0;
  for (const arrivals of blocks.values()) {
    for (const arrival of arrivals) {
      events += arrival.events.count;
      bytes += arrival.bytes;
    }
  }
  return { time, blocks, events, bytes, startedAt };
}

/** How many events each input gave. */
export function eventsByInput(batch: Batch): Map<number, number> {
  return new Map(
    [...batch.blocks].map(([id, arrivals]) => [id, arrivals.reduce((sum, { events }) => sum + events.count, 0)]),
  );
}

/** The tokens of all deliveries in a batch, by receiver. */
export function tokensOf(batch: Batch): Map<number, AckToken[]> {
  return new Map([...batch.blocks].map(([receiver, arrivals]) => [receiver, arrivals.map(({ token }) => token)]));
}

/** Whether a delivery is part of a batch. */
export function holds(batch: Batch, token: AckToken): boolean {
  return batch.blocks.get(token.receiver)?.some((arrival) => arrival.token.sequence === token.sequence) ?? false;
}
