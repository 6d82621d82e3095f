/**
 * State of an operator, key by key, behind a port: what a batch changes is kept apart until the batch commits, so that one
 * that is run again or given up never counts twice. Keys lie in a fixed number of buckets, so that the number of
 * partitions may change from run to run.
 */
import { hashKey } from '../keys.ts';
import { type Partitioner, requirePartitions } from '../partitioner.ts';

/** Into how many buckets keys are hashed. It never changes, or kept state would be looked for in the wrong place. */
export const STATE_BUCKETS = 128;

/** A key's state. */
export interface StateEntry<S> {
  readonly state: S;
  /** Batch time of its last update, in ms. */
  readonly updated: number;
}

/** The keys of one partition. */
export interface StatePartition<K, S> {
  get(key: K): StateEntry<S> | undefined;
  /** @param updated batch time of the update */
  set(key: K, state: S, updated: number): void;
  delete(key: K): void;
  /** All keys; costs as much as there are. */
  entries(): IterableIterator<readonly [K, StateEntry<S>]>;
  /** Keys whose last update was before `time`; costs as much as there are such keys. */
  updatedBefore(time: number): readonly K[];
  readonly size: number;
}

/** All state of one operator. */
export interface StateStore<K = unknown, S = unknown> {
  /** What names it across restarts. */
  readonly operator: string;
  /** Time of the last batch that changed it and committed. */
  readonly lastCommitted: number | undefined;
  /** Begins to keep apart what the batch changes. */
  begin(time: number): void;
  /** The partition's keys. @param count of partitions */
  partition(index: number, count: number): StatePartition<K, S>;
  /** Makes sure that `commit` cannot fail. */
  prepare(time: number): Promise<void>;
  /** What the batch changed stays. */
  commit(time: number): void;
  /** What the batch changed never was. Nothing happens when the batch changed nothing. */
  rollback(time: number): void;
}

/** Deals keys out by their buckets, as the store holds them. */
export function statePartitioner(numPartitions: number): Partitioner {
  requirePartitions(numPartitions);
  return { numPartitions, getPartition: (key) => bucketOf(key) % numPartitions };
}

/** The bucket of a key. */
export function bucketOf(key: unknown): number {
  return hashKey(key) % STATE_BUCKETS;
}
