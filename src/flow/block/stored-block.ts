/** Events that lie in a file, read into memory. */
import { EventBlock } from '../../avro/event-block.ts';
import { StoredEvents } from '../../avro/stored-events.ts';
import type { Chunk } from '../../core/chunk.ts';
import { readWhole } from '../../durable/checked-bytes.ts';

/** The same data, in memory where it is not. @throws StreamjobError FILE_ACCESS, LOG_CORRUPT */
export function inMemory(events: Chunk<unknown>): Chunk<unknown> {
  if (!(events instanceof StoredEvents)) return events;
  return EventBlock.fromItems(events.count, [readWhole(events.place)]);
}
