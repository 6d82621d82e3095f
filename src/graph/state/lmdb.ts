/**
 * State larger than memory: keys lie in an lmdb database, what the open batch changes and what was read last in memory. The
 * database is a place to keep keys, not what outlives a crash: that is the checkpoint's journal, from which it is filled anew at each
 * start, so that it is never synced.
 *
 * In the database `keys`: [bucket, key as text] -> [key, state, updated]; in `times`: [updated, bucket, key as text] -> nothing, by
 * which keys that time out are found at a cost that follows how many there are.
 */
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Database, RootDatabase } from 'lmdb';
import { KeyedMap, keyText } from '../keys.ts';
import {
  type BucketChange,
  bucketOf,
  changesByBucket,
  type StateCodec,
  type StateEntry,
  type StateForm,
  type StatePartition,
  type StateStore,
  type StoredEntry,
} from './store.ts';

/** Where stores of a thread lie. */
export interface LmdbStates {
  /** A directory of their own; what is in it is removed. Asked for when the first key comes. */
  readonly directory: () => string;
  /** How many keys of each operator are kept in memory beside what the open batch changes. */
  readonly cachedKeys: number;
  /** A key's entry as bytes and back. @throws StreamjobError CHECKPOINT_VALUE */
  readonly encode: (entry: StoredEntry, operator: string) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => StoredEntry;
}

/** Opens the stores of one thread. */
export class LmdbEnvironment {
  readonly states: LmdbStates;
  #root: RootDatabase<Buffer, TextKey> | undefined;

  constructor(states: LmdbStates) {
    this.states = states;
  }

  /** The databases of an operator. */
  open(operator: string): { readonly keys: Database<Buffer, TextKey>; readonly times: Database<Buffer, TimeKey> } {
    this.#root ??= this.#openRoot();
    return {
      keys: this.#root.openDB({ name: `keys ${operator}`, encoding: 'binary' }),
      times: this.#root.openDB({ name: `times ${operator}`, encoding: 'binary' }),
    };
  }

  async close(): Promise<void> {
    const root = this.#root;
    this.#root = undefined;
    if (root === undefined) return;
    await root.close();
    rmSync(this.states.directory(), { recursive: true, force: true });
  }

  #openRoot(): RootDatabase<Buffer, TextKey> {
    const path = this.states.directory();
    rmSync(path, { recursive: true, force: true });
    // Loaded when it is wanted: most jobs keep their state in memory.
    const { open } = createRequire(import.meta.url)('lmdb') as typeof import('lmdb');
    return open<Buffer, TextKey>({ path, encoding: 'binary', noSync: true, maxDbs: MOST_DATABASES });
  }
}

type TextKey = [bucket: number, text: string];
type TimeKey = [updated: number, bucket: number, text: string];

const MOST_DATABASES = 256;
const NOTHING = Buffer.alloc(0);
/** lmdb's keys have at most 1978 bytes: of a longer text the first part and a hash stand for it, and the entry has the key. */
const LONGEST_TEXT = 1000;

interface Changed<S> {
  /** Undefined: the key is gone. */
  readonly after: StateEntry<S> | undefined;
  /** Of the entry in the database. */
  readonly before: number | undefined;
}

/** See the file's head. */
export class LmdbStateStore<K, S> implements StateStore<K, S> {
  readonly operator: string;
  readonly form: StateForm;
  readonly #environment: LmdbEnvironment;
  readonly #codec: StateCodec<S>;
  #opened: ReturnType<LmdbEnvironment['open']> | undefined;
  /** What the open batch has changed. */
  #changed = new KeyedMap<K, Changed<S>>();
  /** Keys read last: the youngest at the end. */
  #cache = new KeyedMap<K, StateEntry<S>>();
  #loaded = new KeyedMap<K, null>();
  #owns: (bucket: number) => boolean = () => true;
  #size = 0;
  #sizeBefore = 0;
  #begun: number | undefined;
  #lastCommitted: number | undefined;

  constructor(environment: LmdbEnvironment, operator: string, form: StateForm, codec: StateCodec<S>) {
    this.#environment = environment;
    this.operator = operator;
    this.form = form;
    this.#codec = codec;
  }

