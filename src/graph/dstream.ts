/**
 * DStream: an endless sequence of batches, each an RDD. Its methods have Spark's names and meaning, add nodes to the
 * job's graph and run nothing; outputs make a job do something.
 */

import { type DurationLike, durationMs } from '../core/duration.ts';
import { StreamjobError } from '../core/errors.ts';
import { requireSync, type Sync, userError, type Widen } from './functions.ts';
import { type Lineage, narrow, type Step } from './lineage.ts';
import type { BatchView, Graph, Node } from './node.ts';
import { countByValue, groupByKey, mapValuesStep, reduceByKey } from './operators/by-key.ts';
import { filterStep } from './operators/filter.ts';
import { flatMapStep } from './operators/flat-map.ts';
import { mapStep } from './operators/map.ts';
import { mapPartitionsStep } from './operators/map-partitions.ts';
import { countAll, reduceAll } from './operators/reduce.ts';
import { windowNode } from './operators/window.ts';
import { foreachRddOutput } from './outputs/foreach-rdd.ts';
import { printOutput } from './outputs/print.ts';
import { RDD } from './rdd.ts';

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
  map<U>(fn: (value: T) => U, ..._sync: Sync<U>): DStream<U> {
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
   * @example numbers.mapPartitions((values) => [[...values].length]) // two partitions [1, 2], [3] -> [2, 1]
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
   * Any function from RDD to RDD, called once per batch.
   * @param fn synchronous; gets the RDD and the batch time in ms since the epoch
   * @example words.transform((rdd) => rdd.filter((word) => word !== ''))
   */
  transform<U>(fn: (rdd: RDD<T>, time: number) => RDD<U>): DStream<U> {
    return this.#derive('transform', (parent, batch, time) => transformed(fn, batch.rdd(parent), time));
  }

  /**
   * At multiples of the slide, the values of the last `windowDuration`, oldest batch first.
   * @param windowDuration ms or a text such as '30s'; a multiple of this stream's slide duration
   * @param slideDuration likewise; this stream's own when left out
   * @throws StreamjobError CONFIG_INVALID when one is no multiple
   * @example words.window('30s', '10s')
   */
  window(windowDuration: DurationLike, slideDuration?: DurationLike): DStream<T> {
    const windowMs = durationMs(windowDuration, 'windowDuration');
    const slideMs = slideDuration === undefined ? this.slideDuration : durationMs(slideDuration, 'slideDuration');
    return new DStream(this.#graph, this.#graph.add(windowNode(this.#node, windowMs, slideMs)));
  }

  /**
   * A function over the values of pairs; the keys stay.
   * @example pairs.mapValues((n) => n + 1) // [['a', 1]] -> [['a', 2]]
   */
  mapValues<K, V, U>(this: DStream<readonly [K, V]>, fn: (value: V) => U, ..._sync: Sync<U>): DStream<readonly [K, U]> {
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
   * reduceByKey over a window: each batch is reduced once, and the window reduces the batches' results.
   * @param fn associative and commutative
   * @param windowDuration ms or a text; a multiple of this stream's slide duration
   * @param slideDuration likewise; this stream's own when left out
   * @throws StreamjobError CONFIG_INVALID when one is no multiple
   * @example pairs.reduceByKeyAndWindow((a, b) => a + b, '30s', '10s')
   */
  reduceByKeyAndWindow<K, V>(
    this: DStream<readonly [K, V]>,
    fn: (a: Widen<V>, b: Widen<V>) => Widen<V>,
    windowDuration: DurationLike,
    slideDuration?: DurationLike,
    numPartitions?: number,
  ): DStream<readonly [K, Widen<V>]> {
    const reduced: DStream<readonly [K, Widen<V>]> = this.reduceByKey(fn, numPartitions);
    const windowed = reduced.window(windowDuration, slideDuration);
    return windowed.#derive('reduceByKeyAndWindow', (parent, batch) =>
      reduceByKey(parent, fn, numPartitions ?? batch.numPartitions, 'reduceByKeyAndWindow'),
    );
  }

  /**
   * Output: calls `fn` with each batch. The batch commits when the promises of all its outputs have resolved; a failed
   * one is run again by the job's `onFailure`, on the same data.
   * @param fn gets the RDD and the batch time in ms since the epoch
   * @example counts.foreachRDD(async (rdd, time) => { await save(time, await rdd.collect()); })
   */
  foreachRDD(fn: (rdd: RDD<T>, time: number) => void | Promise<void>): void {
    this.#graph.addOutput(foreachRddOutput(this.#node, fn));
  }

  /**
   * Output: prints the first elements of each batch, as Spark prints them.
   * @param num how many at most
   * @example counts.print(20)
   */
  print(num = 10): void {
    this.#graph.addOutput(printOutput(this.#node, num));
  }

  /** @internal */
  static nodeOf<T>(stream: DStream<T>): { graph: Graph; node: Node<T> } {
    return { graph: stream.#graph, node: stream.#node };
  }
}

/** The values of all streams. @throws StreamjobError CONFIG_INVALID for none, or when their slide durations differ */
export function unionStreams<T>(streams: readonly DStream<T>[]): DStream<T> {
  const parts = streams.map((stream) => DStream.nodeOf(stream));
  const [first] = parts;
  if (first === undefined) throw new StreamjobError('CONFIG_INVALID', 'union needs at least one stream');
  const { graph } = first;
  const nodes = parts.map((part) => part.node);
  for (const part of parts) {
    if (part.graph !== graph) throw new StreamjobError('CONFIG_INVALID', 'union of streams of different contexts');
    if (part.node.slideMs !== first.node.slideMs) {
      throw new StreamjobError('CONFIG_INVALID', 'union of streams with different slide durations', {
        where: `${first.node.name} slides by ${first.node.slideMs} ms, ${part.node.name} by ${part.node.slideMs} ms`,
        hint: 'give both streams windows with the same slide',
      });
    }
  }
  return new DStream(
    graph,
    graph.add<T>({
      name: 'union',
      parents: nodes,
      slideMs: first.node.slideMs,
      windowMs: 0,
      lineage: (time, batch) => ({
        kind: 'union',
        parents: nodes.map((node) => batch.of(node, time)).filter((data) => data !== undefined),
      }),
    }),
  );
}

function transformed<T, U>(fn: (rdd: RDD<T>, time: number) => RDD<U>, rdd: RDD<T>, time: number): Lineage<U> {
  let result: unknown;
  try {
    result = requireSync(fn(rdd, time), 'transform');
  } catch (error) {
    throw userError(error, 'transform');
  }
  if (result instanceof RDD) return result.lineage as Lineage<U>;
  throw new StreamjobError('USER_FUNCTION', 'the function of transform returned no RDD', {
    where: 'transform',
    hint: 'return the RDD that the batch becomes',
  });
}

function checkPartitions(numPartitions: number | undefined): void {
  if (numPartitions === undefined || (Number.isSafeInteger(numPartitions) && numPartitions > 0)) return;
  throw new StreamjobError(
    'CONFIG_INVALID',
    `numPartitions must be a whole number greater than 0, not ${numPartitions}`,
  );
}
