/**
 * The data of one batch as users get it in transform and foreachRDD: Spark's RDD, as far as a batch needs it.
 * Transformations return an RDD and run nothing; actions return a promise.
 */
import { StreamjobError } from '../core/errors.ts';
import { type Sync, userError, type Widen } from './functions.ts';
import { type Lineage, narrow, sliced } from './lineage.ts';
import { countByValue, groupByKey, mapValuesStep, reduceByKey } from './operators/by-key.ts';
import { filterStep } from './operators/filter.ts';
import { flatMapStep } from './operators/flat-map.ts';
import { mapStep } from './operators/map.ts';
import { mapPartitionsStep } from './operators/map-partitions.ts';
import { countStep, reduceStep } from './operators/reduce.ts';

/** One partition that is ready to run. */
export interface Task<T> {
  /** Runs it and gives its values. */
  collect(): Promise<readonly T[]>;
}

/** Runs lineages; the engine is one. */
export interface JobRunner {
  /** Runs everything below the last stage; the tasks are the partitions of the last one. */
  prepare<T>(lineage: Lineage<T>): Promise<readonly Task<T>[]>;
}

/** See the file's head. */
export class RDD<T> {
  /** @internal */
  readonly lineage: Lineage<T>;
  readonly #runner: JobRunner;
  readonly #numPartitions: number;

  /** @internal RDDs come from streams. */
  constructor(lineage: Lineage<T>, runner: JobRunner, numPartitions: number) {
    this.lineage = lineage;
    this.#runner = runner;
    this.#numPartitions = numPartitions;
  }

  #derive<U>(lineage: Lineage<U>): RDD<U> {
    return new RDD(lineage, this.#runner, this.#numPartitions);
  }

  /** One value for each value. */
  map<U>(fn: (value: T) => U, ..._sync: Sync<U>): RDD<U> {
    return this.#derive(narrow(this.lineage, mapStep(fn)));
  }

  /** Any number of values for each value. */
  flatMap<U>(fn: (value: T) => Iterable<U>): RDD<U> {
    return this.#derive(narrow(this.lineage, flatMapStep(fn)));
  }

  /** The values that `predicate` holds for. */
  filter(predicate: (value: T) => boolean): RDD<T> {
    return this.#derive(narrow(this.lineage, filterStep(predicate)));
  }

  /** A function over all values of a partition; called once per partition, also for an empty one. */
  mapPartitions<U>(fn: (values: IterableIterator<T>) => Iterable<U>): RDD<U> {
    return this.#derive(narrow(this.lineage, mapPartitionsStep(fn)));
  }

  /** The values of both, duplicates kept. */
  union(other: RDD<T>): RDD<T> {
    return this.#derive({
      kind: 'union',
      parents: [this.lineage, other.lineage],
    });
  }

  /** A function over the values of pairs. */
  mapValues<K, V, U>(this: RDD<readonly [K, V]>, fn: (value: V) => U, ..._sync: Sync<U>): RDD<readonly [K, U]> {
    return this.#derive(narrow(this.lineage, mapValuesStep<K, V, U>(fn)));
  }

  /** One pair per key, its values reduced by an associative and commutative function. */
  reduceByKey<K, V>(
    this: RDD<readonly [K, V]>,
    fn: (a: Widen<V>, b: Widen<V>) => Widen<V>,
    numPartitions: number = this.#numPartitions,
  ): RDD<readonly [K, Widen<V>]> {
    return this.#derive(reduceByKey(this.lineage as Lineage<readonly [K, Widen<V>]>, fn, numPartitions));
  }

  /** One pair per key, with the list of its values. */
  groupByKey<K, V>(this: RDD<readonly [K, V]>, numPartitions: number = this.#numPartitions): RDD<readonly [K, V[]]> {
    return this.#derive(groupByKey(this.lineage, numPartitions));
  }

  /** How many partitions it has. */
  getNumPartitions(): number {
    return partitionCount(this.lineage);
  }

  /** All values, in the order of partitions. */
  async collect(): Promise<T[]> {
    const all: T[] = [];
    for (const values of await this.#collectPartitions(this.lineage)) for (const value of values) all.push(value);
    return all;
  }

  /** How many values there are. */
  async count(): Promise<number> {
    const counts = await this.#collectPartitions(narrow(this.lineage, countStep<T>()));
    return counts.flat().reduce((a, b) => a + b, 0);
  }

  /** The first `n` values; runs no more partitions than it needs. */
  async take(n: number): Promise<T[]> {
    const taken: T[] = [];
    if (n <= 0) return taken;
    for (const task of await this.#runner.prepare(this.lineage)) {
      for (const value of await task.collect()) {
        taken.push(value);
        if (taken.length >= n) return taken;
      }
    }
    return taken;
  }

  /** The first value. @throws StreamjobError EMPTY_COLLECTION */
  async first(): Promise<T> {
    for (const value of await this.take(1)) return value;
    throw emptyCollection('first');
  }

  /** Whether there is no value. */
  async isEmpty(): Promise<boolean> {
    return (await this.take(1)).length === 0;
  }

  /** All values into one. @throws StreamjobError EMPTY_COLLECTION */
  async reduce(fn: (a: T, b: T) => T): Promise<T> {
    const partial = await this.#collectPartitions(narrow(this.lineage, reduceStep(fn, 'reduce')));
    const values = partial.flat() as T[];
    if (values.length === 0) throw emptyCollection('reduce');
    return values.reduce((a, b) => fn(a, b));
  }

  /** How often each distinct value came. */
  countByValue(): Promise<(readonly [T, number])[]> {
    return this.#derive(countByValue(this.lineage, this.#numPartitions)).collect();
  }

  /** Calls `fn` with each value, one after the other, and waits for the promises it returns. */
  async foreach(fn: (value: T) => void | Promise<void>): Promise<void> {
    await this.foreachPartition(async (values) => {
      for (const value of values) await fn(value);
    });
  }

  /** Calls `fn` once per partition, one after the other, and waits for the promises it returns. */
  async foreachPartition(fn: (values: IterableIterator<T>) => void | Promise<void>): Promise<void> {
    for (const task of await this.#runner.prepare(this.lineage)) {
      const values = await task.collect();
      try {
        await fn(values.values());
      } catch (error) {
        throw userError(error, 'foreachPartition');
      }
    }
  }

  async #collectPartitions<U>(lineage: Lineage<U>): Promise<(readonly U[])[]> {
    const results: (readonly U[])[] = [];
    for (const task of await this.#runner.prepare(lineage)) results.push(await task.collect());
    return results;
  }
}

/** An RDD of values that are there already, cut as Spark's parallelize cuts them. */
export function parallelize<T>(values: readonly T[], numPartitions: number, runner: JobRunner): RDD<T> {
  return new RDD(sliced(values, numPartitions), runner, numPartitions);
}

function partitionCount(lineage: Lineage<unknown>): number {
  switch (lineage.kind) {
    case 'source':
      return lineage.partitions.length;
    case 'shuffle':
      return lineage.numPartitions;
    case 'union':
      return lineage.parents.reduce((sum, parent) => sum + partitionCount(parent), 0);
    default:
      return partitionCount(lineage.parent);
  }
}

function emptyCollection(action: string): StreamjobError {
  return new StreamjobError('EMPTY_COLLECTION', `${action} was called on an empty collection`, {
    hint: 'ask isEmpty() first, or use fold or take, which an empty batch does not break',
  });
}
