/** The streams of the property tests, by name, so that worker threads can build them too. Their parameters are plain data. */
import type { StreamingContext } from '../../../src/api/streaming-context.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { type State, StateSpec } from '../../../src/graph/state/state-spec.ts';

export type Pair = readonly [string, number];

const add = (a: number, b: number): number => a + b;

/** What a word of a pipeline may depend on. */
export interface PipelineData {
  readonly name: keyof typeof pipelines;
  readonly parameters: readonly number[];
}

/** Each makes a stream of a stream of pairs. */
export const pipelines = {
  plainWindow: (pairs: DStream<Pair>, windowMs: number, slideMs: number) =>
    pairs.window(windowMs, slideMs).reduceByKey(add),
  twoStacks: (pairs: DStream<Pair>, windowMs: number, slideMs: number) =>
    pairs.reduceByKeyAndWindow(add, windowMs, slideMs),
  inverse: (pairs: DStream<Pair>, windowMs: number, slideMs: number) =>
    pairs.reduceByKeyAndWindow(add, (a, b) => a - b, windowMs, slideMs),
  texts: (pairs: DStream<Pair>, windowMs: number) => asTexts(pairs).reduceByKeyAndWindow((a, b) => a + b, windowMs),
  textsPlain: (pairs: DStream<Pair>, windowMs: number) =>
    asTexts(pairs)
      .window(windowMs)
      .reduceByKey((a, b) => a + b, 1),
  /** A key whose sum is a multiple of three goes. */
  sumsState: (pairs: DStream<Pair>) =>
    pairs.updateStateByKey((values: readonly number[], state: number | undefined) => {
      const sum = values.reduce(add, state ?? 0);
      return sum % 3 === 0 ? undefined : sum;
    }),
  /** What it gives as ['gone', key], its snapshot as ['state', key, sum]. */
  timeouts: (pairs: DStream<Pair>, timeoutMs: number) => {
    const spec = StateSpec.function((_time: number, key: string, n: number | undefined, state: State<number>) => {
      if (state.isTimingOut()) return key;
      const sum = (state.getOption() ?? 0) + (n ?? 0);
      if (sum !== 7) state.update(sum);
      else if (state.exists()) state.remove();
      return undefined;
    }).timeout(timeoutMs);
    const mapped = pairs.mapWithState(spec);
    const gone = mapped.map((key) => ['gone', key, 0] as [string, string, number]);
    return gone.union(mapped.stateSnapshots().map(([key, sum]) => ['state', key, sum] as [string, string, number]));
  },
  replayed: (pairs: DStream<Pair>) => {
    const sampled = pairs.transform((rdd) => rdd.sample(false, 0.5, 7)).map(([key, n]) => `${key}${n}`);
    const window = pairs.reduceByKeyAndWindow(add, 2000).map(([key, n]) => `${key}${n}`);
    const state = pairs.updateStateByKey(
      (values: readonly number[], sum: number | undefined) => values.length + (sum ?? 0),
    );
    return sampled.union(window).union(state.map(([key, n]) => `${key}${n}`));
  },
  partitioned: (pairs: DStream<Pair>) => {
    const joined = pairs.join(pairs.mapValues((n) => n * 2)).map(([key, [a, b]]) => `${key}${a}${b}`);
    const grouped = pairs.groupByKey().map(([key, list]) => `${key}${[...list].sort()}`);
    const counted = pairs.countByValue().map(([[key, n], count]) => `${key}${n}${count}`);
    const cogrouped = pairs
      .cogroup(pairs.filter(([, n]) => n > 0))
      .map(([key, [l, r]]) => `${key}${l.length}/${r.length}`);
    return joined.union(grouped).union(counted).union(cogrouped);
  },
  /** Sorting, numbering and dealing out: what needs a look at all partitions. */
  arranged: (pairs: DStream<Pair>, numPartitions: number) =>
    pairs.transform((rdd) => {
      const sorted = rdd.sortBy(([key, n]) => `${key}${n + 10}`).zipWithIndex();
      return sorted.repartition(numPartitions).map(([[key, n], i]) => `${i}:${key}${n}`);
    }),
};

function asTexts(pairs: DStream<Pair>): DStream<readonly [string, string]> {
  return pairs.reduceByKey((a) => a).map(([key, value]) => [key, `${value};`] as readonly [string, string]);
}

/** As the test kit wants it. */
export default function build(
  _ssc: StreamingContext,
  pairs: DStream<Pair>,
  _second: unknown,
  _third: unknown,
  data: unknown,
): DStream<unknown> {
  const { name, parameters } = data as PipelineData;
  const pipeline = pipelines[name] as (pairs: DStream<Pair>, ...parameters: readonly number[]) => DStream<unknown>;
  return pipeline(pairs, ...parameters);
}
