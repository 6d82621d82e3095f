/** State in memory, with an undo log: a batch costs as much as the keys that it changes, not as the keys that exist. */
import { KeyedMap } from '../graph/keys.ts';
import {
  bucketOf,
  STATE_BUCKETS,
  type StateCodec,
  type StateEntry,
  type StateForm,
  type StatePartition,
} from '../graph/state/form.ts';
import {
  type BucketChange,
  changesByBucket,
  PLAIN_STATE,
  requireFit,
  type StateStore,
  type StoredEntry,
} from './store.ts';

/** One bucket: the keys and, once somebody has asked for it, which of them were updated when. */
class Bucket<K, S> {
  readonly keys = new KeyedMap<K, StateEntry<S>>();
  /** Only time-outs need it, and it costs as much as the keys themselves. */
  #byTime: Map<number, KeyedMap<K, null>> | undefined;

  get(key: K): StateEntry<S> | undefined {
    return this.keys.find(key)?.[1];
  }

  /** @param entry undefined: the key goes @returns what the key had */
  put(key: K, entry: StateEntry<S> | undefined): StateEntry<S> | undefined {
    const present = this.keys.find(key);
    const before = present?.[1];
    if (entry === undefined) {
      if (present !== undefined) this.keys.delete(key);
    } else if (present === undefined) this.keys.add(key, entry);
    else present[1] = entry;
    if (this.#byTime !== undefined) {
      if (before !== undefined) this.#forgetTime(this.#byTime, key, before.updated);
      if (entry !== undefined) this.#noteTime(this.#byTime, key, entry.updated);
    }
    return before;
  }

  /** Keys whose last update was before `time`. */
  *updatedBefore(time: number): IterableIterator<K> {
    if (this.#byTime === undefined) {
      this.#byTime = new Map();
      for (const [key, { updated }] of this.keys.entries()) this.#noteTime(this.#byTime, key, updated);
    }
    for (const [updated, keys] of this.#byTime) if (updated < time) for (const [key] of keys.entries()) yield key;
  }

  #noteTime(byTime: Map<number, KeyedMap<K, null>>, key: K, time: number): void {
    let sameTime = byTime.get(time);
    if (sameTime === undefined) {
      sameTime = new KeyedMap();
      byTime.set(time, sameTime);
    }
    sameTime.add(key, null);
  }

  #forgetTime(byTime: Map<number, KeyedMap<K, null>>, key: K, time: number): void {
    const sameTime = byTime.get(time);
    sameTime?.delete(key);
    if (sameTime?.size === 0) byTime.delete(time);
  }
}

/** State in memory, with an undo log. */
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
      (key, entry) => this.#put(key, entry),
    );
  }

  restrict(owns: (bucket: number) => boolean): void {
    this.#owns = owns;
  }

  load(pairs: readonly (readonly [K, S])[], time: number): void {
    if (this.#lastCommitted !== undefined || pairs.length === 0) return;
    for (const [key, state] of pairs) {
      if (!this.#owns(bucketOf(key))) continue;
      requireFit(this, key, state);
      this.#bucket(key).put(key, { state, updated: time });
      if (this.#loaded.find(key) === undefined) this.#loaded.add(key, null);
    }
    this.#lastCommitted = time - 1;
  }

  seal(_time: number): void {}

  readonly isLost: boolean = false;

  async reset(): Promise<void> {
    this.rollback(0);
    this.restored(undefined);
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

  /** For the open batch: what was there before it is kept, so that it can come back. */
  #put(key: K, entry: StateEntry<S> | undefined): void {
    if (entry !== undefined) requireFit(this, key, entry.state);
    const before = this.#bucket(key).put(key, entry);
    if (this.#undo.find(key) === undefined) this.#undo.add(key, before);
  }
}

class MemoryStatePartition<K, S> implements StatePartition<K, S> {
  readonly #own: readonly Bucket<K, S>[];
  readonly #bucket: (key: K) => Bucket<K, S>;
  readonly #put: (key: K, entry: StateEntry<S> | undefined) => void;

  constructor(
    own: readonly Bucket<K, S>[],
    bucket: (key: K) => Bucket<K, S>,
    put: (key: K, entry: StateEntry<S> | undefined) => void,
  ) {
    this.#own = own;
    this.#bucket = bucket;
    this.#put = put;
  }

  get size(): number {
    return this.#own.reduce((sum, { keys }) => sum + keys.size, 0);
  }

  get(key: K): StateEntry<S> | undefined {
    return this.#bucket(key).get(key);
  }

  set(key: K, state: S, updated: number): void {
    this.#put(key, { state, updated });
  }

  delete(key: K): void {
    this.#put(key, undefined);
  }

  *entries(): IterableIterator<readonly [K, StateEntry<S>]> {
    for (const { keys } of this.#own) yield* keys.entries();
  }

  updatedBefore(time: number): readonly K[] {
    return this.#own.flatMap((bucket) => [...bucket.updatedBefore(time)]);
  }
}
