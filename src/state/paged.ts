/**
 * State larger than memory: keys lie in pages (pages.ts), in lmdb or in the files of a version; what the open batch changes and what was
 * read last in memory. What a batch changes is made into pages by `seal`, before the checkpoint's journal has its commit, and written after
 * it: when that fails, because the disk is full, it stays in memory, and the next batch commits only after it could be written.
 */
import { StreamjobError } from '../core/errors.ts';
import { identityOf, KeyedMap } from '../graph/keys.ts';
import {
  bucketOf,
  STATE_BUCKETS,
  type StateCodec,
  type StateEntry,
  type StateForm,
  type StatePartition,
} from '../graph/state/form.ts';
import { changesOf, Gathered } from './gathered.ts';
import { LastRead } from './last-read.ts';
import type { BucketEntries, PagePlace, Rewrite, TableDirectory } from './page-types.ts';
import { PageTable } from './pages.ts';
import { type BucketChange, changesByBucket, requireFit, type StateStore, type StoredEntry } from './store.ts';

const RECENT_PAGES = 64;

/** State larger than memory. */
export class PagedStateStore<K, S> implements StateStore<K, S> {
  readonly operator: string;
  readonly form: StateForm;
  readonly #place: PagePlace;
  readonly #codec: StateCodec<S>;
  readonly #table: PageTable;
  /** What the open batch has changed; undefined: the key is gone. */
  #changed = new KeyedMap<K, StateEntry<S> | undefined>();
  /** The same as pages; undefined: not made yet, or more has changed since. */
  #sealed: Rewrite | undefined;
  /** How many keys each bucket has more through the open batch. */
  readonly #added = new Int32Array(STATE_BUCKETS);
  readonly #cache: LastRead<K, StateEntry<S>>;
  #loaded = new KeyedMap<K, null>();
  /** What is put back and in no page yet. */
  #gathered = new Gathered();
  #owns: (bucket: number) => boolean = () => true;
  #begun: number | undefined;
  #lastCommitted: number | undefined;

  constructor(place: PagePlace, operator: string, form: StateForm, codec: StateCodec<S>) {
    this.#place = place;
    this.operator = operator;
    this.form = form;
    this.#codec = codec;
    this.#cache = new LastRead(place.states.cachedKeys);
    const { format, recentPages = RECENT_PAGES } = place.states;
    this.#table = new PageTable(operator, place.pages(operator), format, recentPages);
  }

  /** Goes on with pages that are there. @param lastCommitted as `restored` has it */
  adopt(directory: TableDirectory, lastCommitted: number | undefined): void {
    this.#table.adopt(directory);
    this.#lastCommitted = lastCommitted;
  }

  /** What `adopt` takes; all that has committed must have been written. */
  get directory(): TableDirectory {
    this.#settle();
    return this.#table.directory;
  }

  get lastCommitted(): number | undefined {
    return this.#lastCommitted;
  }

  get size(): number {
    return this.#sizeOf(() => true);
  }

  touchedBy(time: number): boolean {
    return this.#begun === time || this.#loaded.size > 0;
  }

  begin(time: number): void {
    this.rollback(time);
    this.#begun = time;
  }

  partition(index: number, count: number): StatePartition<K, S> {
    const store = this;
    const owns = (bucket: number): boolean => bucket % count === index;
    return {
      get: (key) => this.#get(key),
      set: (key, state, updated) => this.#put(key, { state, updated }),
      delete: (key) => this.#put(key, undefined),
      entries: () => this.#entries(owns),
      updatedBefore: (time) => this.#updatedBefore(time, owns),
      get size() {
        return store.#sizeOf(owns);
      },
    };
  }

  restrict(owns: (bucket: number) => boolean): void {
    this.#owns = owns;
  }

