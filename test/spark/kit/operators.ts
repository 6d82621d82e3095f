/** One stream for each operator, by name, over numbers: built by the test, and by the workers on the executors. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamingContext } from '../../../src/api/streaming-context.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { type State, StateSpec } from '../../../src/graph/state/state-spec.ts';

const pairs = (numbers: DStream<number>): DStream<readonly [number, number]> => numbers.map((n) => [n % 5, n] as const);
const add = (a: number, b: number): number => a + b;

/** Values of every kind that structured clone keeps. */
function curious(n: number): unknown {
  const values: readonly unknown[] = [
    undefined,
    null,
    Number.NaN,
    -0,
    Number.NEGATIVE_INFINITY,
    12345678901234567890n,
    new Date(n),
    new Map([[n, new Set([n, 'x'])]]),
    Buffer.from([0, 255, n]),
    new Float64Array([n, -0]),
    { ['__proto__']: n, toString: n, nested: [undefined, { n }] },
    'tab\t lf\n cr\r crlf\r\n nul\u0000 \\N \u0001 "q" \ud83d\ude00 鍵',
    '',
    /a(b)?/giu,
  ];
  return values[n % values.length];
}

/** Each makes a stream of a stream of numbers. */
export const operators = {
  nothing: (numbers: DStream<number>) => numbers,
  map: (numbers: DStream<number>) => numbers.map((n) => n * 2).filter((n) => n % 3 !== 0),
  flatMap: (numbers: DStream<number>) => numbers.flatMap((n) => Array.from({ length: n % 4 }, (_, i) => `${n}.${i}`)),
  mapPartitions: (numbers: DStream<number>) => numbers.mapPartitions((values) => [[...values].length]),
  glom: (numbers: DStream<number>) => numbers.map((n) => n + 1).glom(),
  mapAsync: (numbers: DStream<number>) =>
    numbers
      .map((n) => n + 1)
      .mapAsync(async (n) => {
        await sleep(n % 3);
        return n * 10;
      })
      .map((n) => n + 1),
  count: (numbers: DStream<number>) => numbers.count(),
  reduce: (numbers: DStream<number>) => numbers.reduce(add),
  countByValue: (numbers: DStream<number>) => numbers.map((n) => n % 3).countByValue(),
  reduceByKey: (numbers: DStream<number>) => pairs(numbers).reduceByKey(add),
  wideReduceByKey: (numbers: DStream<number>) => pairs(numbers).reduceByKey(add, 7),
  twoShuffles: (numbers: DStream<number>) =>
    pairs(numbers)
      .reduceByKey(add)
      .map(([key, sum]) => [key % 2, sum] as const)
      .groupByKey()
      .mapValues((sums) => [...sums].sort((a, b) => a - b)),
  groupByKey: (numbers: DStream<number>) => pairs(numbers).groupByKey(3),
  combineByKey: (numbers: DStream<number>) =>
    pairs(numbers).combineByKey(
      (n) => [n],
      (list: number[], n) => [...list, n],
      (a, b) => [...a, ...b],
    ),
  cogroup: (numbers: DStream<number>) => pairs(numbers).cogroup(pairs(numbers.map((n) => n + 2))),
  join: (numbers: DStream<number>) => pairs(numbers).join(pairs(numbers.filter((n) => n % 2 === 0))),
  fullOuterJoin: (numbers: DStream<number>) =>
    pairs(numbers.filter((n) => n < 5)).fullOuterJoin(pairs(numbers.filter((n) => n > 3))),
  union: (numbers: DStream<number>) => numbers.map((n) => n).union(numbers.map((n) => -n)),
  unionOfShuffles: (numbers: DStream<number>) =>
    pairs(numbers)
      .reduceByKey(add, 2)
      .union(pairs(numbers.map((n) => n * 100)).reduceByKey(add, 3))
      .mapValues((n) => n + 0.5),
  repartition: (numbers: DStream<number>) =>
    numbers
      .map((n) => n + 1)
      .repartition(5)
      .glom(),
  transformed: (numbers: DStream<number>) =>
    numbers.transform((rdd, time) =>
      rdd
        .map((n) => n + time)
        .sortBy((n) => -n)
        .zipWithIndex(),
    ),
  distinct: (numbers: DStream<number>) => numbers.transform((rdd) => rdd.map((n) => n % 4).distinct()),
  sample: (numbers: DStream<number>) => numbers.transform((rdd) => rdd.map((n) => n).sample(false, 0.5, 7)),
  cartesian: (numbers: DStream<number>) => numbers.transform((rdd) => rdd.cartesian(rdd.filter((n) => n < 3))),
  partitionBy: (numbers: DStream<number>) =>
    pairs(numbers).transform((rdd) =>
      rdd
        .partitionBy(3)
        .glom()
        .map((part) => part.length),
    ),
  window: (numbers: DStream<number>) => numbers.window(3000).map((n) => n + 1),
  windowedReduce: (numbers: DStream<number>) => pairs(numbers).reduceByKeyAndWindow(add, 3000, 1000),
  inverseWindow: (numbers: DStream<number>) => pairs(numbers).reduceByKeyAndWindow(add, (a, b) => a - b, 3000, 1000),
  eventTime: (numbers: DStream<number>) =>
    numbers
      .window('10ms', '10ms', { eventTime: (n) => n, allowedLateness: '2ms' })
      .map(({ start, values }) => `${start}: ${[...values].sort((a, b) => a - b)}`),
  updateStateByKey: (numbers: DStream<number>) =>
    pairs(numbers).updateStateByKey((values: readonly number[], sum: number | undefined) =>
      values.reduce(add, sum ?? 0),
    ),
  mapWithState: (numbers: DStream<number>) => {
    const spec = StateSpec.function((_time: number, key: number, n: number | undefined, state: State<number>) => {
      state.update((state.getOption() ?? 0) + (n ?? 0));
      return `${key}: ${state.get()}`;
    });
    const mapped = pairs(numbers).mapWithState(spec);
    return mapped.union(mapped.stateSnapshots().map(([key, sum]) => `snapshot ${key}: ${sum}`));
  },
  stateThenShuffle: (numbers: DStream<number>) =>
    pairs(numbers)
      .updateStateByKey((values: readonly number[], sum: number | undefined) => values.reduce(add, sum ?? 0))
      .map(([key, sum]) => [key % 2, sum] as const)
      .reduceByKey(add),
  /** Throws on one of the values. */
  throws: (numbers: DStream<number>) =>
    numbers.map((n) => {
      if (n === 3) throw new Error(`no ${n}`);
      return n;
    }),
  /** Ends the process of a worker in the middle, as if all were well. */
  exits: (numbers: DStream<number>) =>
    numbers.map((n) => {
      if (n === 3) process.exit(0);
      return n;
    }),
  curious: (numbers: DStream<number>) =>
    numbers
      .map((n) => [n % 3, curious(n)] as const)
      .groupByKey()
      .mapValues((values) => [...values]),
};

export type OperatorName = keyof typeof operators;

/** What the test says: which stream. */
export interface OperatorData {
  readonly name: OperatorName;
}

// biome-ignore lint/style/noDefaultExport: what builds a job is a module's default export.
export default (
  _: StreamingContext,
  input: DStream<number>,
  __: unknown,
  ___: unknown,
  data: unknown,
): DStream<unknown> => operators[(data as OperatorData).name](input) as DStream<unknown>;
