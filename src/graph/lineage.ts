/**
 * Where the data of one batch comes from: a small tree of sources, fused steps, shuffles and unions, which an engine runs.
 * Streams and RDDs both build such trees, so that an operator has one meaning in both.
 */
import { type Chunk, valuesChunk } from '../core/chunk.ts';
import { type Partitioner, type Partitioning, partitionerOf } from './partitioner.ts';
import type { StatePartition, StateSpecification } from './state/form.ts';

/** What names an operator in errors. */
export interface Operator {
  readonly name: string;
  /** The user's line that made it, as file:line:column; undefined: it is not known, or not one of a stream. */
  readonly site?: string | undefined;
  /** The number of the stream's node in its graph; undefined: it is a part of one, or not one of a stream. */
  readonly node?: number | undefined;
}

/**
 * Takes a value that a user's function threw on, so that the batch goes on without it; given only when that is the policy.
 * @throws the error, when it is not the value's fault
 */
export type Skip = (operator: Operator, value: unknown, error: unknown) => void;

/** Takes the values of one partition, one after the other, then the end. */
export interface Sink<T> {
  push(value: T): void;
  end(): void;
}

/** An operator that works on each partition by itself. Steps in a row run fused: a value passes through all of them. */
export interface Step<T, U> extends Operator {
  /** Opens the step on one partition; what it gives goes to `down`. */
  open(partition: number, down: Sink<U>): Sink<T>;
}

/** Values in their order, in pieces. */
export interface Partition<T> {
  readonly chunks: Iterable<Chunk<T>>;
  /** How many values there are, where that is known without reading them. */
  readonly size?: number | undefined;
}

/** How values of equal keys become one value. Source: Spark's combineByKey. */
export interface Aggregator<V, C> {
  create(value: V): C;
  merge(combined: C, value: V): C;
  combine(a: C, b: C): C;
  /** Whether values are combined before the shuffle too. */
  readonly mapSide: boolean;
}

/** Data that is there already. */
export interface Source<T> {
  readonly kind: 'source';
  readonly partitions: readonly Partition<T>[];
  /** Whether it lies where whoever received it removes it once its batch has committed: what later batches read is a copy. */
  readonly isBorrowed?: boolean;
}

/** A step upon a parent. */
export interface Narrow<T, P = unknown> {
  readonly kind: 'narrow';
  readonly parent: Lineage<P>;
  readonly step: Step<P, T>;
}

/** Values brought together by their keys. */
export interface Shuffle<K = unknown, V = unknown, C = unknown> extends Operator {
  readonly kind: 'shuffle';
  readonly parent: Lineage<readonly [K, V]>;
  readonly aggregator: Aggregator<V, C>;
  readonly partitioner: Partitioner;
}

/** All partitions of all parents made into new ones, by somebody who sees them all: sorting, zipping. */
export interface Regroup<T> extends Operator {
  readonly kind: 'regroup';
  readonly parents: readonly Lineage<unknown>[];
  readonly numPartitions: number;
  /** @param parents the values of each partition of each parent @returns those of each new partition */
  compute(parents: readonly (readonly (readonly unknown[])[])[]): readonly (readonly T[])[];
}

/** Each partition's values dealt out to new partitions, without a look at the other partitions. */
export interface Deal<T> extends Operator {
  readonly kind: 'deal';
  readonly parent: Lineage<T>;
  readonly numPartitions: number;
  /** @param source the partition's number @returns its values for each new partition, which has them in the order of the sources */
  deal(values: readonly unknown[], source: number): readonly (readonly unknown[])[];
  /** What becomes of all that a new partition was dealt. Default: nothing. */
  settle?(values: unknown[]): readonly T[];
}

/** Values with what is remembered of their keys; run once per batch, between the state's begin and commit. */
export interface Stateful<T> extends Operator {
  readonly kind: 'stateful';
  /** Batch time in ms. */
  readonly time: number;
  /** Whose states; the engine that runs it knows where they are. */
  readonly of: StateSpecification;
  /** All with as many partitions, by the keys' buckets. */
  readonly parents: readonly Lineage<unknown>[];
  readonly numPartitions: number;
  /** Whether it changes the state. One that only reads it may run after one that changes it. */
  readonly changes: boolean;
  /**
   * @param inputs the partition's values of each parent
   * @param skip for functions that are called value by value; others fail the batch
   * @returns values; or, where they are all that the state holds, a view of it that costs nothing until it is read
   */
  process(
    state: StatePartition<never, never>,
    inputs: readonly (readonly unknown[])[],
    partition: number,
    skip?: Skip,
  ): readonly T[] | Partition<T>;
}

/** Values made by an asynchronous function, in the order of what they are made from. */
export interface Async<T, P = unknown> extends Operator {
  readonly kind: 'async';
  readonly parent: Lineage<P>;
  run(values: readonly P[], signal: AbortSignal, skip?: Skip): Promise<readonly T[]>;
}

/** The partitions of all parents, one after the other. */
export interface Union<T> {
  readonly kind: 'union';
  readonly parents: readonly Lineage<T>[];
  /** As of an operator. */
  readonly node?: number;
}

/** A result that is worked out once and kept: for several readers, for windows, and so that outputs can run again. */
export interface Kept<T> {
  readonly kind: 'kept';
  readonly parent: Lineage<T>;
  /** Whether later batches read it: what is a view of the state now must then be copied. */
  copied: boolean;
  /** Filled by the first run that succeeds. */
  result: readonly Partition<T>[] | undefined;
}

/** Data that another thread has; its partitions are brought when they are run. */
export interface Remote<T> {
  readonly kind: 'remote';
  readonly numPartitions: number;
  /** @param limit of values; more are not wanted */
  load(partition: number, limit?: number): Promise<readonly T[]>;
}

