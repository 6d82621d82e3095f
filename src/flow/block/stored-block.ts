/** Events that lie in a file, read into memory. */
import { EventBlock } from '../../avro/event-block.ts';
import { StoredEvents } from '../../avro/stored-events.ts';
import { atOnce } from '../../core/at-once.ts';
import type { Chunk } from '../../core/chunk.ts';
import { fileError } from '../../core/files.ts';
import { storageOf } from '../../core/storage/storages.ts';
import { readWhole, requireWhole } from '../../durable/checked-bytes.ts';

/** So many files that are far away are read at a time. */
const READ_AT_ONCE = 16;

/** The same data, in memory where it is not. Blocks the thread. @throws StreamjobError FILE_ACCESS, LOG_CORRUPT */
export function inMemory(events: Chunk<unknown>): Chunk<unknown> {
  if (!(events instanceof StoredEvents)) return events;
  return EventBlock.fromItems(events.count, [readWhole(events.place)]);
}

/** Gives the same data, in memory. */
export type Brought = (events: Chunk<unknown>) => Chunk<unknown>;

/**
 * Brings what lies where each file takes its time, without that the thread waits.
 * @returns gives each; what is near it reads then @throws StreamjobError FILE_ACCESS, LOG_CORRUPT
 */
export async function broughtOf(all: Iterable<Chunk<unknown>>): Promise<Brought> {
  const brought = new Map<Chunk<unknown>, Chunk<unknown>>();
  await atOnce(READ_AT_ONCE, [...all].filter(isFar), async (events) => {
    const { length, offset, path } = events.place;
    const bytes = await storageOf(path)
      .read(path, offset, length)
      .catch((error: unknown) => {
        throw fileError(error, 'cannot read what was received', path);
      });
    brought.set(events, EventBlock.fromItems(events.count, [requireWhole(bytes, events.place)]));
  });
  return (events) => brought.get(events) ?? inMemory(events);
}

function isFar(events: Chunk<unknown>): events is StoredEvents {
  return events instanceof StoredEvents && storageOf(events.place.path).isFar;
}
