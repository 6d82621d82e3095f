/**
 * Keys of an operator in pages: each bucket has a power of two of them, a key's hash says in which one it lies, and a bucket whose
 * pages become large gets more. A page is an array of entries as one value, so that keys of any length fit, and reading or writing
 * many keys costs little for each. Of each page memory has the oldest update, by which keys that time out are found.
 *
 * What a batch changes is worked out as pages before its commit (`rewrite`, which may fail) and takes effect after it (`apply`, which
 * cannot): it is in memory until it could be written to disk (`flush`, which may fail and be called again).
 */
import { hashKey, identityOf } from '../graph/keys.ts';
import { STATE_BUCKETS } from '../graph/state/form.ts';
import type {
  BucketEntries,
  BucketRewrite,
  KeyChange,
  PageFormat,
  Pages,
  PageWrite,
  Rewrite,
  TableDirectory,
} from './page-types.ts';
import type { StoredEntry } from './store.ts';

/** On average a page has at most so many bytes, unless it has one key only: the less, the less is read and written for one key. */
const MOST_PAGE_BYTES = 1024;
/** Of a bucket; its pages have the numbers from bucket · MOST_PAGES on. */
export const MOST_PAGES: number = 2 ** 24;
/** Large pages are not kept. */
const MOST_RECENT_BYTES = 64 * 1024;
/** Keys whose bytes tell how many pages a bucket needs. */
const SAMPLE = 32;

/**
 * What a page holds: a key, its state, its last update, then those of the next key. In one array, for that is read and written in half
 * the time of an array for each key.
 */
type Values = unknown[];
const KEY = 0;
const STATE = 1;
const UPDATED = 2;
const WIDTH = 3;

class Bucket {
  readonly count: number;
  readonly lengths: Uint32Array;
  readonly oldest: Float64Array;
  bytes = 0;
  keys = 0;

  constructor(
    count: number,
    lengths: Uint32Array = new Uint32Array(count),
    oldest: Float64Array = new Float64Array(count).fill(Number.POSITIVE_INFINITY),
  ) {
    this.count = count;
    this.lengths = lengths;
    this.oldest = oldest;
  }

  static of(keys: number, lengths: Uint32Array, oldest: Float64Array): Bucket {
    const bucket = new Bucket(lengths.length, lengths, oldest);
    bucket.keys = keys;
    for (const length of lengths) bucket.bytes += length;
    return bucket;
  }
}

/** Keys of an operator in pages. */
export class PageTable {
  readonly #operator: string;
  readonly #disk: Pages;
  readonly #format: PageFormat;
  readonly #recentPages: number;
  #buckets = emptyBuckets();
  /** Pages that are not on disk yet. */
  #unwritten = new Map<number, Uint8Array | undefined>();
  readonly #recent = new Map<number, Values>();

  /** @param recentPages so many pages that were read last are kept decoded: keys that come one after the other lie in the same ones */
  constructor(operator: string, disk: Pages, format: PageFormat, recentPages: number) {
    this.#recentPages = recentPages;
    this.#operator = operator;
    this.#disk = disk;
    this.#format = format;
  }

