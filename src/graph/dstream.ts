/**
 * DStream: an endless sequence of batches, each an RDD. Its methods have Spark's names and meaning, add nodes to the
 * job's graph and run nothing; outputs make a job do something.
 */

import type { Observable } from 'rxjs';
import { Subject } from 'rxjs/internal/Subject';
import { type DurationLike, durationMs } from '../core/duration.ts';
import { StreamjobError } from '../core/errors.ts';
import { anyOf, checkOptions, duration, exactly, fn, type OptionTable, resolveOptions } from '../core/options.ts';
import { floorTime } from '../core/time.ts';
import { requireSync, type Sync, userError, type Widen } from './functions.ts';
import type { Graph } from './graph.ts';
import { type Lineage, narrow, type Step } from './lineage.ts';
import type { BatchView, Node, StorageLevel } from './node.ts';
import { glomStep, repartition } from './operators/arrange.ts';
import {
  combineByKey,
  countByValue,
  flatMapValuesStep,
  groupByKey,
  mapValuesStep,
  reduceByKey,
} from './operators/by-key.ts';
import { cogroup, type JoinKind, join } from './operators/cogroup.ts';
import { type EventWindow, type EventWindowItem, eventWindowNode } from './operators/event-window.ts';
import { filterStep } from './operators/filter.ts';
import { flatMapStep } from './operators/flat-map.ts';
import { mapStep } from './operators/map.ts';
import { MAP_ASYNC_OPTIONS, type MapAsyncOptions, mapAsync } from './operators/map-async.ts';
import { mapPartitionsStep } from './operators/map-partitions.ts';
import { mapWithStateNode, stateSnapshotsNode } from './operators/map-with-state.ts';
import { countAll, reduceAll } from './operators/reduce.ts';
import { inverseAlgebra, type ReducedWindow, reducedWindowNode } from './operators/reduced-window.ts';
import { twoStacksAlgebra } from './operators/two-stacks.ts';
import {
  UPDATE_STATE_OPTIONS,
  type UpdateState,
  type UpdateStateAtTime,
  type UpdateStateOptions,
  type UpdateStates,
  updateStateNode,
} from './operators/update-state-by-key.ts';
import type { UpdateStateFunction } from './operators/update-state-types.ts';
import { requireMultiple, windowNode } from './operators/window.ts';
import type { OutputBatch } from './output-batch.ts';
import { foreachRddOutput } from './outputs/foreach-rdd.ts';
import { printOutput } from './outputs/print.ts';
import { saveOutput } from './outputs/save.ts';
import { type Partitioning, partitionerOf, requirePartitions } from './partitioner.ts';
import { RDD } from './rdd.ts';
import { statePartitioner, statePartitionsOf } from './state/form.ts';
import type { StateSpec } from './state/state-spec.ts';

/**
 * A stream of batches.
 *
 * @example
 * ssc.flumeStream({ port: 41414 })
 *   .flatMap((event) => event.text().split(' '))
 *   .map((word) => [word, 1] as const)
 *   .reduceByKey((a, b) => a + b)
 *   .print();
 */
export class DStream<T> {
  readonly #graph: Graph;
  readonly #node: Node<T>;

  /** @internal Streams come from a StreamingContext. */
  constructor(graph: Graph, node: Node<T>) {
    this.#graph = graph;
    this.#node = node;
  }

  /** What it is: an operator's name, or an input with its number, e.g. `queue stream [0]`. */
  get name(): string {
    return this.#node.name;
  }

  /** The stream has a batch at each multiple of this, in ms. */
  get slideDuration(): number {
    return this.#node.slideMs;
  }