  get lastCommitted(): number | undefined {
    return this.#lastCommitted;
  }

  get size(): number {
    return this.#size;
  }

  touchedBy(time: number): boolean {
    return this.#begun === time || this.#loaded.size > 0;
  }

  begin(time: number): void {
    this.rollback(time);
    this.#begun = time;
    this.#sizeBefore = this.#size;
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
        if (count === 1) return store.#size;
        let size = 0;
        for (const _ of store.#entries(owns)) size++;
        return size;
      },
    };
  }

  restrict(owns: (bucket: number) => boolean): void {
    this.#owns = owns;
  }

  load(pairs: readonly (readonly [K, S])[], time: number): void {
    if (this.#lastCommitted !== undefined || pairs.length === 0) return;
    this.#write(() => {
      for (const [key, state] of pairs) {
        if (!this.#owns(bucketOf(key))) continue;
        this.#store(key, { state, updated: time });
        if (this.#loaded.find(key) === undefined) this.#loaded.add(key, null);
      }
    });
    this.#lastCommitted = time - 1;
    this.#sizeBefore = this.#size;
  }

  commit(time: number): void {
    if (this.#begun !== time) return;
    this.#begun = undefined;
    this.#lastCommitted = time;
    const changed = this.#changed;
    this.#changed = new KeyedMap();
    this.#loaded = new KeyedMap();
    if (changed.size === 0) return;
    this.#write(() => {
      for (const [key, { after, before }] of changed.entries()) {
        const text = textOf(key);
        if (before !== undefined) this.#db.times.removeSync([before, bucketOf(key), text]);
        if (after === undefined) this.#db.keys.removeSync([bucketOf(key), text]);
        else this.#putNow(key, text, after);
        this.#remember(key, after);
      }
    });
  }

  rollback(_time: number): void {
    if (this.#begun !== undefined) this.#size = this.#sizeBefore;
    this.#begun = undefined;
    this.#changed = new KeyedMap();
  }

  changes(): BucketChange[] {
    return changesByBucket(this.#changes());
  }

  *#changes(): Generator<readonly [K, StoredEntry | undefined]> {
    const stored = (key: K, entry: StateEntry<S> | undefined): StoredEntry | undefined =>
      entry && this.#stored(key, entry);
    for (const [key, { after }] of this.#changed.entries()) yield [key, stored(key, after)];
    for (const [key] of this.#loaded.entries()) {
      if (this.#changed.find(key) === undefined) yield [key, stored(key, this.#get(key))];
    }
  }

  bucket(index: number): StoredEntry[] {
    return [...this.#entries((bucket) => bucket === index, [index])].map(([key, entry]) => this.#stored(key, entry));
  }

  restore({ bucket, set, deleted }: BucketChange, whole: boolean): void {
    this.#write(() => {
      if (whole) for (const [key] of [...this.#inDatabase([bucket])]) this.#store(key, undefined);
      for (const [key, stored, updated] of set) {
        this.#store(key as K, { state: this.#codec.decode(stored), updated });
      }
      for (const key of deleted) this.#store(key as K, undefined);
    });
  }

  restored(lastCommitted: number | undefined): void {
    if (lastCommitted === undefined && this.#opened !== undefined) {
      this.#opened.keys.clearSync();
      this.#opened.times.clearSync();
      this.#cache = new KeyedMap();
      this.#size = 0;
    }
    this.#lastCommitted = lastCommitted;
  }

  get #db(): ReturnType<LmdbEnvironment['open']> {
    this.#opened ??= this.#environment.open(this.operator);
    return this.#opened;
  }

  #write(work: () => void): void {
    this.#db.keys.transactionSync(work);
  }

  #get(key: K): StateEntry<S> | undefined {
    const changed = this.#changed.find(key);
    return changed === undefined ? this.#read(key) : changed[1].after;
  }

  /** What the database has. */
  #read(key: K): StateEntry<S> | undefined {
    const cached = this.#cache.find(key)?.[1];
    if (cached !== undefined) {
      // It is the youngest now.
      this.#cache.delete(key);
      this.#cache.add(key, cached);
      return cached;
    }
    const bytes = this.#db.keys.getBinaryFast([bucketOf(key), textOf(key)]);
    if (bytes === undefined) return undefined;
    const entry = this.#entryOf(this.#environment.states.decode(bytes));
    this.#remember(key, entry[1]);
    return entry[1];
  }

  #remember(key: K, entry: StateEntry<S> | undefined): void {
    this.#cache.delete(key);
    if (entry === undefined) return;
    this.#cache.add(key, entry);
    if (this.#cache.size <= this.#environment.states.cachedKeys) return;
    for (const [oldest] of this.#cache.entries()) {
      this.#cache.delete(oldest);
      break;
    }
  }

  #put(key: K, after: StateEntry<S> | undefined): void {
    const changed = this.#changed.find(key);
    const stored = changed === undefined ? this.#read(key) : undefined;
    const before = changed === undefined ? stored?.updated : changed[1].before;
    const present = changed === undefined ? stored !== undefined : changed[1].after !== undefined;
    this.#size += Number(after !== undefined) - Number(present);
    if (changed === undefined) this.#changed.add(key, { after, before });
    else changed[1] = { after, before };
  }

  /** Puts an entry into the database at once, in a transaction. */
  #store(key: K, entry: StateEntry<S> | undefined): void {
    const before = this.#read(key);
    const text = textOf(key);
    if (before !== undefined) this.#db.times.removeSync([before.updated, bucketOf(key), text]);
    if (entry === undefined) this.#db.keys.removeSync([bucketOf(key), text]);
    else this.#putNow(key, text, entry);
    this.#size += Number(entry !== undefined) - Number(before !== undefined);
    this.#remember(key, entry);
  }

  #putNow(key: K, text: string, entry: StateEntry<S>): void {
    const bytes = this.#environment.states.encode(this.#stored(key, entry), this.operator);
    this.#db.keys.putSync([bucketOf(key), text], Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
    this.#db.times.putSync([entry.updated, bucketOf(key), text], NOTHING);
  }

  *#entries(
    owns: (bucket: number) => boolean,
    range: readonly [first: number] | readonly [] = [],
  ): IterableIterator<readonly [K, StateEntry<S>]> {
    for (const [key, entry] of this.#inDatabase(range)) {
      if (owns(bucketOf(key)) && this.#changed.find(key) === undefined) yield [key, entry];
    }
    for (const [key, { after }] of this.#changed.entries()) {
      if (after !== undefined && owns(bucketOf(key))) yield [key, after];
    }
  }

  /** @param range a bucket; all of them when it is empty */
  *#inDatabase([bucket]: readonly [first: number] | readonly []): Generator<readonly [K, StateEntry<S>]> {
    const range = bucket === undefined ? {} : { start: [bucket, ''] as TextKey, end: [bucket + 1, ''] as TextKey };
    for (const { value } of this.#db.keys.getRange(range)) yield this.#entryOf(this.#environment.states.decode(value));
  }

  #updatedBefore(time: number, owns: (bucket: number) => boolean): K[] {
    const old: K[] = [];
    for (const [, bucket, text] of this.#db.times.getKeys({ end: [time, 0, ''] })) {
      if (!owns(bucket)) continue;
      const bytes = this.#db.keys.getBinaryFast([bucket, text]);
      if (bytes === undefined) continue;
      const [key] = this.#entryOf(this.#environment.states.decode(bytes));
      if (this.#changed.find(key) === undefined) old.push(key);
    }
    for (const [key, { after }] of this.#changed.entries()) {
      if (after !== undefined && after.updated < time && owns(bucketOf(key))) old.push(key);
    }
    return old;
  }

  #stored(key: K, entry: StateEntry<S>): StoredEntry {
    return [key, this.#codec.encode(entry.state), entry.updated];
  }

  #entryOf([key, stored, updated]: StoredEntry): [K, StateEntry<S>] {
    return [key as K, { state: this.#codec.decode(stored), updated }];
  }
}

/** What stands for a key in the database: the same exactly for equal keys. */
function textOf(key: unknown): string {
  return keyText(key, LONGEST_TEXT);
}