  /** What `adopt` takes. What is not on disk yet is not in it. */
  get directory(): TableDirectory {
    return this.#buckets.flatMap(({ keys, lengths, oldest }, bucket) =>
      keys === 0 ? [] : [{ bucket, keys, lengths, oldest }],
    );
  }

  /** Goes on with pages that are on disk. */
  adopt(directory: TableDirectory): void {
    this.forget();
    for (const { bucket, keys, lengths, oldest } of directory) this.#buckets[bucket] = Bucket.of(keys, lengths, oldest);
  }

  /** Keys of a bucket. */
  keys(bucket: number): number {
    return this.#bucket(bucket).keys;
  }

  /** @throws StreamjobError FILE_ACCESS */
  find(key: unknown): StoredEntry | undefined {
    const hash = hashKey(key);
    const bucket = hash % STATE_BUCKETS;
    const page = pageOf(hash, this.#bucket(bucket).count);
    const number = numberOf(bucket, page);
    let values = this.#recent.get(number);
    if (values === undefined) {
      values = this.#decoded(bucket, page);
      if ((this.#bucket(bucket).lengths[page] ?? 0) <= MOST_RECENT_BYTES) this.#keepRecent(number, values);
    }
    const identity = identityOf(key);
    for (let i = 0; i < values.length; i += WIDTH) {
      if (Object.is(identityOf(values[i + KEY]), identity) || values[i + KEY] === key) return this.#entry(values, i);
    }
    return undefined;
  }

  /** All entries of a bucket. @param before only those whose last update was before this @throws StreamjobError FILE_ACCESS */
  *entries(bucket: number, before: number = Number.POSITIVE_INFINITY): Generator<StoredEntry> {
    const { count, lengths, oldest } = this.#bucket(bucket);
    for (let page = 0; page < count; page++) {
      if (lengths[page] === 0 || (oldest[page] ?? 0) >= before) continue;
      const values = this.#decoded(bucket, page);
      for (let i = 0; i < values.length; i += WIDTH) {
        if (updatedAt(values, i) < before) yield this.#entry(values, i);
      }
    }
  }

  /** Forgets what was decoded: somebody may have changed states in place. */
  forgetRecent(): void {
    this.#recent.clear();
  }

  /** What changes make of the pages. Nothing is changed by it. @throws StreamjobError FILE_ACCESS, CHECKPOINT_VALUE */
  rewrite(changes: ReadonlyMap<number, BucketEntries>): Rewrite {
    return [...changes].map(([bucket, { changes: ofBucket, whole }]) => {
      if (!whole && this.keys(bucket) > 0) return this.#merged(bucket, ofBucket);
      const values: Values = [];
      for (const change of ofBucket.values()) this.#push(values, change);
      const sample = values.slice(0, SAMPLE * WIDTH);
      const bytes = values.length === 0 ? 0 : (this.#format.encode(sample).length / sample.length) * values.length;
      return this.#dealt(bucket, values, 1, bytes);
    });
  }

  /** What was worked out takes effect. */
  apply(rewrite: Rewrite): void {
    this.#recent.clear();
    for (const { bucket, count, keys, writes } of rewrite) {
      let target = this.#bucket(bucket);
      if (target.count !== count) {
        for (let page = count; page < target.count; page++) this.#unwritten.set(numberOf(bucket, page), undefined);
        target = new Bucket(count);
        this.#buckets[bucket] = target;
      }
      target.keys = keys;
      for (const { page, bytes, oldest } of writes) {
        target.bytes += (bytes?.length ?? 0) - (target.lengths[page] ?? 0);
        target.lengths[page] = bytes?.length ?? 0;
        target.oldest[page] = oldest;
        this.#unwritten.set(numberOf(bucket, page), bytes);
      }
    }
  }

  /** Writes what is not on disk yet. @throws StreamjobError FILE_ACCESS: all of it stays in memory */
  flush(): void {
    if (this.#unwritten.size === 0) return;
    this.#disk.write(this.#unwritten);
    this.#unwritten = new Map();
  }

  /** Removes everything. @throws StreamjobError FILE_ACCESS */
  clear(): void {
    this.#disk.clear();
    this.forget();
  }

  /** As after `clear`, when what was on disk is gone. */
  forget(): void {
    this.#buckets = emptyBuckets();
    this.#unwritten = new Map();
    this.#recent.clear();
  }

  #bucket(bucket: number): Bucket {
    return this.#buckets[bucket] as Bucket;
  }

  #decoded(bucket: number, page: number): Values {
    if (this.#bucket(bucket).lengths[page] === 0) return [];
    const number = numberOf(bucket, page);
    const bytes = this.#unwritten.has(number) ? this.#unwritten.get(number) : this.#disk.read(number);
    return bytes === undefined ? [] : this.#format.decode(bytes);
  }

  /** A page as it is on disk: what was decoded before may serve where nobody can have changed a state of it in place. */
  #asStored(bucket: number, page: number): Values {
    const recent = this.#recent.get(numberOf(bucket, page));
    return recent !== undefined && hasPlainStates(recent) ? recent : this.#decoded(bucket, page);
  }

  #entry(values: Values, at: number): StoredEntry {
    return [values[at + KEY], this.#format.revive(values[at + STATE]), updatedAt(values, at)];
  }

  #keepRecent(number: number, values: Values): void {
    this.#recent.set(number, values);
    if (this.#recent.size <= this.#recentPages) return;
    for (const oldest of this.#recent.keys()) {
      this.#recent.delete(oldest);
      return;
    }
  }

  #push(values: Values, change: KeyChange): void {
    if (!('gone' in change))
      values.push(change[KEY], this.#format.plain(change[STATE], this.#operator), change[UPDATED]);
  }

  /** Changes of some keys: the pages that they lie in, or the whole bucket when it gets more of them. */
  #merged(bucket: number, changes: BucketEntries['changes']): BucketRewrite {
    const before = this.#bucket(bucket);
    let { bytes, keys } = before;
    const touched = new Map<number, Values>();
    for (const change of changes.values()) {
      const page = pageOf(hashKey('gone' in change ? change.gone : change[KEY]), before.count);
      let values = touched.get(page);
      if (values === undefined) {
        const present = this.#asStored(bucket, page);
        values = without(present, changes);
        keys -= present.length / WIDTH;
        touched.set(page, values);
      }
      this.#push(values, change);
    }
    for (const values of touched.values()) keys += values.length / WIDTH;
    const writes = [...touched].map(([page, values]) => this.#encoded(page, values));
    for (const write of writes) bytes += (write.bytes?.length ?? 0) - (before.lengths[write.page] ?? 0);
    if (pagesFor(keys, bytes, before.count) === before.count) return { bucket, count: before.count, keys, writes };
    const all: Values = [];
    for (let page = 0; page < before.count; page++) {
      for (const value of touched.get(page) ?? this.#decoded(bucket, page)) all.push(value);
    }
    return this.#dealt(bucket, all, before.count, bytes);
  }

  /** All that a bucket holds, dealt out to as many pages as it needs. @param bytes of all of it, about */
  #dealt(bucket: number, values: Values, least: number, bytes: number): BucketRewrite {
    const before = this.#bucket(bucket);
    const keys = values.length / WIDTH;
    // Half full, so that the next keys have room.
    const count = pagesFor(keys, bytes * 2, least);
    const dealt = Array.from({ length: count }, (): Values => []);
    for (let i = 0; i < values.length; i += WIDTH) {
      dealt[pageOf(hashKey(values[i]), count)]?.push(values[i], values[i + STATE], values[i + UPDATED]);
    }
    const writes = dealt.map((each, page) => this.#encoded(page, each));
    const isNeeded = ({ bytes: now, page }: PageWrite): boolean =>
      now !== undefined || (page < before.count && before.lengths[page] !== 0);
    return { bucket, count, keys, writes: writes.filter(isNeeded) };
  }

  #encoded(page: number, values: Values): PageWrite {
    if (values.length === 0) return { page, bytes: undefined, oldest: Number.POSITIVE_INFINITY };
    let oldest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < values.length; i += WIDTH) oldest = Math.min(oldest, updatedAt(values, i));
    return { page, bytes: this.#format.encode(values), oldest };
  }
}

/** What a page holds beside the keys that change. */
function without(values: Values, changes: BucketEntries['changes']): Values {
  const rest: Values = [];
  for (let i = 0; i < values.length; i += WIDTH) {
    if (!changes.has(identityOf(values[i]))) rest.push(values[i], values[i + STATE], values[i + UPDATED]);
  }
  return rest;
}

function hasPlainStates(values: Values): boolean {
  for (let i = STATE; i < values.length; i += WIDTH)
    if (typeof values[i] === 'object' && values[i] !== null) return false;
  return true;
}

function updatedAt(values: Values, at: number): number {
  return values[at + UPDATED] as number;
}

function emptyBuckets(): Bucket[] {
  return Array.from({ length: STATE_BUCKETS }, () => new Bucket(1));
}

/** The number of pages for a bucket of so many keys and bytes: at least as many as before, and no more than keys. */
function pagesFor(keys: number, bytes: number, before: number): number {
  let count = before;
  while (bytes > count * MOST_PAGE_BYTES && keys > count && count < MOST_PAGES) count *= 2;
  return count;
}

/** The low bits of a hash are the bucket's. */
function pageOf(hash: number, count: number): number {
  return Math.floor(hash / STATE_BUCKETS) & (count - 1);
}

function numberOf(bucket: number, page: number): number {
  return bucket * MOST_PAGES + page;
}