  /** A stream whose batch is made from this one's batch of the same time. */
  #derive<U>(name: string, build: (parent: Lineage<T>, batch: BatchView, time: number) => Lineage<U>): DStream<U> {
    const parent = this.#node;
    return new DStream(
      this.#graph,
      this.#graph.add<U>({
        name,
        parents: [parent],
        slideMs: parent.slideMs,
        windowMs: 0,
        lineage(time, batch) {
          const data = batch.of(parent, time);
          return data === undefined ? undefined : build(data, batch, time);
        },
      }),
    );
  }

  #step<U>(step: Step<T, U>): DStream<U> {
    return this.#derive(step.name, (parent) => narrow(parent, step));
  }

  /**
   * One value for each value.
   * @param fn synchronous
   * @example numbers.map((n) => n * 2) // [1, 2] -> [2, 4]
   */
  map<U>(fn: (value: T) => Sync<U>): DStream<U>;
  map<U>(fn: (value: T) => U): DStream<U> {
    return this.#step(mapStep(fn));
  }

  /**
   * Any number of values for each value.
   * @param fn synchronous; returns something to iterate
   * @example lines.flatMap((line) => line.split(' ')) // ['a b'] -> ['a', 'b']
   */
  flatMap<U>(fn: (value: T) => Iterable<U>): DStream<U> {
    return this.#step(flatMapStep(fn));
  }

  /**
   * The values that `predicate` holds for.
   * @example numbers.filter((n) => n > 1) // [1, 2] -> [2]
   */
  filter(predicate: (value: T) => boolean): DStream<T> {
    return this.#step(filterStep(predicate));
  }

  /**
   * A function over all values of a partition, called once per partition and batch, also for an empty partition.
   * @example numbers.mapPartitions((values) => [[...values].length]) // two partitions: [1, 2, 3] -> [1, 2]
   */
  mapPartitions<U>(fn: (values: IterableIterator<T>) => Iterable<U>): DStream<U> {
    return this.#step(mapPartitionsStep(fn));
  }

  /**
   * All values of a batch into one; an empty batch has none.
   * @param fn associative and commutative
   * @example numbers.reduce((a, b) => a + b) // [1, 2, 3] -> [6]
   */
  reduce(fn: (a: T, b: T) => T): DStream<T> {
    return this.#derive('reduce', (parent) => reduceAll(parent, fn));
  }

  /**
   * How many values a batch has: always one number, 0 for an empty batch.
   * @example words.count() // ['a', 'b'] -> [2]
   */
  count(): DStream<number> {
    return this.#derive('count', (parent) => countAll(parent));
  }

  /**
   * Each distinct value with how often it came in the batch.
   * @param numPartitions of the result
   * @example words.countByValue() // ['a', 'b', 'a'] -> [['a', 2], ['b', 1]]
   */
  countByValue(numPartitions?: number): DStream<readonly [T, number]> {
    checkPartitions(numPartitions);
    return this.#derive('countByValue', (parent, batch) => countByValue(parent, numPartitions ?? batch.numPartitions));
  }

  /**
   * The values of both streams, duplicates kept, this one's first.
   * @param other a stream with the same slide duration
   * @throws StreamjobError CONFIG_INVALID when the slide durations differ
   * @example a.union(b) // [1], [1, 2] -> [1, 1, 2]
   */
  union(other: DStream<T>): DStream<T> {
    return unionStreams([this, other]);
  }

  /**
   * One array per partition.
   * @example numbers.glom() // two partitions: [1, 2, 3, 4] -> [[1, 2], [3, 4]]
   */
  glom(): DStream<T[]> {
    return this.#step(glomStep<T>());
  }

  /**
   * The values dealt out evenly to so many partitions.
   * @throws StreamjobError CONFIG_INVALID when numPartitions is not greater than 0
   * @example numbers.repartition(4)
   */
  repartition(numPartitions: number): DStream<T> {
    checkPartitions(numPartitions);
    return this.#derive('repartition', (parent) => repartition(parent, numPartitions));
  }

  /**
   * One value for each value through an asynchronous function. The order stays; a call that fails fails the batch.
   * @param fn gets the value and a signal that aborts when its result is not wanted any more
   * @param options concurrency: calls at once (16), in each worker thread; timeout: per call, ms or a text; retries: further tries of a call that failed (0)
   * @example users.mapAsync((id) => lookUp(id), { concurrency: 8, timeout: 1000, retries: 2 })
   */
  mapAsync<U>(fn: (value: T, signal: AbortSignal) => Promise<U>, options: MapAsyncOptions = {}): DStream<U> {
    const resolved = resolveOptions('mapAsync', MAP_ASYNC_OPTIONS, options);
    return this.#derive('mapAsync', (parent) => mapAsync(parent, fn, resolved));
  }

  /**
   * Any function from RDD to RDD, called once per batch.
   * @param fn synchronous; gets the RDD and the batch time in ms since the epoch
   * @example words.transform((rdd) => rdd.filter((word) => word !== ''))
   */
  transform<U>(fn: (rdd: RDD<T>, time: number) => RDD<U>): DStream<U> {
    return transformStreams<U>([this], 'transform', ([rdd], time) => fn(rdd as RDD<T>, time));
  }

  /**
   * Any function from two RDDs to one, called once per batch.
   * @param other a stream with the same slide duration
   * @param fn synchronous; gets both RDDs and the batch time in ms since the epoch
   * @throws StreamjobError CONFIG_INVALID when the slide durations differ
   * @example a.transformWith(b, (x, y) => x.subtract(y)) // [1, 2], [2] -> [1]
   */
  transformWith<V, U>(other: DStream<V>, fn: (rdd: RDD<T>, other: RDD<V>, time: number) => RDD<U>): DStream<U> {
    return transformStreams<U>([this, other], 'transformWith', ([a, b], time) => fn(a as RDD<T>, b as RDD<V>, time));
  }

  /**
   * Worked out once per batch, however many streams and outputs read it; that is so anyway, so it changes nothing.
   * @throws StreamjobError CONTEXT_STATE after start
   */
  cache(): this {
    return this.persist();
  }

  /** As cache. @param level as Spark names it; all data is in memory */
  persist(level: StorageLevel = 'MEMORY_ONLY_SER'): this {
    // A window has no data of its own: its slices are the parent's.
    const [parent] = this.#node.parents;
    const target = this.#node.name === 'window' && parent !== undefined ? parent : this.#node;
    this.#graph.setStorageLevel(target, level);
    return this;
  }

  /**
   * How often Spark would write the stream's data to its checkpoint. Here what changed is written with each batch, so that the
   * interval is only checked, and the stream is persisted, as in Spark.
   * @param interval ms or a text such as '10s'; a multiple of the stream's slide duration
   * @throws StreamjobError CONFIG_INVALID when it is no multiple, CONTEXT_STATE after start
   * @example counts.checkpoint('10s')
   */
  checkpoint(interval: DurationLike): this {
    requireMultiple('checkpoint interval', durationMs(interval, 'interval'), this.#node);
    return this.storageLevel === 'NONE' ? this.persist() : this;
  }

  /**
   * Names the stream's state, so that it is found again when the code around it has changed.
   * @param id unique in the job
   * @throws StreamjobError CONFIG_INVALID when it is taken
   * @example words.updateStateByKey(sum).uid('word-counts')
   */
  uid(id: string): this {
    this.#graph.setUid(this.#node, id);
    return this;
  }

  /** What `persist` was told, 'NONE' before; the streams that windows read are persisted by them. */
  get storageLevel(): StorageLevel {
    return this.#graph.storageLevel(this.#node);
  }

  /**
   * The RDDs of the stream's times from `from` to `to`, both included and rounded down to multiples of the slide; only
   * what is still remembered (see `ssc.remember`).
   * @param from ms since the epoch @param to likewise
   * @throws StreamjobError CONTEXT_STATE before start
   * @example words.slice(now - 10_000, now)
   */
  slice(from: number, to: number): RDD<T>[] {
    const past = this.#graph.past();
    if (past === undefined) {
      throw new StreamjobError('CONTEXT_STATE', `${this.#node.name} has not been initialized`, {
        where: 'slice',
        hint: 'call slice after start()',
      });
    }
    const rdds: RDD<T>[] = [];
    for (const time of past.timesOf(this.#node, floorTime(from, this.slideDuration) - 1, to)) {
      const rdd = past.rddOf(this.#node, time);
      if (rdd !== undefined) rdds.push(rdd);
    }
    return rdds;
  }

  /**
   * At multiples of the slide, the values of the last `windowDuration`, oldest batch first.
   * @param windowDuration ms or a text such as '30s'; a multiple of this stream's slide duration
   * @param slideDuration likewise; this stream's own when left out
   * @throws StreamjobError CONFIG_INVALID when one is no multiple
   * @example words.window('30s', '10s')
   */
  window(windowDuration: DurationLike, slideDuration?: DurationLike): DStream<T>;
  /**
   * Windows by the time of events: each is given once, in the batch in which the watermark (the greatest timestamp seen,
   * less the allowed lateness) reaches its end. With a union, each of its streams has a watermark of its own.
   * @param windowDuration ms or a text; any @param slideDuration likewise; windows begin at its multiples
   * @param options eventTime: true for the `timestamp` header of Flume events, or a function that gives ms since the epoch;
   *   an event without one has its arrival time, which is the batch's. allowedLateness: how late events may come (0)
   * @returns the closed windows; their `lateValues()` are those that came too late
   * @example events.window('1m', '1m', { eventTime: true, allowedLateness: '10s' }).map(({ start, values }) => [start, values.length])
   */
  window(
    windowDuration: DurationLike,
    slideDuration: DurationLike,
    options: EventTimeOptions<T>,
  ): EventWindowDStream<T>;
  window(
    windowDuration: DurationLike,
    slideDuration?: DurationLike,
    options?: EventTimeOptions<T>,
  ): DStream<T> | EventWindowDStream<T> {
    const windowMs = durationMs(windowDuration, 'windowDuration');
    const slideMs = slideDuration === undefined ? this.slideDuration : durationMs(slideDuration, 'slideDuration');
    if (options !== undefined) return this.#eventWindow(windowMs, slideMs, options);
    const node = this.#graph.add(windowNode(this.#node, windowMs, slideMs));
    if (this.storageLevel === 'NONE') this.#graph.setStorageLevel(this.#node, 'MEMORY_ONLY_SER');
    return new DStream(this.#graph, node);
  }

  #eventWindow(windowMs: number, slideMs: number, options: EventTimeOptions<T>): EventWindowDStream<T> {
    const resolved = resolveOptions('window', EVENT_TIME_OPTIONS, options);
    const { allowedLateness: allowedLatenessMs, maxAhead: maxAheadMs } = resolved;
    const timestamp = options.eventTime === true ? headerTimestamp : options.eventTime;
    const operator = this.#graph.operatorName('eventTimeWindow');
    const wrongTimes = this.#graph.remark(
      operator,
      `values have a time that is no number, or is more than ${maxAheadMs} ms ahead of the clock: they count as late (lateValues()), and move no window`,
    );
    const lateValues = this.#graph.counted({
      ...{ operator, name: 'values_late' },
      help: 'values of windows by event time that came too late: lateValues() has them',
    });
    const impossible = this.#graph.counted({
      ...{ operator, name: 'values_wrong_time' },
      help: 'values whose time is no number, or too far ahead of the clock: lateValues() has them',
    });
    const mark = this.#graph.risen({
      ...{ operator, name: 'watermark_timestamp_seconds' },
      help: 'up to when windows by event time are closed, in seconds since the epoch',
    });
    const spec = {
      ...{ windowMs, slideMs, allowedLatenessMs, maxAheadMs, timestamp },
      onSeen: ({ late, watermark, wrong }: { late: number; watermark: number; wrong: number }): void => {
        if (wrong > 0) {
          wrongTimes.add(wrong);
          impossible.add(wrong);
        }
        if (late > 0) lateValues.add(late);
        if (Number.isFinite(watermark)) mark.add(watermark / 1000);
      },
    };
    return new EventWindowDStream(this.#graph, this.#graph.add(eventWindowNode(this.#node, spec, operator)));
  }

  /**
   * At multiples of the slide, the last `windowDuration` reduced to one value; none while the window is empty.
   * @param fn associative and commutative
   * @param inverse takes what leaves the window out again: inverse(fn(a, b), b) = a
   * @throws StreamjobError CONFIG_INVALID when a duration is no multiple of this stream's slide duration
   * @example numbers.reduceByWindow((a, b) => a + b, '30s', '10s')
   */
  reduceByWindow(fn: (a: T, b: T) => T, windowDuration: DurationLike, slideDuration: DurationLike): DStream<T>;
  reduceByWindow(
    fn: (a: T, b: T) => T,
    inverse: (a: T, b: T) => T,
    windowDuration: DurationLike,
    slideDuration: DurationLike,
  ): DStream<T>;
  reduceByWindow(fn: (a: T, b: T) => T, ...rest: readonly (DurationLike | ((a: T, b: T) => T))[]): DStream<T> {
    const inverse = typeof rest[0] === 'function' ? rest[0] : undefined;
    const [windowDuration, slideDuration] = rest.slice(inverse === undefined ? 0 : 1) as DurationLike[];
    const keyed = this.reduce(fn).#step(mapStep((value: T) => [null, value] as readonly [null, T]));
    return reducedWindow(keyed, fn, { inverse, windowDuration, slideDuration, numPartitions: 1 }).#step(
      mapStep(([, value]) => value),
    );
  }

  /**
   * How many values the last `windowDuration` had: one number, from the first window that has any; 0 for an empty one.
   * @throws StreamjobError CONFIG_INVALID when a duration is no multiple of this stream's slide duration
   * @example events.countByWindow('30s', '10s')
   */
  countByWindow(windowDuration: DurationLike, slideDuration: DurationLike): DStream<number> {
    const ones = this.#step(mapStep(() => 1));
    return ones.reduceByWindow(
      (a, b) => a + b,
      (a, b) => a - b,
      windowDuration,
      slideDuration,
    );
  }

  /**
   * Each distinct value of the last `windowDuration` with how often it came.
   * @param numPartitions of the result
   * @throws StreamjobError CONFIG_INVALID when a duration is no multiple of this stream's slide duration
   * @example words.countByValueAndWindow('30s', '10s')
   */
  countByValueAndWindow(
    windowDuration: DurationLike,
    slideDuration: DurationLike,
    numPartitions?: number,
  ): DStream<readonly [T, number]> {
    const ones = this.#step(mapStep((value: T) => [value, 1] as readonly [T, number]));
    return ones.reduceByKeyAndWindow(
      (a, b) => a + b,
      (a, b) => a - b,
      windowDuration,
      slideDuration,
      numPartitions,
      ([, count]) => count !== 0,
    );
  }

  /**
   * A function over the values of pairs; the keys stay.
   * @example pairs.mapValues((n) => n + 1) // [['a', 1]] -> [['a', 2]]
   */
  mapValues<K, V, U>(this: DStream<readonly [K, V]>, fn: (value: V) => Sync<U>): DStream<readonly [K, U]>;
  mapValues<K, V, U>(this: DStream<readonly [K, V]>, fn: (value: V) => U): DStream<readonly [K, U]> {
    return this.#step(mapValuesStep<K, V, U>(fn));
  }

  /**
   * One pair per key, its values reduced; combined in each partition before the shuffle.
   * @param fn associative and commutative
   * @param numPartitions of the result
   * @example pairs.reduceByKey((a, b) => a + b) // [['a', 1], ['a', 2]] -> [['a', 3]]
   */
  reduceByKey<K, V>(
    this: DStream<readonly [K, V]>,
    fn: (a: Widen<V>, b: Widen<V>) => Widen<V>,
    numPartitions?: number,
  ): DStream<readonly [K, Widen<V>]> {
    checkPartitions(numPartitions);
    return this.#derive('reduceByKey', (parent, batch) =>
      reduceByKey(parent as Lineage<readonly [K, Widen<V>]>, fn, numPartitions ?? batch.numPartitions),
    );
  }

  /**
   * One pair per key, with the list of its values.
   * @param numPartitions of the result
   * @example pairs.groupByKey() // [['a', 1], ['a', 2]] -> [['a', [1, 2]]]
   */
  groupByKey<K, V>(this: DStream<readonly [K, V]>, numPartitions?: number): DStream<readonly [K, V[]]> {
    checkPartitions(numPartitions);
    return this.#derive('groupByKey', (parent, batch) => groupByKey(parent, numPartitions ?? batch.numPartitions));
  }

  /**
   * One pair per key, its values combined.
   * @param create makes a combined value of a key's first value @param merge takes a further one in
   * @param combine makes one of two combined values @param partitioning of the result: a number or a partitioner
   * @example pairs.combineByKey((v) => [v], (list, v) => [...list, v], (a, b) => [...a, ...b])
   */
  combineByKey<K, V, C>(
    this: DStream<readonly [K, V]>,
    create: (value: V) => Sync<C>,
    merge: (combined: C, value: V) => C,
    combine: (a: C, b: C) => C,
    partitioning?: Partitioning,
    mapSideCombine?: boolean,
  ): DStream<readonly [K, C]>;
  combineByKey<K, V, C>(
    this: DStream<readonly [K, V]>,
    create: (value: V) => C,
    merge: (combined: C, value: V) => C,
    combine: (a: C, b: C) => C,
    partitioning?: Partitioning,
    mapSideCombine = true,
  ): DStream<readonly [K, C]> {
    if (partitioning !== undefined) partitionerOf(partitioning);
    return this.#derive('combineByKey', (parent, batch) =>
      combineByKey(parent, { create, merge, combine }, partitioning ?? batch.numPartitions, mapSideCombine),
    );
  }

  /**
   * Any number of values for each value of a pair; the key stays with each.
   * @example pairs.flatMapValues((n) => [n, n + 10]) // [['a', 1]] -> [['a', 1], ['a', 11]]
   */
  flatMapValues<K, V, U>(this: DStream<readonly [K, V]>, fn: (value: V) => Iterable<U>): DStream<readonly [K, U]> {
    return this.#step(flatMapValuesStep<K, V, U>(fn));
  }

  /**
   * Per key the values of both streams in the batch.
   * @param other a stream with the same slide duration
   * @throws StreamjobError CONFIG_INVALID when the slide durations differ
   * @example a.cogroup(b) // [['k', 1]], [['k', 'x']] -> [['k', [[1], ['x']]]]
   */
  cogroup<K, V, W>(
    this: DStream<readonly [K, V]>,
    other: DStream<readonly [K, W]>,
    numPartitions?: number,
  ): DStream<readonly [K, readonly [V[], W[]]]> {
    checkPartitions(numPartitions);
    return this.#with<readonly [K, W], readonly [K, readonly [V[], W[]]]>('cogroup', other, (a, b, batch) => {
      const parents = [a, b] as unknown as Lineage<readonly [K, unknown]>[];
      return cogroup<K>(parents, numPartitions ?? batch.numPartitions) as unknown as Lineage<
        readonly [K, readonly [V[], W[]]]
      >;
    });
  }

  /**
   * Every value with every value of the same key in the other stream's batch.
   * @param other a stream with the same slide duration
   * @throws StreamjobError CONFIG_INVALID when the slide durations differ
   * @example a.join(b) // [['k', 1]], [['k', 'x']] -> [['k', [1, 'x']]]
   */
  join<K, V, W>(
    this: DStream<readonly [K, V]>,
    other: DStream<readonly [K, W]>,
    numPartitions?: number,
  ): DStream<readonly [K, readonly [V, W]]> {
    return this.#join('join', other, numPartitions);
  }

  /** As join; a value without partner is paired with null. @throws StreamjobError CONFIG_INVALID */
  leftOuterJoin<K, V, W>(
    this: DStream<readonly [K, V]>,
    other: DStream<readonly [K, W]>,
    numPartitions?: number,
  ): DStream<readonly [K, readonly [V, W | null]]> {
    return this.#join('leftOuterJoin', other, numPartitions);
  }

  /** As join; a value of the other stream without partner is paired with null. @throws StreamjobError CONFIG_INVALID */
  rightOuterJoin<K, V, W>(
    this: DStream<readonly [K, V]>,
    other: DStream<readonly [K, W]>,
    numPartitions?: number,
  ): DStream<readonly [K, readonly [V | null, W]]> {
    return this.#join('rightOuterJoin', other, numPartitions);
  }

  /** As join; what has no partner on either side is paired with null. @throws StreamjobError CONFIG_INVALID */
  fullOuterJoin<K, V, W>(
    this: DStream<readonly [K, V]>,
    other: DStream<readonly [K, W]>,
    numPartitions?: number,
  ): DStream<readonly [K, readonly [V | null, W | null]]> {
    return this.#join('fullOuterJoin', other, numPartitions);
  }

  #join<K, W, R>(kind: JoinKind, other: DStream<readonly [K, W]>, numPartitions: number | undefined): DStream<R> {
    checkPartitions(numPartitions);
    return this.#with<readonly [K, W], R>(kind, other, (a, b, batch) => {
      const left = a as unknown as Lineage<readonly [K, unknown]>;
      // Which sides may be null follows from the kind: the four methods above say it in their types.
      return join(left, b, kind, numPartitions ?? batch.numPartitions) as unknown as Lineage<R>;
    });
  }

  /**
   * Per key the values of the last `windowDuration`, oldest batch first.
   * @throws StreamjobError CONFIG_INVALID when a duration is no multiple of this stream's slide duration
   * @example pairs.groupByKeyAndWindow('30s', '10s')
   */
  groupByKeyAndWindow<K, V>(
    this: DStream<readonly [K, V]>,
    windowDuration: DurationLike,
    slideDuration?: DurationLike,
    numPartitions?: number,
  ): DStream<readonly [K, V[]]> {
    return this.window(windowDuration, slideDuration).groupByKey(numPartitions);
  }

  /**
   * reduceByKey over a window. Each batch is reduced once; a step of the window costs as much as the keys that enter and
   * leave, with an inverse and without.
   * @param fn associative and commutative
   * @param inverse takes what leaves out again: inverse(fn(a, b), b) = a. Keys then stay when their data has left, with the
   *   value that is left, unless `filter` drops them
   * @param filter with an inverse only: pairs that it does not hold for leave
   * @throws StreamjobError CONFIG_INVALID when a duration is no multiple of this stream's slide duration
   * @example pairs.reduceByKeyAndWindow((a, b) => a + b, '30s', '10s')
   * @example pairs.reduceByKeyAndWindow((a, b) => a + b, (a, b) => a - b, '30s', '10s', undefined, ([, n]) => n !== 0)
   */
  reduceByKeyAndWindow<K, V>(
    this: DStream<readonly [K, V]>,
    fn: (a: Widen<V>, b: Widen<V>) => Widen<V>,
    windowDuration: DurationLike,
    slideDuration?: DurationLike,
    numPartitions?: number,
  ): DStream<readonly [K, Widen<V>]>;
  reduceByKeyAndWindow<K, V>(
    this: DStream<readonly [K, V]>,
    fn: (a: Widen<V>, b: Widen<V>) => Widen<V>,
    inverse: (a: Widen<V>, b: Widen<V>) => Widen<V>,
    windowDuration: DurationLike,
    slideDuration?: DurationLike,
    numPartitions?: number,
    filter?: (pair: readonly [K, Widen<V>]) => boolean,
  ): DStream<readonly [K, Widen<V>]>;
  reduceByKeyAndWindow<K, V>(
    this: DStream<readonly [K, V]>,
    fn: (a: Widen<V>, b: Widen<V>) => Widen<V>,
    ...rest: readonly unknown[]
  ): DStream<readonly [K, Widen<V>]> {
    const inverse = typeof rest[0] === 'function' ? (rest[0] as typeof fn) : undefined;
    const [windowDuration, slideDuration, numPartitions, filter] = rest.slice(inverse === undefined ? 0 : 1);
    return reducedWindow(this as unknown as DStream<readonly [K, Widen<V>]>, fn, {
      inverse,
      windowDuration: windowDuration as DurationLike,
      slideDuration: slideDuration as DurationLike | undefined,
      numPartitions: numPartitions as number | undefined,
      filter: filter as ((pair: readonly [K, Widen<V>]) => boolean) | undefined,
    });
  }

  /**
   * The state of each key after each batch. The function sees every key that has a state or new values, in every batch:
   * mapWithState costs less where few keys change.
   * @param fn (values, state) => state; or (time, key, values, state) => state; undefined removes the key. Or, with
   *   perPartition, (iterator of [key, values, state]) => pairs: keys that it does not give back go. The state has the values' type; one
   *   of another type is declared: `(values, state: Total | undefined) => …`
   * @param options numPartitions; initialState: states that are there before the first batch; perPartition
   * @example words.map((w) => [w, 1] as const).updateStateByKey((ones, sum) => (sum ?? 0) + ones.length)
   */
  updateStateByKey<K, V, S = Widen<V>>(
    this: DStream<readonly [K, V]>,
    fn: UpdateStates<K, V, S>,
    options: UpdateStateOptions<K, S> & { readonly perPartition: true },
  ): DStream<readonly [K, S]>;
  updateStateByKey<K, V, S = Widen<V>>(
    this: DStream<readonly [K, V]>,
    fn: UpdateStateFunction<K, V, S>,
    options?: UpdateStateOptions<K, S> & { readonly perPartition?: false },
  ): DStream<readonly [K, S]>;
  updateStateByKey<K, V, S>(
    this: DStream<readonly [K, V]>,
    fn: UpdateState<V, S> | UpdateStateAtTime<K, V, S> | UpdateStates<K, V, S>,
    options: UpdateStateOptions<K, S> = {},
  ): DStream<readonly [K, S]> {
    checkOptions('updateStateByKey', UPDATE_STATE_OPTIONS, options);
    const operator = this.#graph.operatorName('updateStateByKey');
    return new DStream(
      this.#graph,
      this.#graph.add(updateStateNode(this.#node as unknown as Node<readonly [K, V]>, fn, options, operator)),
    );
  }

  /**
   * A function with the state of each key, called for each value; the cost follows the keys that have values.
   * @param spec what is called, the initial states, the timeout of keys
   * @example pairs.mapWithState(StateSpec.function((key: string, n: number | undefined, sum: State<number>) => {
   *   sum.update((sum.getOption() ?? 0) + (n ?? 0));
   *   return [key, sum.get()] as const;
   * }))
   */
  mapWithState<K, V, S, M>(this: DStream<readonly [K, V]>, spec: StateSpec<K, V, S, M>): MapWithStateDStream<K, S, M> {
    const operator = this.#graph.operatorName('mapWithState');
    const node = this.#graph.add(mapWithStateNode(this.#node as unknown as Node<readonly [K, V]>, spec, operator));
    return new MapWithStateDStream(this.#graph, node);
  }

  /**
   * Output: calls `fn` with each batch. The batch commits when the promises of all its outputs have resolved; a failed
   * one is run again by the job's `onFailure`, on the same data.
   * @param fn gets the RDD, the batch time in ms since the epoch, and what names the batch (see `exactlyOnce`)
   * @example counts.foreachRDD(async (rdd, time) => { await save(time, await rdd.collect()); })
   */
  foreachRDD(fn: (rdd: RDD<T>, time: number, batch: OutputBatch) => void | Promise<void>): void {
    this.#graph.addOutput(foreachRddOutput(this.#node, fn));
  }

  /**
   * Output: prints the first elements of each batch, as Spark prints them.
   * @param num how many at most @param label what tells this print from others: it stands behind the time, and in `--json` lines
   * @throws StreamjobError CONFIG_INVALID
   * @example counts.print(20)
   * @example counts.print(20, 'words of the batch')
   */
  print(num = 10, label?: string): void {
    this.#graph.addOutput(printOutput(this.#node, num, label));
  }

  /**
   * Output: writes each batch to a directory `<prefix>-<time>[.<suffix>]` of text files, a line per value.
   * @example counts.saveAsTextFiles('out/counts', 'txt') // out/counts-1700000000000.txt/part-00000
   */
  saveAsTextFiles(prefix: string, suffix = ''): void {
    this.#graph.addOutput(saveOutput(this.#node, 'saveAsTextFiles', prefix, suffix));
  }

  /** Output: as saveAsTextFiles, in the form of Node's v8.serialize, each value behind its length in 4 bytes. */
  saveAsObjectFiles(prefix: string, suffix = ''): void {
    this.#graph.addOutput(saveOutput(this.#node, 'saveAsObjectFiles', prefix, suffix));
  }

  /**
   * Output: a hot Observable of the values; each batch's come in the order of its outputs, and the batch does not wait for
   * what subscribers do with them.
   * @example counts.toObservable().subscribe(([word, count]) => console.log(word, count))
   */
  toObservable(): Observable<T> {
    const subject = new Subject<T>();
    this.foreachRDD(async (rdd) => {
      for (const value of await rdd.collect()) subject.next(value);
    });
    return subject.asObservable();
  }

  /** A stream from this one's and another's batch of the same time. */
  #with<V, U>(
    name: string,
    other: DStream<V>,
    build: (a: Lineage<T>, b: Lineage<V>, batch: BatchView) => Lineage<U>,
  ): DStream<U> {
    const { graph, nodes } = sameSlide([this, other] as readonly DStream<unknown>[], name);
    const [first, second] = nodes as unknown as [Node<T>, Node<V>];
    return new DStream(
      graph,
      graph.add<U>({
        name,
        parents: nodes,
        slideMs: first.slideMs,
        windowMs: 0,
        lineage: (time, batch) =>
          build(present(batch.of(first, time), name, time), present(batch.of(second, time), name, time), batch),
      }),
    );
  }

  /** @internal */
  static nodeOf<T>(stream: DStream<T>): { graph: Graph; node: Node<T> } {
    return { graph: stream.#graph, node: stream.#node };
  }
}

