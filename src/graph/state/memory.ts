/** State in memory, with an undo log: a batch costs as much as the keys that it changes, not as the keys that exist. */
import { KeyedMap } from '../keys.ts';
import { bucketOf, STATE_BUCKETS, type StateEntry, type StatePartition, type StateStore } from './store.ts';

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
  readonly #buckets = Array.from({ length: STATE_BUCKETS }, () => new Bucket<K, S>());
  /** What the keys that the open batch has changed were before it. */
  #undo = new KeyedMap<K, StateEntry<S> | undefined>();
  #begun: number | undefined;
  #lastCommitted: number | undefined;

  constructor(operator: string) {
    this.operator = operator;
  }

  get lastCommitted(): number | undefined {
    return this.#lastCommitted;
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

  async prepare(): Promise<void> {}

  commit(time: number): void {
    if (this.#begun !== time) return;
    this.#begun = undefined;
    this.#lastCommitted = time;
    this.#undo = new KeyedMap();
  }

  rollback(_time: number): void {
    this.#begun = undefined;
    for (const [key, before] of this.#undo.entries()) this.#bucket(key).put(key, before);
    this.#undo = new KeyedMap();
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
