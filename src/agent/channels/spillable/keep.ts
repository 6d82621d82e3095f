/** What was in memory, put on disk at a stop. */
import type { EventStore } from '../file/store.ts';
import type { Taken } from '../transaction.ts';

/** One write has at most so much. */
const WRITE_EVENTS = 1000;
const WRITE_BYTES = 4 * 1024 * 1024;

/** How it went. */
export interface Kept {
  /** Events that are on disk. */
  readonly kept: number;
  /** Why some are not. */
  readonly error: unknown;
}

/**
 * Writes events under their numbers, the oldest first, in several transactions: a disk that does not take them all has what it could take.
 * @param events ascending
 */
export async function keepAll(store: EventStore, events: readonly Taken[]): Promise<Kept> {
  if (events.length === 0) return { kept: 0, error: undefined };
  // In a directory that was moved away no restart would find them.
  const { fault } = await store.disk();
  if (fault !== undefined) return { kept: 0, error: fault };
  let kept = 0;
  let error: unknown;
  for (const part of parts(events)) {
    try {
      await store.keep(part);
      kept += part.length;
    } catch (cause) {
      error = cause;
    }
  }
  return { kept, error };
}

function parts(events: readonly Taken[]): Taken[][] {
  const all: Taken[][] = [];
  let bytes = WRITE_BYTES;
  for (const taken of events) {
    const last = all.at(-1);
    if (last === undefined || last.length >= WRITE_EVENTS || bytes >= WRITE_BYTES) {
      all.push([taken]);
      bytes = 0;
    } else last.push(taken);
    bytes += taken.event.body.length;
  }
  return all;
}
