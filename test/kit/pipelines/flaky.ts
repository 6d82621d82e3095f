/** A graph with state and a window whose functions fail now and then, in the thread and as often as they are told. */
import { isMainThread, workerData } from 'node:worker_threads';
import type { StreamingContext } from '../../../src/api/streaming-context.ts';
import type { Pair } from './properties.ts';

/** How often functions fail in the main thread, and in the first worker: one call each for every `true`, from the end. */
export interface FlakyData {
  readonly main: readonly boolean[];
  readonly worker: readonly boolean[];
}

/** @param take gets the maps of the state (0) and of the window (1), batch by batch */
export function buildFlaky(
  ssc: StreamingContext,
  data: FlakyData,
  take: (stream: number, values: Map<string, number>) => void,
): { readonly push: (values: readonly Pair[]) => void } {
  const left = [...(isMainThread ? data.main : workerData.member === 0 ? data.worker : [])];
  const flaky = (): void => {
    if (left.pop() === true) throw new Error('now and then');
  };
  const { stream, push } = ssc.valuesStream<Pair>();
  const state = stream.updateStateByKey((values: readonly number[], sum: number | undefined) => {
    flaky();
    return values.reduce((a, b) => a + b, sum ?? 0);
  });
  const window = stream.reduceByKeyAndWindow(
    (a, b) => {
      flaky();
      return a + b;
    },
    (a, b) => a - b,
    2000,
  );
  for (const [i, each] of [state, window].entries()) {
    each.foreachRDD(async (rdd) => {
      flaky();
      take(i, new Map(await rdd.collect()));
    });
  }
  return { push };
}

/** As JobModule wants it. */
export default function build(ssc: StreamingContext, data: unknown): void {
  buildFlaky(ssc, data as FlakyData, () => {});
}