/** Where the data of one batch comes from. */
export type Lineage<T> =
  | Source<T>
  | Narrow<T>
  | Shuffle
  | Regroup<T>
  | Deal<T>
  | Stateful<T>
  | Async<T>
  | Union<T>
  | Kept<T>
  | Remote<T>;

/** A step upon `parent`. */
export function narrow<T, U>(parent: Lineage<T>, step: Step<T, U>): Lineage<U> {
  // The tree forgets the types between its levels; only here are the two ends of a step put together, and both fit.
  return { kind: 'narrow', parent, step } as Narrow<U, T> as Narrow<U>;
}

/** The same, made by a node of a graph that stands at a line of the user's; what has a place already keeps it. */
export function sitedAt<T>(lineage: Lineage<T>, site: string | undefined, node: number): Lineage<T> {
  switch (lineage.kind) {
    case 'narrow':
      return lineage.step.node === undefined ? { ...lineage, step: { site, ...lineage.step, node } } : lineage;
    case 'union':
      return lineage.node === undefined ? { ...lineage, node } : lineage;
    case 'shuffle':
    case 'regroup':
    case 'deal':
    case 'stateful':
    case 'async':
      return lineage.node === undefined ? { site, ...lineage, node } : lineage;
    default:
      return lineage;
  }
}

/** A shuffle of pairs. */
export function shuffle<K, V, C>(
  name: string,
  parent: Lineage<readonly [K, V]>,
  aggregator: Aggregator<V, C>,
  partitioning: Partitioning,
): Lineage<readonly [K, C]> {
  const partitioner = partitionerOf(partitioning);
  const node: Shuffle<K, V, C> = { kind: 'shuffle', name, parent, aggregator, partitioner };
  return node as unknown as Lineage<readonly [K, C]>;
}

/** `parent`, worked out at most once. What is there already is not kept a second time. @param copied whether later batches read it */
export function kept<T>(parent: Lineage<T>, copied = false): Lineage<T> {
  if (parent.kind === 'kept' && copied) parent.copied = true;
  const isThere = parent.kind === 'source' && !(copied && parent.isBorrowed === true);
  if (isThere || parent.kind === 'kept') return parent;
  return { kind: 'kept', parent, copied, result: undefined };
}

/** How many values of an array run without a break. */
const CHUNK_SIZE = 4096;

/** A partition of values in memory. */
export class ArrayPartition<T> implements Partition<T> {
  readonly values: readonly T[];

  get size(): number {
    return this.values.length;
  }

  constructor(values: readonly T[]) {
    this.values = values;
  }

  get chunks(): Iterable<Chunk<T>> {
    return arrayChunks(this.values);
  }
}

function* arrayChunks<T>(values: readonly T[]): Generator<Chunk<T>> {
  for (let start = 0; start < values.length; start += CHUNK_SIZE) {
    const end = Math.min(start + CHUNK_SIZE, values.length);
    yield {
      count: end - start,
      forEach(visit) {
        for (let i = start; i < end; i++) visit(values[i] as T);
      },
    };
  }
}

/**
 * Values cut into `count` partitions as Spark's parallelize cuts them: partition i has the values from i·n/count on.
 * @param count at least 1
 */
export function sliced<T>(values: readonly T[], count: number): Source<T> {
  const partitions = Array.from({ length: count }, (_, i) => {
    const start = Math.floor((i * values.length) / count);
    const end = Math.floor(((i + 1) * values.length) / count);
    return new ArrayPartition(values.slice(start, end));
  });
  return { kind: 'source', partitions };
}

/** The partitions of a lineage that is worked out already; undefined: it has to be run for them. */
export function partitionsOf<T>(lineage: Lineage<T>): readonly Partition<T>[] | undefined {
  switch (lineage.kind) {
    case 'source':
      return lineage.partitions;
    case 'kept':
      return lineage.result;
    default:
      return undefined;
  }
}

/** Whether a lineage is known to hold nothing without running it. */
export function isKnownEmpty(lineage: Lineage<unknown>): boolean {
  return partitionsOf(lineage)?.every(isEmptyPartition) ?? false;
}

function isEmptyPartition(partition: Partition<unknown>): boolean {
  if (partition.size !== undefined) return partition.size === 0;
  for (const chunk of partition.chunks) if (chunk.count > 0) return false;
  return true;
}

/** The values of `iterate` as a partition: asked for anew each time that it is read, in chunks. @param size how many there are */
export function viewPartition<T>(iterate: () => Iterable<T>, size: () => number): Partition<T> {
  return {
    get size() {
      return size();
    },
    get chunks() {
      return iteratedChunks(iterate());
    },
  };
}

function* iteratedChunks<T>(values: Iterable<T>): Generator<Chunk<T>> {
  let pending: T[] = [];
  for (const value of values) {
    pending.push(value);
    if (pending.length < CHUNK_SIZE) continue;
    yield valuesChunk(pending);
    pending = [];
  }
  if (pending.length > 0) yield valuesChunk(pending);
}

/** How many partitions a lineage has. */
export function partitionCount(lineage: Lineage<unknown>): number {
  switch (lineage.kind) {
    case 'source':
      return lineage.partitions.length;
    case 'shuffle':
      return lineage.partitioner.numPartitions;
    case 'regroup':
    case 'deal':
    case 'stateful':
    case 'remote':
      return lineage.numPartitions;
    case 'union':
      return lineage.parents.reduce((sum, parent) => sum + partitionCount(parent), 0);
    default:
      return partitionCount(lineage.parent);
  }
}
