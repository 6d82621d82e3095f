/**
 * The data of one batch as users get it in transform and foreachRDD: Spark's RDD, as far as a batch needs it.
 * Transformations return an RDD and run nothing; actions return a promise.
 */
import { StreamjobError } from '../core/errors.ts';
import { requireSync, type Sync, type Widen } from './functions.ts';
import { countBuckets, evenBounds, requireBounds } from './histogram.ts';
import { KeyedMap } from './keys.ts';
import { kept, type Lineage, narrow, partitionCount, type Step, sliced } from './lineage.ts';
import {
  cartesian,
  coalesce,
  glomStep,
  partitionBy,
  repartition,
  sortBy,
  zip,
  zipWithIndex,
  zipWithUniqueIdStep,
} from './operators/arrange.ts';
import {
  combineByKey,
  countByValue,
  flatMapValuesStep,
  freshZero,
  groupByKey,
  mapValuesStep,
  reduceByKey,
} from './operators/by-key.ts';
import { cogroup, type JoinKind, join } from './operators/cogroup.ts';
import { filterStep } from './operators/filter.ts';
import { flatMapStep } from './operators/flat-map.ts';
import { mapStep } from './operators/map.ts';
import { mapPartitionsStep } from './operators/map-partitions.ts';
import { reduceStep } from './operators/reduce.ts';
import { rangeSampleStep, sampleStep } from './operators/sample.ts';
import { distinct, intersection, subtract, subtractByKey } from './operators/sets.ts';
import { type Compare, naturalOrder } from './order.ts';
import type { OutputScope } from './output-scope.ts';
import { callWith, type OutputPartition, type PartitionCall, partOf } from './outputs/partitions.ts';
import { hashPartitioner, type Partitioner, type Partitioning, partitionerOf } from './partitioner.ts';
import { seededRandom } from './random.ts';
import { type PartForm, partsOf, saveBatch, saveParts, type WriteParts } from './save.ts';
import { addToMoments, mergeMoments, NO_MOMENTS, type Stats, statsOf } from './stats.ts';

/** One partition that is ready to run. */
export interface Task<T> {
  /** Runs it and gives its values. @param limit the most that are wanted: the rest need not be worked out */
  collect(limit?: number): Promise<readonly T[]>;
  /** How many values there are; works them out only where nobody knows. */
  count(): Promise<number>;
}

/** Runs lineages; the engine is one. */
export interface JobRunner {
  /** Runs everything below the last stage; the tasks are the partitions of the last one. */
  prepare<T>(lineage: Lineage<T>): Promise<readonly Task<T>[]>;
  /**
   * Whether those who have the data of a lineage write it into files themselves; left out, or undefined: its values are brought here, and
   * written here. @param directory that is to be written
   */
  writeParts?(lineage: Lineage<unknown>, directory: string, form: PartForm): WriteParts | undefined;
  /**
   * Has those who have the data of a lineage call a function with each partition of it; left out, or undefined: they do not have the function,
   * which is called here.
   */
  callThere?(lineage: Lineage<unknown>, call: PartitionCall): Promise<void> | undefined;
  /** Which of the calls of an output comes next, from 0; left out: no output runs. */
  nextCall?(): number;
  /** The output that the RDDs are for; undefined: none. */
  readonly scope?: OutputScope;
}

/** The methods of RDD that are actions and return a promise. */
const ACTIONS = [
  'collect',
  'count',
  'take',
  'first',
  'isEmpty',
  'top',
  'takeOrdered',
  'takeSample',
  'reduce',
  'fold',
  'aggregate',
  'max',
  'min',
  'countByValue',
  'lookup',
  'collectAsMap',
  'foreach',
  'foreachPartition',
  'sum',
  'mean',
  'variance',
  'stdev',
  'sampleVariance',
  'sampleStdev',
  'stats',
  'histogram',
  'saveAsTextFile',
  'saveAsObjectFile',
] as const satisfies readonly (keyof RDD<unknown>)[];

/** The data of one batch as users get it in transform and foreachRDD. */
export class RDD<T> {
  /** @internal */
  readonly lineage: Lineage<T>;
  readonly #runner: JobRunner;

  /** @internal RDDs come from streams and from `ssc.parallelize`. */
  constructor(lineage: Lineage<T>, runner: JobRunner) {
    this.lineage = lineage;
    this.#runner = runner;
  }

  /** @internal The same data for an output, which waits for each action on it, and on what is derived from it. */
  static forOutput<T>(rdd: RDD<T>, scope: OutputScope): RDD<T> {
    const runner = rdd.#runner;
    // A stop at once waits for no output, and rolls states back that its data may be read from: what was read meanwhile is not the batch.
    const whole = async <V>(read: Promise<V>): Promise<V> => {
      const value = await read;
      if (scope.stop.aborted) throw new StreamjobError('CONTEXT_STATE', 'the context was stopped while an output ran');
      return value;
    };
    const prepare = async <V>(lineage: Lineage<V>): Promise<readonly Task<V>[]> =>
      (await runner.prepare(lineage)).map((task) => ({
        collect: (limit) => whole(task.collect(limit)),
        count: () => whole(task.count()),
      }));
    const callThere = (of: Lineage<unknown>, call: PartitionCall): Promise<void> | undefined => {
      const there = runner.callThere?.(of, call);
      return there && whole(there);
    };
    let calls = 0;
    return new RDD(rdd.lineage, {
      ...{ prepare, scope, callThere, nextCall: () => calls++ },
      writeParts: (of, directory, form) => runner.writeParts?.(of, directory, form),
    });
  }