/** How event-time windows get the time of an event. */
export interface EventTimeOptions<T> {
  /**
   * Where the time is: true for the `timestamp` header of Flume events, or a function that gives ms since the epoch.
   */
  readonly eventTime: true | ((value: T) => number | undefined);
  /** How late events may come. In ms, or a text such as '250ms', '1s', '5m'. Default: 0. */
  readonly allowedLateness?: DurationLike;
  /**
   * How far ahead of the clock the time of an event may be. One that is further ahead, or is no number, counts as late,
   * with a warning: it would make all later events late for good. In ms, or a text such as '250ms', '1s', '5m'.
   * Default: 1h.
   */
  readonly maxAhead?: DurationLike;
}

export const EVENT_TIME_OPTIONS = {
  eventTime: anyOf([exactly(true), fn<(value: unknown) => number | undefined>({})], {
    required: true,
    expected: 'true, for the `timestamp` header of Flume events, or a function that gives ms since the epoch',
    doc: 'where the time is: true for the `timestamp` header of Flume events, or a function that gives ms since the epoch',
  }),
  allowedLateness: duration({ orZero: true, default: 0, doc: 'how late events may come' }),
  maxAhead: duration({
    default: '1h',
    doc: 'how far ahead of the clock the time of an event may be',
    more: 'One that is further ahead, or is no number, counts as late, with a warning: it would make all later events late for good.',
  }),
} satisfies OptionTable<EventTimeOptions<unknown>>;

