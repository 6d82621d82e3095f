/**
 * What a node says of the states that it keeps, as plain data: their kind, how they are stored, what is there at first. Engines
 * open a store for it (state/store.ts); the graph never sees one. Keys lie in a fixed number of buckets, so that the number of
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

/** What a job says of the states that it keeps, so that those of an older job are not taken for its own. */
export interface StateSchema {
  /** Which form of the state this is; 1 when left out. */
  readonly version?: number | undefined;
  /** A state of another version as one of this; undefined: the key goes. */
  readonly migrate?: ((state: unknown, fromVersion: number) => unknown) | undefined;
  /** Whether a state is as the job wants it; a text says why not. */
  readonly validate?: ((state: unknown) => boolean | string) | undefined;
}

/** What tells whether stored state fits an operator. */
export interface StateForm extends StateSchema {
  /** The operator's kind; state of another kind cannot be used. */
  readonly kind: string;
  /** Parameters on which the meaning of the state depends; '' when there are none. */
  readonly shape: string;
  /** With another shape the state is made anew from remembered slices; otherwise it is refused. */
  readonly rebuildable: boolean;
}

/** How a state is stored, where it is not plain data of a small depth. */
export interface StateCodec<S> {
  encode(state: S): unknown;
  decode(stored: unknown): S;
}

/** All that a node says of the states that it keeps. The object itself is what an engine knows the state by. */
export interface StateSpecification {
  /** What names it across restarts when its stream has no uid. */
  readonly operator: string;
  readonly form: StateForm;
  /** Default: states are plain data. */
  readonly codec?: StateCodec<unknown> | undefined;
  /** States that are there before the first batch of the first run. */
  readonly initial?: readonly (readonly [unknown, unknown])[];
}

/**
 * How many partitions a node's states have.
 * @param own what the operator says
 * @param numPartitions of what does not say: of more than there are buckets, the rest would have no keys
 */
export function statePartitionsOf(own: number | undefined, numPartitions: number): number {
  return own ?? Math.min(numPartitions, STATE_BUCKETS);
}

/** Deals keys out by their buckets, as stores hold them. */
export function statePartitioner(numPartitions: number): Partitioner {
  requirePartitions(numPartitions);
  return { numPartitions, getPartition: (key) => bucketOf(key) % numPartitions };
}

/** The bucket of a key. */
export function bucketOf(key: unknown): number {
  return hashKey(key) % STATE_BUCKETS;
}
