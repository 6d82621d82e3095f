/**
 * Jobs put together at random, out of steps that can follow each other in any order: each takes whatever values there are, and makes numbers or
 * keys of them by their text. Built by the test, and by the workers on the executors.
 */
import { inspect } from 'node:util';
import type { StreamingContext } from '../../../src/api/streaming-context.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { type State, StateSpec } from '../../../src/graph/state/state-spec.ts';

type Values = DStream<unknown>;
type Key = number | string | readonly number[];
type Pairs = DStream<readonly [Key, number]>;

/** A step, and how it is varied. */
export interface RandomStep {
  readonly name: StepName;
  /** From 1. */
  readonly n: number;
  /** What a step that brings two streams together does to the other one. */
  readonly other: readonly RandomStep[];
}

/** What is shipped: plain data. */
export interface RandomJob {
  readonly steps: readonly RandomStep[];
}

/** A number that only equal values have, as far as tests go: -0 is another value than 0. */
function numberOf(value: unknown): number {
  let hash = 7;
  for (const char of inspect(value, { depth: 9, maxArrayLength: null, breakLength: Number.POSITIVE_INFINITY })) {
    hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 1_000_003;
  }
  return hash;
}

function keyOf(value: number, n: number): Key {
  const keys: readonly Key[] = [value % 4, `k${value % 3}`, [value % 2, value % 3]];
  return keys[n % keys.length] ?? 0;
}

const add = (a: number, b: number): number => a + b;
const keyed = (values: Values, n: number): Pairs =>
  values.map((value) => [keyOf(numberOf(value), n), numberOf(value) % 100] as const);
/** Few, so that no product of streams grows beyond measure. */
const few = (values: Values): Values => values.filter((value) => numberOf(value) % 3 === 0);
/** Joined later with the same key: it does not tell in which order pieces came unless that order is kept. */
const texts = (pairs: Pairs) => pairs.mapValues((number) => `${number};`);
const join = (a: string, b: string): string => a + b;

/** Counts by key, and forgets a key now and then. */
function counting(n: number, timeout: number) {
  return StateSpec.function((_: number, key: Key, value: number | undefined, state: State<number>) => {
    if (state.isTimingOut()) return ['gone', key, state.get()];
    const sum = (state.getOption() ?? 0) + (value ?? 0);
    if (sum % (n + 3) !== 0) state.update(sum);
    else if (state.exists()) state.remove();
    return sum % 2 === 0 ? undefined : ['is', key, sum];
  }).timeout(timeout);
}