function headerTimestamp(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('timestamp' in value)) return undefined;
  return typeof value.timestamp === 'number' ? value.timestamp : undefined;
}

/** Windows by the time of events: those that closed in each batch, and aside what came too late. */
export class EventWindowDStream<T> extends DStream<EventWindow<T>> {
  readonly #late: DStream<T>;

  /** @internal */
  constructor(graph: Graph, items: Node<EventWindowItem<T>>) {
    const all = new DStream(graph, items);
    const windows = all.flatMap((item) => ('window' in item ? [item.window] : []));
    super(graph, DStream.nodeOf(windows).node);
    this.#late = all.flatMap((item) => ('late' in item ? [item.late] : []));
  }

  /**
   * The values whose windows had all closed when they came.
   * @example windows.lateValues().count().print()
   */
  lateValues(): DStream<T> {
    return this.#late;
  }
}

/** What mapWithState gives: the results of its function; and the states, when asked for. */
export class MapWithStateDStream<K, S, M> extends DStream<M> {
  /**
   * All keys with their states after each batch; costs as much as there are keys.
   * @example counts.stateSnapshots().print()
   */
  stateSnapshots(): DStream<readonly [K, S]> {
    const { graph, node } = DStream.nodeOf(this);
    return new DStream(graph, graph.add(stateSnapshotsNode<K, S>(node)));
  }
}

