/**
 * Type tests: compiled by `npm run types`, never run. What must not compile is marked; a mark without an error is one.
 */
import type { DStream, FlumeEvent, RDD, StreamingContext } from 'streamjob';
import { runBatches } from 'streamjob/testing';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Equal<A, B>): void {}
declare const ssc: StreamingContext;
declare const numbers: DStream<number>;
declare const pairs: DStream<readonly [string, number]>;

const events = ssc.flumeStream({ port: 41414 });
same<typeof events, DStream<FlumeEvent>>(true);

// Keys and values are inferred through every operator, literals widened where they are added up.
const counts = events
  .flatMap((event) => event.text().split(' '))
  .map((word) => [word, 1] as const)
  .reduceByKey((a, b) => a + b);
same<typeof counts, DStream<readonly [string, number]>>(true);
const grouped = pairs.groupByKey();
same<typeof grouped, DStream<readonly [string, number[]]>>(true);
const mapped = pairs.mapValues((n) => n > 1);
same<typeof mapped, DStream<readonly [string, boolean]>>(true);
const counted = numbers.countByValue();
same<typeof counted, DStream<readonly [number, number]>>(true);
const windowed = pairs.reduceByKeyAndWindow((a, b) => a + b, '30s', '10s');
same<typeof windowed, DStream<readonly [string, number]>>(true);
const transformed = numbers.transform((rdd) => rdd.map(String));
same<typeof transformed, DStream<string>>(true);

// Pair operators need pairs.
// @ts-expect-error numbers are no pairs
numbers.reduceByKey((a: number, b: number) => a + b);
// @ts-expect-error numbers are no pairs
numbers.groupByKey();
// @ts-expect-error words are no pairs
events.map((event) => event.text()).mapValues((n) => n);

// Functions of operators are synchronous.
// @ts-expect-error an async function
numbers.map(async (n) => n);
// @ts-expect-error an async function
numbers.filter(async (n) => n > 1);
// @ts-expect-error an async function
numbers.flatMap(async (n) => [n]);
// @ts-expect-error an async function
pairs.mapValues(async (n) => n);
// @ts-expect-error an async function
pairs.reduceByKey(async (a, b) => a + b);
// @ts-expect-error an async function
numbers.reduce(async (a, b) => a + b);
// @ts-expect-error an async function
numbers.transform(async (rdd) => rdd);

// Outputs may be async.
numbers.foreachRDD(async (rdd) => {
  const values: number[] = await rdd.collect();
  await rdd.foreach(async () => {});
  void values;
});

const out = runBatches({ batchInterval: 1000, inputs: [[1, 2]], inputs2: [['a']] }, (_, first, second) => {
  same<typeof first, DStream<number>>(true);
  same<typeof second, DStream<string>>(true);
  return first.map(String).union(second);
});
same<Awaited<typeof out>[number]['values'], readonly string[]>(true);

// Joins, state and windows keep their types.
const joined = pairs.leftOuterJoin(pairs.mapValues(String));
same<typeof joined, DStream<readonly [string, readonly [number, string | null]]>>(true);
const grouped2 = pairs.cogroup(pairs.mapValues(String));
same<typeof grouped2, DStream<readonly [string, readonly [number[], string[]]]>>(true);
const totals = pairs.updateStateByKey(
  (values: readonly number[], sum: number | undefined) => (sum ?? 0) + values.length,
);
same<typeof totals, DStream<readonly [string, number]>>(true);
const looked = numbers.mapAsync(async (n) => `${n}`);
same<typeof looked, DStream<string>>(true);
// @ts-expect-error mapAsync is for asynchronous functions
numbers.mapAsync((n) => n);
// @ts-expect-error numbers are no pairs
numbers.join(pairs);
// @ts-expect-error the keys have other types
pairs.join(numbers.map((n) => [n, n] as const));
const timed = events.window('1m', '1m', { eventTime: true, allowedLateness: '10s' });
same<ReturnType<typeof timed.lateValues>, DStream<FlumeEvent>>(true);
// A function that returns any is let through: nothing is known of it.
numbers.map((n) => JSON.parse(String(n)));