  load(pairs: readonly (readonly [K, S])[], time: number): void {
    if (this.#lastCommitted !== undefined || pairs.length === 0) return;
    const own = pairs.filter(([key]) => this.#owns(bucketOf(key)));
    this.#table.flush();
    const changes = new Map<number, BucketEntries>();
    for (const [key, state] of own) {
      requireFit(this, key, state);
      changesOf(changes, bucketOf(key)).set(identityOf(key), this.#stored(key, { state, updated: time }));
    }
    this.#table.apply(this.#table.rewrite(changes));
    for (const [key] of own) if (this.#loaded.find(key) === undefined) this.#loaded.add(key, null);
    this.#cache.clear();
    this.#lastCommitted = time - 1;
    this.#flushed();
  }

  seal(time: number): void {
    // At most one batch waits in memory to be written.
    this.#table.flush();
    if (this.#begun === time) this.#sealed ??= this.#rewritten();
  }

  commit(time: number): void {
    if (this.#begun !== time) return;
    const sealed = this.#sealed ?? this.#rewritten();
    this.#begun = undefined;
    this.#lastCommitted = time;
    const changed = this.#changed;
    this.#forgetChanges();
    this.#loaded = new KeyedMap();
    this.#table.apply(sealed);
    for (const [key, entry] of changed.entries()) this.#cache.put(key, entry);
    this.#flushed();
  }

  rollback(_time: number): void {
    this.#begun = undefined;
    this.#forgetChanges();
    this.#table.forgetRecent();
  }

  get isLost(): boolean {
    return this.#place.isLost;
  }

  async reset(): Promise<void> {
    this.rollback(0);
    this.#gathered = new Gathered();
    this.#loaded = new KeyedMap();
    this.#cache.clear();
    this.#lastCommitted = undefined;
    this.#table.forget();
    await this.#place.reset();
  }

  changes(): BucketChange[] {
    return changesByBucket(this.#changes());
  }

  *#changes(): Generator<readonly [K, StoredEntry | undefined]> {
    const stored = (key: K, entry: StateEntry<S> | undefined): StoredEntry | undefined =>
      entry && this.#stored(key, entry);
    for (const [key, after] of this.#changed.entries()) yield [key, stored(key, after)];
    for (const [key] of this.#loaded.entries()) {
      if (this.#changed.find(key) === undefined) yield [key, stored(key, this.#get(key))];
    }
  }

  bucket(index: number): StoredEntry[] {
    this.#settle();
    const stored: StoredEntry[] = [];
    for (const entry of this.#table.entries(index))
      if (this.#changed.find(entry[0] as K) === undefined) stored.push(entry);
    for (const [key, after] of this.#changed.entries()) {
      if (after !== undefined && bucketOf(key) === index) stored.push(this.#stored(key, after));
    }
    return stored;
  }

  restore(change: BucketChange, whole: boolean, bytes = 0): void {
    this.#gathered.add(change, whole, bytes);
    if (this.#gathered.isFull) this.#settle();
  }

  restored(lastCommitted: number | undefined): void {
    if (lastCommitted === undefined) {
      this.#gathered = new Gathered();
      this.#cache.clear();
      this.#table.clear();
    }
    this.#settle();
    this.#lastCommitted = lastCommitted;
  }

  /** What was put back becomes pages. */
  #settle(): void {
    if (this.#gathered.changes.size === 0) return;
    this.#table.flush();
    this.#table.apply(this.#table.rewrite(this.#gathered.changes));
    this.#gathered = new Gathered();
    this.#cache.clear();
    this.#table.flush();
  }

  #forgetChanges(): void {
    this.#changed = new KeyedMap();
    this.#sealed = undefined;
    this.#added.fill(0);
  }

  /** Writes what has committed. It may fail: `seal` of the next batch tries it again, and fails that one. */
  #flushed(): void {
    try {
      this.#table.flush();
    } catch (error) {
      if (error instanceof StreamjobError) this.#place.states.warn(error);
      else throw error;
    }
  }

  #rewritten(): Rewrite {
    const changes = new Map<number, BucketEntries>();
    for (const [key, after] of this.#changed.entries()) {
      const change = after === undefined ? { gone: key } : this.#stored(key, after);
      changesOf(changes, bucketOf(key)).set(identityOf(key), change);
    }
    return this.#table.rewrite(changes);
  }

  #sizeOf(owns: (bucket: number) => boolean): number {
    this.#settle();
    let size = 0;
    for (let bucket = 0; bucket < STATE_BUCKETS; bucket++) {
      if (owns(bucket)) size += this.#table.keys(bucket) + (this.#added[bucket] ?? 0);
    }
    return size;
  }

  #get(key: K): StateEntry<S> | undefined {
    const changed = this.#changed.find(key);
    if (changed !== undefined) return changed[1];
    this.#settle();
    const cached = this.#cache.read(key);
    if (cached !== undefined) return cached;
    const stored = this.#table.find(key);
    if (stored === undefined) return undefined;
    const entry = this.#entryOf(stored);
    this.#cache.put(key, entry);
    return entry;
  }

  #put(key: K, after: StateEntry<S> | undefined): void {
    if (after !== undefined) requireFit(this, key, after.state);
    const changed = this.#changed.find(key);
    const present = changed === undefined ? this.#has(key) : changed[1] !== undefined;
    const bucket = bucketOf(key);
    this.#added[bucket] = (this.#added[bucket] ?? 0) + Number(after !== undefined) - Number(present);
    if (changed === undefined) this.#changed.add(key, after);
    else changed[1] = after;
    this.#sealed = undefined;
  }

  #has(key: K): boolean {
    this.#settle();
    return this.#cache.has(key) || this.#table.find(key) !== undefined;
  }

  *#entries(owns: (bucket: number) => boolean): IterableIterator<readonly [K, StateEntry<S>]> {
    this.#settle();
    for (let bucket = 0; bucket < STATE_BUCKETS; bucket++) {
      if (!owns(bucket)) continue;
      for (const stored of this.#table.entries(bucket)) {
        const key = stored[0] as K;
        if (this.#changed.find(key) === undefined) yield [key, this.#entryOf(stored)];
      }
    }
    for (const [key, after] of this.#changed.entries()) {
      if (after !== undefined && owns(bucketOf(key))) yield [key, after];
    }
  }

  #updatedBefore(time: number, owns: (bucket: number) => boolean): K[] {
    this.#settle();
    const old: K[] = [];
    for (let bucket = 0; bucket < STATE_BUCKETS; bucket++) {
      if (!owns(bucket)) continue;
      for (const [key] of this.#table.entries(bucket, time)) {
        if (this.#changed.find(key as K) === undefined) old.push(key as K);
      }
    }
    for (const [key, after] of this.#changed.entries()) {
      if (after !== undefined && after.updated < time && owns(bucketOf(key))) old.push(key);
    }
    return old;
  }

  #stored(key: K, entry: StateEntry<S>): StoredEntry {
    return [key, this.#codec.encode(entry.state), entry.updated];
  }

  #entryOf([, stored, updated]: StoredEntry): StateEntry<S> {
    return { state: this.#codec.decode(stored), updated };
  }
}
