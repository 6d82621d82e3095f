/** State in memory, with an undo log: a batch costs as much as the keys that it changes, not as the keys that exist. */
import { KeyedMap } from '../keys.ts';
import {
  type BucketChange,
  bucketOf,
  changesByBucket,
  PLAIN_STATE,
  STATE_BUCKETS,
  type StateCodec,
  type StateEntry,
  type StateForm,
  type StatePartition,
  type StateStore,
  type StoredEntry,
} from './store.ts';

/** One bucket: the keys, and which of them were updated when. */
class Bucket<K, S> {
  readonly keys = new KeyedMap<K, StateEntry<S>>();
  readonly byTime = new Map<number, KeyedMap<K, null>>();

  put(key: K, entry: StateEntry<S> | undefined): void {
    const present = this.keys.find(key);
    if (present !== undefined) this.#forgetTime(key, present[1].updated);
    if (entry === undefined) {
      this.keys.delete(key);
      return;
    }
    if (present === undefined) this.keys.add(key, entry);
    else present[1] = entry;
    let sameTime = this.byTime.get(entry.updated);
    if (sameTime === undefined) {
      sameTime = new KeyedMap();
      this.byTime.set(entry.updated, sameTime);
    }
    sameTime.add(key, null);
  }

  #forgetTime(key: K, time: number): void {
    const sameTime = this.byTime.get(time);
    sameTime?.delete(key);
    if (sameTime?.size === 0) this.byTime.delete(time);
  }
}

/** See the file's head. */
export class MemoryStateStore<K, S> implements StateStore<K, S> {
  readonly operator: string;
  readonly form: StateForm;
  readonly #codec: StateCodec<S>;
  #buckets = Array.from({ length: STATE_BUCKETS }, () => new Bucket<K, S>());
  /** What the keys that the open batch has changed were before it. */
  #undo = new KeyedMap<K, StateEntry<S> | undefined>();
  /** Keys that were changed outside of any batch, and that no checkpoint has yet. */
  #loaded = new KeyedMap<K, null>();
  #owns: (bucket: number) => boolean = () => true;
  #begun: number | undefined;
  #lastCommitted: number | undefined;

  constructor(
    operator: string,
    form: StateForm = { kind: operator, shape: '', rebuildable: false },
    codec: StateCodec<S> = PLAIN_STATE as StateCodec<S>,
  ) {
    this.operator = operator;
    this.form = form;
    this.#codec = codec;
  }

  get lastCommitted(): number | undefined {
    return this.#lastCommitted;
  }

  touchedBy(time: number): boolean {
    return this.#begun === time || this.#loaded.size > 0;
  }

  get size(): number {
    return this.#buckets.reduce((sum, { keys }) => sum + keys.size, 0);
  }

  begin(time: number): void {
    this.rollback(time);
    this.#begun = time;
  }

  partition(index: number, count: number): StatePartition<K, S> {
    return new MemoryStatePartition(
      this.#buckets.filter((_, i) => i % count === index),
      (key) => this.#bucket(key),
      (key) => this.#remember(key),
    );
  }

  restrict(owns: (bucket: number) => boolean): void {
    this.#owns = owns;
  }

  load(pairs: readonly (readonly [K, S])[], time: number): void {
    if (this.#lastCommitted !== undefined || pairs.length === 0) return;
    for (const [key, state] of pairs) {
      if (!this.#owns(bucketOf(key))) continue;
      this.#bucket(key).put(key, { state, updated: time });
      if (this.#loaded.find(key) === undefined) this.#loaded.add(key, null);
    }
    this.#lastCommitted = time - 1;
  }

  commit(time: number): void {
    if (this.#begun !== time) return;
    this.#begun = undefined;
    this.#lastCommitted = time;
    this.#undo = new KeyedMap();
    this.#loaded = new KeyedMap();
  }

  rollback(_time: number): void {
    this.#begun = undefined;
    for (const [key, before] of this.#undo.entries()) this.#bucket(key).put(key, before);
    this.#undo = new KeyedMap();
  }

  changes(): BucketChange[] {
    return changesByBucket(this.#changed());
  }

  *#changed(): Generator<readonly [K, StoredEntry | undefined]> {
    const now = (key: K): StoredEntry | undefined => {
      const entry = this.#bucket(key).keys.find(key);
      return entry && this.#stored(entry);
    };
    for (const [key] of this.#undo.entries()) yield [key, now(key)];
    for (const [key] of this.#loaded.entries()) if (this.#undo.find(key) === undefined) yield [key, now(key)];
  }

  bucket(index: number): StoredEntry[] {
    return [...(this.#buckets[index]?.keys.entries() ?? [])].map((entry) => this.#stored(entry));
  }

  restore({ bucket, set, deleted }: BucketChange, whole: boolean): void {
    if (whole) this.#buckets[bucket] = new Bucket<K, S>();
    const target = this.#buckets[bucket] as Bucket<K, S>;
    for (const [key, stored, updated] of set) target.put(key as K, { state: this.#codec.decode(stored), updated });
    for (const key of deleted) target.put(key as K, undefined);
  }

  restored(lastCommitted: number | undefined): void {
    if (lastCommitted === undefined) this.#buckets = this.#buckets.map(() => new Bucket<K, S>());
    this.#lastCommitted = lastCommitted;
  }

  #stored([key, entry]: readonly [K, StateEntry<S>]): StoredEntry {
    return [key, this.#codec.encode(entry.state), entry.updated];
  }

  #bucket(key: K): Bucket<K, S> {
    return this.#buckets[bucketOf(key)] as Bucket<K, S>;
  }

  #remember(key: K): void {
    if (this.#undo.find(key) === undefined) this.#undo.add(key, this.#bucket(key).keys.find(key)?.[1]);
  }
}

class MemoryStatePartition<K, S> implements StatePartition<K, S> {
  readonly #own: readonly Bucket<K, S>[];
  readonly #bucket: (key: K) => Bucket<K, S>;
  readonly #remember: (key: K) => void;

  constructor(own: readonly Bucket<K, S>[], bucket: (key: K) => Bucket<K, S>, remember: (key: K) => void) {
    this.#own = own;
    this.#bucket = bucket;
    this.#remember = remember;
  }

  get size(): number {
    return this.#own.reduce((sum, { keys }) => sum + keys.size, 0);
  }

  get(key: K): StateEntry<S> | undefined {
    return this.#bucket(key).keys.find(key)?.[1];
  }

  set(key: K, state: S, updated: number): void {
    this.#remember(key);
    this.#bucket(key).put(key, { state, updated });
  }

  delete(key: K): void {
    this.#remember(key);
    this.#bucket(key).put(key, undefined);
  }

  *entries(): IterableIterator<readonly [K, StateEntry<S>]> {
    for (const { keys } of this.#own) yield* keys.entries();
  }

  updatedBefore(time: number): readonly K[] {
    const old: K[] = [];
    for (const { byTime } of this.#own) {
      for (const [updated, keys] of byTime) if (updated < time) for (const [key] of keys.entries()) old.push(key);
    }
    return old;
  }
}
