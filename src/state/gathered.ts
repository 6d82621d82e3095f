/** What is put back into a store on disk, gathered, so that a page is written for many keys and not for each. */
import { identityOf } from '../graph/keys.ts';
import type { BucketEntries } from './page-types.ts';
import type { BucketChange } from './store.ts';

const MOST_BYTES = 64 * 1024 * 1024;
const MOST_KEYS = 2 ** 20;

/** What is put back into a store on disk, gathered, so that a page is written for many keys and not for each. */
export class Gathered {
  /** By bucket. */
  readonly changes: Map<number, BucketEntries> = new Map();
  #bytes = 0;
  /** Of all that was added, and of what is there: what came later takes the place of what came before. */
  #added = 0;
  #keys = 0;

  /** Whether it has to be written before more comes. */
  get isFull(): boolean {
    return this.#keys > MOST_KEYS || (this.#bytes * this.#keys) / Math.max(1, this.#added) > MOST_BYTES;
  }

  /** @param whole whether nothing else stays in the bucket @param bytes of the change in a checkpoint, about */
  add({ bucket, set, deleted }: BucketChange, whole: boolean, bytes: number): void {
    this.#keys -= this.changes.get(bucket)?.changes.size ?? 0;
    if (whole) this.changes.set(bucket, { whole, changes: new Map() });
    const changes = changesOf(this.changes, bucket);
    for (const entry of set) changes.set(identityOf(entry[0]), entry);
    for (const key of deleted) changes.set(identityOf(key), { gone: key });
    this.#bytes += bytes;
    this.#added += set.length + deleted.length;
    this.#keys += changes.size;
  }
}

/** The changes of a bucket, to be added to. */
export function changesOf(of: Map<number, BucketEntries>, bucket: number): BucketEntries['changes'] {
  let present = of.get(bucket);
  if (present === undefined) {
    present = { whole: false, changes: new Map() };
    of.set(bucket, present);
  }
  return present.changes;
}