/** The window as a chain: reduce each batch by key into the buckets of the state, then step by step. */
function reducedWindow<K, V>(
  stream: DStream<readonly [K, V]>,
  fn: (a: V, b: V) => V,
  options: {
    readonly inverse: ((a: V, b: V) => V) | undefined;
    readonly windowDuration: DurationLike | undefined;
    readonly slideDuration: DurationLike | undefined;
    readonly numPartitions?: number | undefined;
    readonly filter?: ((pair: readonly [K, V]) => boolean) | undefined;
  },
): DStream<readonly [K, V]> {
  const { graph, node } = DStream.nodeOf(stream);
  const { inverse, filter, numPartitions } = options;
  checkPartitions(numPartitions);
  const windowMs = durationMs(options.windowDuration ?? '', 'windowDuration');
  const slideMs =
    options.slideDuration === undefined ? node.slideMs : durationMs(options.slideDuration, 'slideDuration');
  requireMultiple('window duration', windowMs, node);
  requireMultiple('slide duration', slideMs, node);
  const reduced = graph.add<readonly [K, V]>({
    name: 'reduceByKey',
    parents: [node],
    slideMs: node.slideMs,
    windowMs: 0,
    lineage(time, batch) {
      const data = batch.of(node, time);
      const partitioner = statePartitioner(statePartitionsOf(numPartitions, batch.numPartitions));
      return data === undefined ? undefined : reduceByKey(data, fn, partitioner, 'reduceByKeyAndWindow');
    },
  });
  const window: ReducedWindow<K, V> = { windowMs, slideMs, fn, inverse, filter, numPartitions };
  const operator = graph.operatorName('reduceByKeyAndWindow');
  return new DStream(
    graph,
    inverse === undefined
      ? graph.add(reducedWindowNode(reduced, window, twoStacksAlgebra(window), operator))
      : graph.add(reducedWindowNode(reduced, window, inverseAlgebra(window), operator)),
  );
}

