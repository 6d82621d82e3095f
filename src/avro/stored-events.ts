/** Events in a file that nobody has read yet. */
import type { FlumeEvent } from './event-block.ts';

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
  /** CRC32 of the bytes, as zlib has it: for members that have no native code for the other one. */
  readonly crc32?: number;
}

/** They can be counted, and sent to another thread, which reads them. */
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
