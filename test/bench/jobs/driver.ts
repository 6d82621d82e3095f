/** The jobs whose driver is measured: a word count, and one that keeps a state for each word. Built in the driver and by the stand-in for executors. */
import type { StreamingContext } from '../../../src/api/streaming-context.ts';
import { type State, StateSpec } from '../../../src/graph/state/state-spec.ts';

/** Which of them. */
export interface JobData {
  readonly kind: 'words' | 'state';
}

/** What is called with the context, in each process. */
export default function build(ssc: StreamingContext, { kind }: JobData): void {
  const words = ssc
    .flumeStream({ host: '127.0.0.1', port: 41_414 })
    .flatMap((event) => event.text().split(' '))
    .map((word) => [word, 1] as [string, number]);
  if (kind === 'words') {
    words.reduceByKey((a, b) => a + b).foreachRDD(async (rdd) => void (await rdd.count()));
    return;
  }
  const sums = StateSpec.function((_: string, one: number | undefined, sum: State<number>) => {
    sum.update((sum.getOption() ?? 0) + (one ?? 0));
    return 1;
  });
  words.mapWithState(sums).foreachRDD(async (rdd) => void (await rdd.count()));
}