/** The nodes of streams that are to be read together. @throws StreamjobError CONFIG_INVALID */
function sameSlide(streams: readonly DStream<unknown>[], operator: string): { graph: Graph; nodes: Node<unknown>[] } {
  const parts = streams.map((stream) => DStream.nodeOf(stream));
  const [first] = parts;
  if (first === undefined) throw new StreamjobError('CONFIG_INVALID', `${operator} needs at least one stream`);
  for (const part of parts) {
    if (part.graph !== first.graph)
      throw new StreamjobError('CONFIG_INVALID', `${operator} of streams of different contexts`);
    if (part.node.slideMs !== first.node.slideMs) {
      throw new StreamjobError('CONFIG_INVALID', `${operator} of streams with different slide durations`, {
        where: `${first.node.name} slides by ${first.node.slideMs} ms, ${part.node.name} by ${part.node.slideMs} ms`,
        hint: 'give both streams windows with the same slide',
      });
    }
  }
  return { graph: first.graph, nodes: parts.map(({ node }) => node) };
}

/** A parent's data, which must be there: as in Spark a parent without an RDD fails the batch. */
function present<T>(data: Lineage<T> | undefined, operator: string, time: number): Lineage<T> {
  if (data !== undefined) return data;
  throw new StreamjobError('JOB_INVALID', `could not generate an RDD from a parent of ${operator} at time ${time} ms`, {
    where: operator,
    hint: 'its input gave no data at all for this time, not even an empty batch',
  });
}