// What map's function returns is what the stream has: literals, tuples, nothing and unions stay as they are.
declare const rdd: RDD<readonly [string, number]>;
const tests = numbers.map((n) => n > 1);
same<typeof tests, DStream<boolean>>(true);
const literals = numbers.map((n) => (n > 1 ? 'a' : null));
same<typeof literals, DStream<'a' | null>>(true);
const thrown = numbers.map(() => {
  throw new Error('always');
});
same<typeof thrown, DStream<never>>(true);
const nothing = numbers.map(() => undefined);
same<typeof nothing, DStream<undefined>>(true);
const tuples: DStream<[number, string]> = numbers.map((n) => [n, 'a']);
void tuples;
const parsed = numbers.map((n) => JSON.parse(String(n)));
// biome-ignore lint/suspicious/noExplicitAny: JSON.parse returns any, and map must keep it
same<typeof parsed, DStream<any>>(true);
const lists = rdd.combineByKey(
  (v) => [v],
  (list, v) => [...list, v],
  (a, b) => [...a, ...b],
);
same<typeof lists, RDD<readonly [string, number[]]>>(true);
const keyed = rdd.keyBy(([, n]) => n);
same<typeof keyed, RDD<readonly [number, readonly [string, number]]>>(true);
const byKey = rdd.groupBy(([key]) => key);
same<typeof byKey, RDD<readonly [string, (readonly [string, number])[]]>>(true);
rdd.sortBy(
  ([, n]) => n,
  false,
  1,
  (a, b) => a - b,
);
// @ts-expect-error sometimes a promise
numbers.map((n) => (n > 1 ? Promise.resolve(n) : n));

// A state has the type of the values, unless the function's parameter, its result or the initial states have another.
type Counts = DStream<readonly [string, number]>;
declare const ones: DStream<readonly [string, 1]>;
const sums = pairs.updateStateByKey((values, state) => (state ?? 0) + values.length);
same<typeof sums, Counts>(true);
const sumsOfLiterals = ones.updateStateByKey((values, state) => (state ?? 0) + values.length);
same<typeof sumsOfLiterals, Counts>(true);
const removing = pairs.updateStateByKey((values, state) => (values.length === 0 ? undefined : (state ?? 0)));
same<typeof removing, Counts>(true);
const atTime = pairs.updateStateByKey((time, key, values, state) => (state ?? time) + key.length + values.length);
same<typeof atTime, Counts>(true);
const lengths = pairs.updateStateByKey((values) => values.map(String));
same<typeof lengths, DStream<readonly [string, string[]]>>(true);
const declared = pairs.updateStateByKey((values, state: 'on' | 'off' | undefined) =>
  values.length > 0 ? 'on' : state,
);
same<typeof declared, DStream<readonly [string, 'on' | 'off']>>(true);
const declaredAtTime = pairs.updateStateByKey((_time, _key, values, state: string | undefined) => `${state}${values}`);
same<typeof declaredAtTime, DStream<readonly [string, string]>>(true);
const initial: [string, string[]][] = [];
const fromInitial = pairs.updateStateByKey((values, state) => [...(state ?? []), ...values.map(String)], {
  initialState: initial,
});
same<typeof fromInitial, DStream<readonly [string, string[]]>>(true);
const overPartition = pairs.updateStateByKey(
  function* (keys) {
    for (const [key, values, state] of keys) yield [key, (state ?? 0) + values.length] as const;
  },
  { perPartition: true },
);
same<typeof overPartition, Counts>(true);
// @ts-expect-error the state is a number
pairs.updateStateByKey((values, state) => `${state}${values}`);
// @ts-expect-error an async function
pairs.updateStateByKey(async (values, state) => (state ?? 0) + values.length);