/** Streams of one stream. @param n varies it, from 1 */
const ONE = {
  map: (values: Values, n: number) => values.map((value) => numberOf(value) * n),
  filter: (values: Values, n: number) => values.filter((value) => numberOf(value) % (n + 1) !== 0),
  flatMap: (values: Values, n: number) =>
    values.flatMap((value) => Array.from({ length: numberOf(value) % (n + 1) }, (_, i) => [value, i])),
  mapPartitions: (values: Values) => values.mapPartitions((part) => [[...part].map(numberOf)]),
  glom: (values: Values) => values.glom(),
  mapAsync: (values: Values, n: number) => values.mapAsync(async (value) => await Promise.resolve([n, value])),
  count: (values: Values) => values.count(),
  reduce: (values: Values) => values.map(String).reduce(join),
  countByValue: (values: Values, n: number) => values.map((value) => numberOf(value) % n).countByValue(n),
  reduceByKey: (values: Values, n: number) => texts(keyed(values, n)).reduceByKey(join),
  reduceTo: (values: Values, n: number) => keyed(values, n).reduceByKey(add, n),
  groupByKey: (values: Values, n: number) => keyed(values, n).groupByKey(n),
  combineByKey: (values: Values, n: number) =>
    keyed(values, n).combineByKey(
      (value) => [value],
      (list: readonly number[], value) => [...list, value],
      (a, b) => [...a, ...b],
    ),
  flatMapValues: (values: Values, n: number) => keyed(values, n).flatMapValues((value) => [value, -value]),
  repartition: (values: Values, n: number) => values.repartition(n),
  sorted: (values: Values, n: number) =>
    values.transform((rdd, time) => rdd.sortBy((value) => (numberOf(value) + time) % (n * 10)).zipWithIndex()),
  distinct: (values: Values, n: number) => values.transform((rdd) => rdd.map((v) => numberOf(v) % (n + 1)).distinct()),
  sample: (values: Values, n: number) => values.transform((rdd) => rdd.sample(false, 0.7, n)),
  partitionBy: (values: Values, n: number) => keyed(values, n).transform((rdd) => rdd.partitionBy(n).glom()),
  square: (values: Values) =>
    few(values).transform((rdd) => rdd.cartesian(rdd.filter((value) => numberOf(value) % 7 === 0))),
  window: (values: Values, n: number) => values.window(n * values.slideDuration),
  slide: (values: Values, n: number) => values.window(n * values.slideDuration, 2 * values.slideDuration),
  windowedReduce: (values: Values, n: number) =>
    texts(keyed(values, n)).reduceByKeyAndWindow(join, n * values.slideDuration),
  inverseWindow: (values: Values, n: number) =>
    keyed(values, n).reduceByKeyAndWindow(add, (a, b) => a - b, n * values.slideDuration),
  groupedWindow: (values: Values, n: number) => keyed(values, n).groupByKeyAndWindow(n * values.slideDuration),
  countByWindow: (values: Values, n: number) => values.countByWindow(n * values.slideDuration, values.slideDuration),
  updateStateByKey: (values: Values, n: number) =>
    keyed(values, n).updateStateByKey((news: readonly number[], sum: number | undefined) => {
      const now = news.reduce(add, sum ?? 0);
      return now % (n + 3) === 0 ? undefined : now;
    }),
  mapWithState: (values: Values, n: number) => keyed(values, n).mapWithState(counting(n, 2000)),
  snapshots: (values: Values, n: number) => keyed(values, n).mapWithState(counting(n, 5000)).stateSnapshots(),
};

/** Streams of two streams. */
const TWO = {
  union: (values: Values, other: Values) => values.union(other),
  cogroup: (values: Values, other: Values, n: number) => keyed(values, n).cogroup(keyed(other, n)),
  join: (values: Values, other: Values, n: number) => keyed(values, n).join(keyed(few(other), n), n),
  leftOuterJoin: (values: Values, other: Values, n: number) => keyed(values, n).leftOuterJoin(keyed(few(other), n)),
  rightOuterJoin: (values: Values, other: Values, n: number) => keyed(few(values), n).rightOuterJoin(keyed(other, n)),
  fullOuterJoin: (values: Values, other: Values, n: number) => keyed(few(values), n).fullOuterJoin(keyed(other, n), n),
  transformWith: (values: Values, other: Values, n: number) =>
    keyed(values, n).transformWith(keyed(other, n), (a, b) => a.union(b.reduceByKey(add)).union(a)),
};

type StepName = keyof typeof ONE | keyof typeof TWO;

/** The names of all steps. */
export const STEPS_OF_ONE = Object.keys(ONE) as (keyof typeof ONE)[];
export const STEPS_OF_TWO = Object.keys(TWO) as (keyof typeof TWO)[];

/** @param input what the other stream of a step begins with */
function built(input: Values, start: Values, steps: readonly RandomStep[]): Values {
  return steps.reduce((values, { n, name, other }): Values => {
    if (name in ONE) return ONE[name as keyof typeof ONE](values, n);
    const second = built(input, input, other);
    // Streams come together when they slide alike.
    const fitting = second.slideDuration === values.slideDuration ? second : values.map((value) => [value]);
    return TWO[name as keyof typeof TWO](values, fitting, n);
  }, start);
}

export default (_: StreamingContext, input: Values, __: unknown, ___: unknown, data: unknown): Values =>
  built(input, input, (data as RandomJob).steps);