/** The values of all streams, duplicates kept. @throws StreamjobError CONFIG_INVALID for none, or when their slide durations differ */
export function unionStreams<T>(streams: readonly DStream<T>[]): DStream<T> {
  const { graph, nodes } = sameSlide(streams as readonly DStream<unknown>[], 'union');
  return new DStream(
    graph,
    graph.add<T>({
      name: 'union',
      parents: nodes,
      slideMs: nodes[0]?.slideMs ?? graph.batchMs,
      windowMs: 0,
      lineage: (time, batch) => ({
        kind: 'union',
        parents: (nodes as Node<T>[]).map((node) => present(batch.of(node, time), 'union', time)),
      }),
    }),
  );
}

/** Any function from the streams' RDDs to one, called once per batch. @throws StreamjobError CONFIG_INVALID */
export function transformStreams<U>(
  streams: readonly DStream<never>[] | readonly DStream<unknown>[],
  operator: string,
  fn: (rdds: readonly RDD<unknown>[], time: number) => RDD<U>,
): DStream<U> {
  const { graph, nodes } = sameSlide(streams as readonly DStream<unknown>[], operator);
  return new DStream(
    graph,
    graph.add<U>({
      name: operator,
      parents: nodes,
      slideMs: nodes[0]?.slideMs ?? graph.batchMs,
      windowMs: 0,
      lineage(time, batch) {
        const rdds = nodes.map((node) => batch.rdd(present(batch.of(node, time), operator, time)));
        return transformed(fn, rdds, time, operator);
      },
    }),
  );
}

function transformed<U>(
  fn: (rdds: readonly RDD<unknown>[], time: number) => RDD<U>,
  rdds: readonly RDD<unknown>[],
  time: number,
  operator: string,
): Lineage<U> {
  let result: unknown;
  try {
    result = requireSync(fn(rdds, time), operator);
  } catch (error) {
    throw userError(error, { name: operator });
  }
  if (result instanceof RDD) return result.lineage as Lineage<U>;
  throw new StreamjobError('USER_FUNCTION', `the function of ${operator} returned no RDD`, {
    where: operator,
    hint: 'return the RDD that the batch becomes',
  });
}

function checkPartitions(numPartitions: number | undefined): void {
  if (numPartitions !== undefined) requirePartitions(numPartitions);
}
