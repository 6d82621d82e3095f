/** Events in a file, by whoever wants them: their place, and how what is read is checked. */
import { closeSync, openSync, readSync } from 'node:fs';
import { messageOf, StreamjobError } from '../core/errors.ts';
import { EventBlock, type FlumeEvent } from './event-block.ts';

/** Where encoded events lie behind each other. Plain data. */
export interface StoredPlace {
  readonly path: string;
  /** In bytes. */
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
  readonly count: number;
  /** CRC32C of the bytes. */
  readonly crc: number;
}

/** A chunk of events that nobody has read yet: it can be counted, and sent to another thread. */
export class StoredEvents {
  readonly place: StoredPlace;

  constructor(place: StoredPlace) {
    this.place = place;
  }

  get count(): number {
    return this.place.count;
  }

  forEach(_visit: (event: FlumeEvent) => void): never {
    throw new Error(`the events of ${this.place.path} at ${this.place.offset} have not been read`);
  }
}

/**
 * Reads events.
 * @param crc32c the checksum of bytes
 * @throws StreamjobError FILE_ACCESS, LOG_CORRUPT
 */
export function readStored(
  { path, offset, length, count, crc }: StoredPlace,
  crc32c: (bytes: Uint8Array) => number,
): EventBlock {
  const items = Buffer.allocUnsafeSlow(length);
  try {
    const file = openSync(path, 'r');
    try {
      let got = 0;
      for (let more = 1; got < length && more > 0; got += more)
        more = readSync(file, items, got, length - got, offset + got);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new StreamjobError('FILE_ACCESS', `cannot read the write-ahead log: ${messageOf(cause)}`, {
      where: path,
      cause,
    });
  }
  if (crc32c(items) === crc) return EventBlock.fromItems(count, [items]);
  throw new StreamjobError('LOG_CORRUPT', `the log is damaged: the block at byte ${offset}`, {
    where: path,
    hint: 'bring the directory back from a copy; or move it away to start without what it remembers, and check the disk',
  });
}