  /** @internal Writes a directory of files. @param place its path by its number, as of saveBatch */
  static async save<T>(rdd: RDD<T>, place: (number: number) => string, form: PartForm): Promise<void> {
    const { scope } = rdd.#runner;
    // Those who have the data write it themselves, where they can.
    const there = rdd.#runner.writeParts?.(rdd.lineage, place(0), form);
    const write = there ?? partsOf(await rdd.#collectPartitions(rdd.lineage), form);
    if (scope === undefined) await saveParts(place(0), write);
    else await saveBatch(place, write, scope);
  }

  /** @internal */
  static runnerOf(rdd: RDD<never> | RDD<unknown>): JobRunner {
    return rdd.#runner;
  }

  #derive<U>(lineage: Lineage<U>): RDD<U> {
    return new RDD(lineage, this.#runner);
  }

  #step<U>(step: Step<T, U>): RDD<U> {
    return this.#derive(narrow(this.lineage, step));
  }

  /** As many partitions as the RDDs that go into a shuffle have at most, as Spark's default partitioner. */
  #partitions(...others: readonly RDD<never>[]): number {
    return Math.max(1, this.getNumPartitions(), ...others.map((other) => other.getNumPartitions()));
  }

  // Transformations of values

  /**
   * One value for each value.
   * @example numbers.map((n) => n * 2) // [1, 2] -> [2, 4]
   */
  map<U>(fn: (value: T) => Sync<U>): RDD<U>;
  map<U>(fn: (value: T) => U): RDD<U> {
    return this.#step(mapStep(fn));
  }

  /**
   * Any number of values for each value.
   * @example numbers.flatMap((n) => [n, -n]) // [1] -> [1, -1]
   */
  flatMap<U>(fn: (value: T) => Iterable<U>): RDD<U> {
    return this.#step(flatMapStep(fn));
  }

  /**
   * The values that `predicate` holds for.
   * @example numbers.filter((n) => n > 1) // [1, 2] -> [2]
   */
  filter(predicate: (value: T) => boolean): RDD<T> {
    return this.#step(filterStep(predicate));
  }

  /**
   * A function over all values of a partition; called once per partition, also for an empty one.
   * @example numbers.mapPartitions((values) => [[...values].length]) // two partitions: [1, 2, 3] -> [1, 2]
   */
  mapPartitions<U>(fn: (values: IterableIterator<T>) => Iterable<U>): RDD<U> {
    return this.#step(mapPartitionsStep(fn));
  }

  /**
   * As mapPartitions; the function gets the partition's index first.
   * @example numbers.mapPartitionsWithIndex((index, values) => [[index, [...values].length]]) // two partitions: [1, 2, 3] -> [[0, 1], [1, 2]]
   */
  mapPartitionsWithIndex<U>(fn: (index: number, values: IterableIterator<T>) => Iterable<U>): RDD<U> {
    return this.#step(mapPartitionsStep((values, index) => fn(index, values), 'mapPartitionsWithIndex'));
  }

  /**
   * One array per partition.
   * @example numbers.glom() // two partitions: [1, 2, 3, 4] -> [[1, 2], [3, 4]]
   */
  glom(): RDD<T[]> {
    return this.#step(glomStep<T>());
  }

  /**
   * Pairs of a key made from each value, and the value.
   * @example words.keyBy((word) => word.length) // ['a', 'bb'] -> [[1, 'a'], [2, 'bb']]
   */
  keyBy<K>(fn: (value: T) => Sync<K>): RDD<readonly [K, T]>;
  keyBy<K>(fn: (value: T) => K): RDD<readonly [K, T]> {
    return this.#step(mapStep((value: T) => [requireSync(fn(value), 'keyBy'), value] as const, 'keyBy'));
  }

  /**
   * The values by a key made from each: pairs of the key and the list of its values.
   * @example numbers.groupBy((n) => n % 2) // [1, 2, 3] -> [[0, [2]], [1, [1, 3]]]
   */
  groupBy<K>(fn: (value: T) => Sync<K>, partitioning?: Partitioning): RDD<readonly [K, T[]]>;
  groupBy<K>(fn: (value: T) => K, partitioning: Partitioning = this.#partitions()): RDD<readonly [K, T[]]> {
    const keyed = narrow(
      this.lineage,
      mapStep((value: T) => [requireSync(fn(value), 'groupBy'), value] as readonly [K, T], 'groupBy'),
    );
    return this.#derive(groupByKey(keyed, partitioning, 'groupBy'));
  }

  /**
   * The values of both, duplicates kept.
   * @example a.union(b) // [1], [1, 2] -> [1, 1, 2]
   */
  union(other: RDD<T>): RDD<T> {
    return this.#derive({ kind: 'union', parents: [this.lineage, other.lineage] });
  }

  /**
   * Each value once.
   * @example numbers.distinct() // [1, 1, 2] -> [1, 2]
   */
  distinct(numPartitions: number = this.#partitions()): RDD<T> {
    return this.#derive(distinct(this.lineage, numPartitions));
  }

  /**
   * The values that both have, each once.
   * @example a.intersection(b) // [1, 2, 2], [2, 3] -> [2]
   */
  intersection(other: RDD<T>, numPartitions?: number): RDD<T> {
    return this.#derive(
      intersection(this.lineage, other.lineage, numPartitions ?? this.#partitions(other as RDD<never>)),
    );
  }

  /**
   * The values that `other` does not have, as often as they came.
   * @example a.subtract(b) // [1, 1, 2], [2, 3] -> [1, 1]
   */
  subtract(other: RDD<T>, numPartitions: number = this.#partitions()): RDD<T> {
    return this.#derive(subtract(this.lineage, other.lineage, numPartitions));
  }

  /**
   * Every value with every value of `other`.
   * @example a.cartesian(b) // [1, 2], ['x'] -> [[1, 'x'], [2, 'x']]
   */
  cartesian<U>(other: RDD<U>): RDD<readonly [T, U]> {
    return this.#derive(cartesian(this.lineage, other.lineage));
  }

  /**
   * Values of the same place in both.
   * @throws StreamjobError CONFIG_INVALID for other numbers of partitions; ZIP_MISMATCH, when run, for other numbers of values
   * @example a.zip(b) // [1, 2], ['x', 'y'] -> [[1, 'x'], [2, 'y']]
   */
  zip<U>(other: RDD<U>): RDD<readonly [T, U]> {
    return this.#derive(zip(this.lineage, other.lineage));
  }

  /**
   * Each value with its place, from 0, partition by partition.
   * @example words.zipWithIndex() // ['a', 'b'] -> [['a', 0], ['b', 1]]
   */
  zipWithIndex(): RDD<readonly [T, number]> {
    return this.#derive(zipWithIndex(this.lineage));
  }

  /**
   * Each value with a number of its own: item i of partition k of n gets i·n + k.
   * @example words.zipWithUniqueId() // two partitions: ['a', 'b', 'c', 'd'] -> [['a', 0], ['b', 2], ['c', 1], ['d', 3]]
   */
  zipWithUniqueId(): RDD<readonly [T, number]> {
    return this.#step(zipWithUniqueIdStep<T>(this.#partitions()));
  }

  /**
   * All values in the order of their keys. @param key of a value @param ascending false: greatest first
   * @example numbers.sortBy((n) => n, false) // [1, 3, 2] -> [3, 2, 1]
   */
  sortBy<K>(key: (value: T) => Sync<K>, ascending?: boolean, numPartitions?: number, compare?: Compare<K>): RDD<T>;
  sortBy<K>(
    key: (value: T) => K,
    ascending = true,
    numPartitions: number = this.#partitions(),
    compare: Compare<K> = naturalOrder,
  ): RDD<T> {
    return this.#derive(sortBy(this.lineage, key, compare, ascending, numPartitions));
  }

  /**
   * A sample. @param fraction of the values; with replacement, how often each is expected @param seed the same one gives the same sample
   * @example numbers.sample(false, 1, 7) // [1, 2] -> [1, 2]
   */
  sample(withReplacement: boolean, fraction: number, seed: number): RDD<T> {
    return this.#step(sampleStep<T>(withReplacement, fraction, seed));
  }

  /** The values split by chance. @param weights of the parts, in any unit @param seed the same one gives the same split */
  randomSplit(weights: readonly number[], seed: number): RDD<T>[] {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let from = 0;
    return weights.map((weight, i) => {
      const to = i === weights.length - 1 ? 1 : from + weight / total;
      const part = this.#step(rangeSampleStep<T>(from, to, seed));
      from = to;
      return part;
    });
  }

  /**
   * The values dealt out evenly to so many partitions. @throws StreamjobError CONFIG_INVALID
   * @example numbers.repartition(1).glom() // [1, 2] -> [[1, 2]]
   */
  repartition(numPartitions: number): RDD<T> {
    return this.#derive(repartition(this.lineage, numPartitions));
  }

  /**
   * Neighbouring partitions put together; without `shuffle` never more than there are. @throws StreamjobError CONFIG_INVALID
   * @example numbers.coalesce(1).glom() // [1, 2] -> [[1, 2]]
   */
  coalesce(numPartitions: number, shuffle = false): RDD<T> {
    return shuffle ? this.repartition(numPartitions) : this.#derive(coalesce(this.lineage, numPartitions));
  }

  /**
   * The same values, worked out once however often they are used.
   * @example numbers.cache() // [1] -> [1]
   */
  cache(): RDD<T> {
    return this.#derive(kept(this.lineage));
  }

  /** As cache. */
  persist(): RDD<T> {
    return this.cache();
  }

  /** As cache: what it was worked out from is not asked for again. */
  checkpoint(): RDD<T> {
    return this.cache();
  }

  /** Takes back cache(); what is worked out stays while an RDD refers to it. */
  unpersist(): this {
    return this;
  }

  // Transformations of pairs

  /**
   * The keys of pairs.
   * @example pairs.keys() // [['a', 1]] -> ['a']
   */
  keys<K, V>(this: RDD<readonly [K, V]>): RDD<K> {
    return this.#step(mapStep(([key]) => key, 'keys'));
  }

  /**
   * The values of pairs.
   * @example pairs.values() // [['a', 1]] -> [1]
   */
  values<K, V>(this: RDD<readonly [K, V]>): RDD<V> {
    return this.#step(mapStep(([, value]) => value, 'values'));
  }

  /**
   * A function over the values of pairs.
   * @example pairs.mapValues((n) => n + 1) // [['a', 1]] -> [['a', 2]]
   */
  mapValues<K, V, U>(this: RDD<readonly [K, V]>, fn: (value: V) => Sync<U>): RDD<readonly [K, U]>;
  mapValues<K, V, U>(this: RDD<readonly [K, V]>, fn: (value: V) => U): RDD<readonly [K, U]> {
    return this.#step(mapValuesStep<K, V, U>(fn));
  }

  /**
   * Any number of values for each value of a pair.
   * @example pairs.flatMapValues((n) => [n, n + 10]) // [['a', 1]] -> [['a', 1], ['a', 11]]
   */
  flatMapValues<K, V, U>(this: RDD<readonly [K, V]>, fn: (value: V) => Iterable<U>): RDD<readonly [K, U]> {
    return this.#step(flatMapValuesStep<K, V, U>(fn));
  }

  /**
   * One pair per key, its values reduced by an associative and commutative function.
   * @example pairs.reduceByKey((x, y) => x + y) // [['a', 1], ['a', 2]] -> [['a', 3]]
   */
  reduceByKey<K, V>(
    this: RDD<readonly [K, V]>,
    fn: (a: Widen<V>, b: Widen<V>) => Widen<V>,
    partitioning: Partitioning = this.#partitions(),
  ): RDD<readonly [K, Widen<V>]> {
    return this.#derive(reduceByKey(this.lineage as Lineage<readonly [K, Widen<V>]>, fn, partitioning));
  }

  /**
   * One pair per key, with the list of its values.
   * @example pairs.groupByKey() // [['a', 1], ['a', 2]] -> [['a', [1, 2]]]
   */
  groupByKey<K, V>(
    this: RDD<readonly [K, V]>,
    partitioning: Partitioning = this.#partitions(),
  ): RDD<readonly [K, V[]]> {
    return this.#derive(groupByKey(this.lineage, partitioning));
  }

  /**
   * One pair per key, its values combined: the first by `create`, more by `merge`, combined values by `combine`.
   * @example pairs.combineByKey((n) => [n], (list, n) => [...list, n], (x, y) => [...x, ...y]) // [['a', 1], ['a', 2]] -> [['a', [1, 2]]]
   */
  combineByKey<K, V, C>(
    this: RDD<readonly [K, V]>,
    create: (value: V) => Sync<C>,
    merge: (combined: C, value: V) => C,
    combine: (a: C, b: C) => C,
    partitioning?: Partitioning,
    mapSideCombine?: boolean,
  ): RDD<readonly [K, C]>;
  combineByKey<K, V, C>(
    this: RDD<readonly [K, V]>,
    create: (value: V) => C,
    merge: (combined: C, value: V) => C,
    combine: (a: C, b: C) => C,
    partitioning: Partitioning = this.#partitions(),
    mapSideCombine = true,
  ): RDD<readonly [K, C]> {
    return this.#derive(combineByKey(this.lineage, { create, merge, combine }, partitioning, mapSideCombine));
  }

  /**
   * One pair per key. @param zero copied for each key and partition, so that the functions may change it
   * @example pairs.aggregateByKey(0, (sum, n) => sum + n, (x, y) => x + y) // [['a', 1], ['a', 2]] -> [['a', 3]]
   */
  aggregateByKey<K, V, C>(
    this: RDD<readonly [K, V]>,
    zero: C,
    merge: (combined: C, value: V) => C,
    combine: (a: C, b: C) => C,
    partitioning: Partitioning = this.#partitions(),
  ): RDD<readonly [K, C]> {
    const create = (value: V): C => merge(freshZero(zero), value);
    return this.#derive(combineByKey(this.lineage, { create, merge, combine }, partitioning, true, 'aggregateByKey'));
  }

  /**
   * One pair per key, its values folded into a copy of `zero`.
   * @example pairs.foldByKey(0, (x, y) => x + y) // [['a', 1], ['a', 2]] -> [['a', 3]]
   */
  foldByKey<K, V>(
    this: RDD<readonly [K, V]>,
    zero: V,
    fn: (a: V, b: V) => V,
    partitioning: Partitioning = this.#partitions(),
  ): RDD<readonly [K, V]> {
    const create = (value: V): V => fn(freshZero(zero), value);
    return this.#derive(
      combineByKey(this.lineage, { create, merge: fn, combine: fn }, partitioning, true, 'foldByKey'),
    );
  }

  /**
   * Per key the values of this RDD and of each other one.
   * @example a.cogroup(b) // [['k', 1]], [['k', 'x']] -> [['k', [[1], ['x']]]]
   */
  cogroup<K, V>(
    this: RDD<readonly [K, V]>,
    ...others: readonly RDD<readonly [K, unknown]>[]
  ): RDD<readonly [K, readonly unknown[][]]> {
    const count = this.#partitions(...(others as unknown as RDD<never>[]));
    return this.#derive(cogroup<K>([this.lineage, ...others.map((other) => other.lineage)], count));
  }

  #join<K, V, W, R>(kind: JoinKind, other: RDD<readonly [K, W]>, partitioning: Partitioning | undefined): RDD<R> {
    const left = this.lineage as unknown as Lineage<readonly [K, V]>;
    const joined = join(left, other.lineage, kind, partitioning ?? this.#partitions(other as unknown as RDD<never>));
    // Which sides may be null follows from the kind: the four methods below say it in their types.
    return this.#derive(joined as unknown as Lineage<R>);
  }

  /**
   * Every value with every value of the same key in `other`.
   * @example a.join(b) // [['k', 1]], [['k', 'x']] -> [['k', [1, 'x']]]
   */
  join<K, V, W>(
    this: RDD<readonly [K, V]>,
    other: RDD<readonly [K, W]>,
    partitioning?: Partitioning,
  ): RDD<readonly [K, readonly [V, W]]> {
    return this.#join('join', other, partitioning);
  }

  /**
   * As join; a value without partner is paired with null.
   * @example a.leftOuterJoin(b) // [['k', 1]], [['l', 'x']] -> [['k', [1, null]]]
   */
  leftOuterJoin<K, V, W>(
    this: RDD<readonly [K, V]>,
    other: RDD<readonly [K, W]>,
    partitioning?: Partitioning,
  ): RDD<readonly [K, readonly [V, W | null]]> {
    return this.#join('leftOuterJoin', other, partitioning);
  }

  /**
   * As join; a value of `other` without partner is paired with null.
   * @example a.rightOuterJoin(b) // [['k', 1]], [['l', 'x']] -> [['l', [null, 'x']]]
   */
  rightOuterJoin<K, V, W>(
    this: RDD<readonly [K, V]>,
    other: RDD<readonly [K, W]>,
    partitioning?: Partitioning,
  ): RDD<readonly [K, readonly [V | null, W]]> {
    return this.#join('rightOuterJoin', other, partitioning);
  }

  /**
   * As join; what has no partner on either side is paired with null.
   * @example a.fullOuterJoin(b) // [['k', 1]], [['l', 'x']] -> [['k', [1, null]], ['l', [null, 'x']]]
   */
  fullOuterJoin<K, V, W>(
    this: RDD<readonly [K, V]>,
    other: RDD<readonly [K, W]>,
    partitioning?: Partitioning,
  ): RDD<readonly [K, readonly [V | null, W | null]]> {
    return this.#join('fullOuterJoin', other, partitioning);
  }

  /**
   * The pairs whose key `other` does not have.
   * @example a.subtractByKey(b) // [['k', 1], ['l', 2]], [['l', 'x']] -> [['k', 1]]
   */
  subtractByKey<K, V>(
    this: RDD<readonly [K, V]>,
    other: RDD<readonly [K, unknown]>,
    partitioning: Partitioning = this.#partitions(),
  ): RDD<readonly [K, V]> {
    return this.#derive(subtractByKey(this.lineage, other.lineage, partitioning));
  }

  /**
   * The pairs in the partitions of their keys.
   * @example pairs.partitionBy({ numPartitions: 2, getPartition: (key) => key % 2 }).glom() // [[1, 'a'], [2, 'b']] -> [[[2, 'b']], [[1, 'a']]]
   */
  partitionBy<K, V>(this: RDD<readonly [K, V]>, partitioning: Partitioning): RDD<readonly [K, V]> {
    return this.#derive(partitionBy(this.lineage, partitionerOf(partitioning)));
  }

  /**
   * The pairs in the partitions of their keys, sorted by the keys in each.
   * @example pairs.repartitionAndSortWithinPartitions({ numPartitions: 1, getPartition: () => 0 }) // [[2, 'b'], [1, 'a']] -> [[1, 'a'], [2, 'b']]
   */
  repartitionAndSortWithinPartitions<K, V>(
    this: RDD<readonly [K, V]>,
    partitioner: Partitioner,
    compare: Compare<K> = naturalOrder,
  ): RDD<readonly [K, V]> {
    return this.#derive(partitionBy(this.lineage, partitionerOf(partitioner), compare));
  }

  /**
   * The pairs in the order of their keys.
   * @example pairs.sortByKey() // [[2, 'b'], [1, 'a']] -> [[1, 'a'], [2, 'b']]
   */
  sortByKey<K, V>(
    this: RDD<readonly [K, V]>,
    ascending = true,
    numPartitions: number = this.#partitions(),
    compare: Compare<K> = naturalOrder,
  ): RDD<readonly [K, V]> {
    return this.#derive(sortBy(this.lineage, ([key]) => key, compare, ascending, numPartitions));
  }

  // Actions

  /**
   * How many partitions it has.
   * @example numbers.getNumPartitions() // two partitions: [1, 2] -> 2
   */
  getNumPartitions(): number {
    return partitionCount(this.lineage);
  }

  /**
   * All values, in the order of partitions.
   * @example await numbers.collect() // [1, 2] -> [1, 2]
   */
  async collect(): Promise<T[]> {
    const all: T[] = [];
    for (const values of await this.#collectPartitions(this.lineage)) for (const value of values) all.push(value);
    return all;
  }

  /** All values, one partition in memory at a time. */
  async *toLocalIterator(): AsyncGenerator<T, void, undefined> {
    for (const task of await this.#runner.prepare(this.lineage)) yield* await task.collect();
  }

  /**
   * How many values there are.
   * @example await numbers.count() // [1, 2] -> 2
   */
  async count(): Promise<number> {
    let total = 0;
    for (const task of await this.#runner.prepare(this.lineage)) total += await task.count();
    return total;
  }

  /** How many values there are: exactly, however long it takes. */
  countApprox(_timeoutMs = 0): Promise<number> {
    return this.count();
  }

  /**
   * The first `n` values; runs no more partitions than it needs.
   * @example await numbers.take(1) // [1, 2] -> [1]
   */
  async take(n: number): Promise<T[]> {
    const taken: T[] = [];
    if (n <= 0) return taken;
    for (const task of await this.#runner.prepare(this.lineage)) {
      for (const value of await task.collect(n - taken.length)) taken.push(value);
      if (taken.length >= n) break;
    }
    return taken;
  }

  /**
   * The first value. @throws StreamjobError EMPTY_COLLECTION
   * @example await numbers.first() // [1, 2] -> 1
   */
  async first(): Promise<T> {
    for (const value of await this.take(1)) return value;
    throw emptyCollection('first');
  }

  /**
   * Whether there is no value.
   * @example await numbers.isEmpty() // [1] -> false
   */
  async isEmpty(): Promise<boolean> {
    return (await this.take(1)).length === 0;
  }

  /**
   * The `n` greatest values, greatest first.
   * @example await numbers.top(2) // [1, 3, 2] -> [3, 2]
   */
  async top(n: number, compare: Compare<T> = naturalOrder): Promise<T[]> {
    return this.takeOrdered(n, (a, b) => compare(b, a));
  }

  /**
   * The `n` least values, least first.
   * @example await numbers.takeOrdered(2) // [1, 3, 2] -> [1, 2]
   */
  async takeOrdered(n: number, compare: Compare<T> = naturalOrder): Promise<T[]> {
    if (n <= 0) return [];
    // Each partition keeps its own least n only.
    const least = mapPartitionsStep(
      (values: IterableIterator<T>) => [...values].sort(compare).slice(0, n),
      'takeOrdered',
    );
    const parts = await this.#collectPartitions(narrow(this.lineage, least));
    return parts.flat().sort(compare).slice(0, n) as T[];
  }

  /**
   * A sample of exactly `num` values, or all when there are fewer and none is taken twice.
   * @example (await numbers.takeSample(false, 2, 7)).length // [1, 2, 3] -> 2
   */
  async takeSample(withReplacement: boolean, num: number, seed: number): Promise<T[]> {
    const values = await this.collect();
    const random = seededRandom(seed);
    const pick = (below: number): number => Math.floor(random() * below);
    if (values.length === 0 || num <= 0) return [];
    if (withReplacement) return Array.from({ length: num }, () => values[pick(values.length)] as T);
    // The first places of a shuffle (Fisher, Yates).
    const count = Math.min(num, values.length);
    for (let i = 0; i < count; i++) {
      const j = i + pick(values.length - i);
      [values[i], values[j]] = [values[j] as T, values[i] as T];
    }
    return values.slice(0, count);
  }

  /**
   * All values into one, by an associative and commutative function. @throws StreamjobError EMPTY_COLLECTION
   * @example await numbers.reduce((x, y) => x + y) // [1, 2] -> 3
   */
  async reduce(fn: (a: T, b: T) => T): Promise<T> {
    const values = (await this.#collectPartitions(narrow(this.lineage, reduceStep(fn, 'reduce')))).flat() as T[];
    if (values.length === 0) throw emptyCollection('reduce');
    return values.reduce((a, b) => fn(a, b));
  }

  /** As reduce. */
  treeReduce(fn: (a: T, b: T) => T): Promise<T> {
    return this.reduce(fn);
  }

  /**
   * All values into one. @param zero copied for each partition, and once more for the partitions' results
   * @example await numbers.fold(0, (x, y) => x + y) // [1, 2] -> 3
   */
  async fold(zero: T, fn: (a: T, b: T) => T): Promise<T> {
    return this.aggregate(zero, fn, fn);
  }

  /**
   * All values into one of another type. @param zero copied for each partition, and once more for the partitions' results
   * @example await words.aggregate(0, (sum, word) => sum + word.length, (x, y) => x + y) // ['a', 'bb'] -> 3
   */
  async aggregate<U>(zero: U, merge: (combined: U, value: T) => U, combine: (a: U, b: U) => U): Promise<U> {
    const step = mapPartitionsStep((values: IterableIterator<T>) => {
      let combined = freshZero(zero);
      for (const value of values) combined = requireSync(merge(combined, value), 'aggregate');
      return [combined];
    }, 'aggregate');
    const parts = await this.#collectPartitions(narrow(this.lineage, step));
    return (parts.flat() as U[]).reduce((a, b) => requireSync(combine(a, b), 'aggregate'), freshZero(zero));
  }

  /** As aggregate; the depth of the tree is for clusters and changes nothing here. */
  treeAggregate<U>(zero: U, merge: (combined: U, value: T) => U, combine: (a: U, b: U) => U, _depth = 2): Promise<U> {
    return this.aggregate(zero, merge, combine);
  }

  /**
   * The greatest value. @throws StreamjobError EMPTY_COLLECTION
   * @example await numbers.max() // [1, 3, 2] -> 3
   */
  async max(compare: Compare<T> = naturalOrder): Promise<T> {
    return this.reduce((a, b) => (compare(a, b) >= 0 ? a : b));
  }

  /**
   * The least value. @throws StreamjobError EMPTY_COLLECTION
   * @example await numbers.min() // [1, 3, 2] -> 1
   */
  async min(compare: Compare<T> = naturalOrder): Promise<T> {
    return this.reduce((a, b) => (compare(a, b) <= 0 ? a : b));
  }

  /**
   * Each distinct value with how often it came.
   * @example [...(await words.countByValue())] // ['a', 'b', 'a'] -> [['a', 2], ['b', 1]]
   */
  async countByValue(): Promise<Map<T, number>> {
    return new Map(await this.#derive(countByValue(this.lineage, this.#partitions())).collect());
  }

  /**
   * Each distinct key of pairs with how often it came.
   * @example [...(await pairs.countByKey())] // [['a', 1], ['a', 2]] -> [['a', 2]]
   */
  countByKey<K, V>(this: RDD<readonly [K, V]>): Promise<Map<K, number>> {
    return this.keys().countByValue();
  }

  /**
   * The values of a key.
   * @example await pairs.lookup('a') // [['a', 1], ['b', 2]] -> [1]
   */
  async lookup<K, V>(this: RDD<readonly [K, V]>, key: K): Promise<V[]> {
    const wanted = new KeyedMap<K, null>();
    wanted.add(key, null);
    return this.filter(([each]) => wanted.find(each) !== undefined)
      .values()
      .collect();
  }

  /**
   * The pairs as a Map; of a key that came more than once, the last value. Keys that are objects compare by identity in it.
   * @example [...(await pairs.collectAsMap())] // [['a', 1], ['a', 2]] -> [['a', 2]]
   */
  async collectAsMap<K, V>(this: RDD<readonly [K, V]>): Promise<Map<K, V>> {
    const last = new KeyedMap<K, V>();
    for (const [key, value] of await this.collect()) {
      const entry = last.find(key);
      if (entry === undefined) last.add(key, value);
      else entry[1] = value;
    }
    return new Map(last.entries());
  }

  /** Calls `fn` with each value, one after the other, and waits for the promises it returns. Where: as of foreachPartition. */
  async foreach(fn: (value: T) => void | Promise<void>): Promise<void> {
    await this.#call(fn, [], true);
  }

  /**
   * Calls `fn` once per partition, and waits for the promises it returns. It is called in this process, with one partition after the other; on
   * a Spark cluster a function that `ssc.onExecutors` has made known is called on the executors, with all partitions at a time.
   * @param fn gets the values of a partition, what names it, and `args`
   * @param args plain data for the function
   * @example
   * const sum = ssc.accumulator();
   * const add = ssc.onExecutors((values: Iterable<number>) => { for (const n of values) sum.add(n); });
   * numbers.foreachRDD((rdd) => rdd.foreachPartition(add));
   */
  async foreachPartition<A extends readonly unknown[]>(
    fn: (values: IterableIterator<T>, part: OutputPartition, ...args: A) => void | Promise<void>,
    ...args: A
  ): Promise<void> {
    await this.#call(fn, args, false);
  }

  async #call(fn: PartitionCall['fn'], args: readonly unknown[], isEach: boolean): Promise<void> {
    const runner = this.#runner;
    const { nextCall, scope } = runner;
    const origin = scope && { ...scope.batch, parallelism: scope.parallelism, call: nextCall?.() ?? 0 };
    const there = origin && runner.callThere?.(this.lineage, { fn, args, isEach, origin });
    if (there !== undefined) return await there;
    const tasks = await runner.prepare(this.lineage);
    const numPartitions = tasks.length;
    for (const [partition, task] of tasks.entries()) {
      const values = await task.collect();
      await callWith({ fn, args, isEach }, values.values(), partOf(origin, { partition, numPartitions }));
    }
  }

  /**
   * The sum; 0 for no number.
   * @example await numbers.sum() // [1, 2] -> 3
   */
  async sum(this: RDD<number>): Promise<number> {
    return this.fold(0, (a, b) => a + b);
  }

  /**
   * The mean; NaN for no number.
   * @example await numbers.mean() // [1, 2] -> 1.5
   */
  async mean(this: RDD<number>): Promise<number> {
    return (await this.stats()).mean;
  }

  /**
   * The variance of all numbers; NaN for none.
   * @example await numbers.variance() // [1, 3] -> 1
   */
  async variance(this: RDD<number>): Promise<number> {
    return (await this.stats()).variance;
  }

  /**
   * The standard deviation of all numbers; NaN for none.
   * @example await numbers.stdev() // [1, 3] -> 1
   */
  async stdev(this: RDD<number>): Promise<number> {
    return (await this.stats()).stdev;
  }

  /** The variance of a sample, divided by one less; NaN for fewer than two numbers. */
  async sampleVariance(this: RDD<number>): Promise<number> {
    return (await this.stats()).sampleVariance;
  }

  /** The standard deviation of a sample; NaN for fewer than two numbers. */
  async sampleStdev(this: RDD<number>): Promise<number> {
    return (await this.stats()).sampleStdev;
  }

  /**
   * Count, sum, mean, extremes, variance and deviation in one pass.
   * @example (await numbers.stats()).max // [1, 3] -> 3
   */
  async stats(this: RDD<number>): Promise<Stats> {
    return statsOf(await this.aggregate(NO_MOMENTS, addToMoments, mergeMoments));
  }

  /**
   * How many numbers are in each bucket. Buckets are [low, high), the last one [low, high].
   * @param buckets bounds in rising order: the counts are given; or how many buckets of the same width: bounds and counts are given
   * @throws StreamjobError CONFIG_INVALID; EMPTY_COLLECTION for a number of buckets over no values, NaN or Infinity
   * @example await numbers.histogram([0, 2, 4]) // [1, 2, 4] -> [1, 2]
   */
  histogram(this: RDD<number>, buckets: readonly number[]): Promise<number[]>;
  histogram(this: RDD<number>, buckets: number): Promise<[number[], number[]]>;
  async histogram(this: RDD<number>, buckets: number | readonly number[]): Promise<number[] | [number[], number[]]> {
    if (typeof buckets === 'number') {
      const { min, max, sum } = await this.stats();
      const bounds = evenBounds(Number.isNaN(sum) ? Number.NaN : min, max, buckets);
      return [bounds, await this.histogram(bounds)];
    }
    requireBounds(buckets);
    const counted = mapPartitionsStep(
      (values: IterableIterator<number>) => [countBuckets(values, buckets)],
      'histogram',
    );
    const parts = (await this.#collectPartitions(narrow(this.lineage, counted))).flat() as number[][];
    return parts.reduce(
      (a, b) => a.map((count, i) => count + (b[i] ?? 0)),
      new Array<number>(buckets.length - 1).fill(0),
    );
  }

  /**
   * Writes a directory of text files, a part per partition, a line per value. In an output, a directory that another batch has written
   * stays, and this one's gets a number behind its name.
   * @throws StreamjobError FILE_ACCESS; FILE_EXISTS outside of outputs
   */
  async saveAsTextFile(directory: string): Promise<void> {
    await RDD.save(this, numbered(directory), 'text');
  }

  /** As saveAsTextFile, in the form of Node's v8.serialize. @throws StreamjobError FILE_ACCESS; FILE_EXISTS outside of outputs */
  async saveAsObjectFile(directory: string): Promise<void> {
    await RDD.save(this, numbered(directory), 'object');
  }

  async #collectPartitions<U>(lineage: Lineage<U>): Promise<(readonly U[])[]> {
    const results: (readonly U[])[] = [];
    for (const task of await this.#runner.prepare(lineage)) results.push(await task.collect());
    return results;
  }
}

/** An RDD of values that are there already, cut as Spark's parallelize cuts them. @throws StreamjobError CONFIG_INVALID */
export function parallelize<T>(values: readonly T[], numPartitions: number, runner: JobRunner): RDD<T> {
  return new RDD(sliced(values, hashPartitioner(numPartitions).numPartitions), runner);
}

/** Makes an action of RDD one that `Actions` takes note of. */
function noteAction(name: (typeof ACTIONS)[number]): void {
  const action = RDD.prototype[name] as (...args: unknown[]) => Promise<unknown>;
  const noted = function (this: RDD<unknown>, ...args: unknown[]): Promise<unknown> {
    const run = (): Promise<unknown> => Reflect.apply(action, this, args);
    return RDD.runnerOf(this).scope?.actions.begin(run) ?? run();
  };
  Object.defineProperty(RDD.prototype, name, { value: noted, writable: true, configurable: true });
}

for (const name of ACTIONS) noteAction(name);

function numbered(directory: string): (number: number) => string {
  return (number) => (number === 0 ? directory : `${directory}-${number}`);
}

function emptyCollection(action: string): StreamjobError {
  return new StreamjobError('EMPTY_COLLECTION', `${action} was called on an empty collection`, {
    hint: 'ask isEmpty() first, or use fold or take, which an empty batch does not break',
  });
}
