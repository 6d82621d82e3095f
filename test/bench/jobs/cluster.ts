/** What executors of a cluster run in the benchmark: the word count, and a count that is kept for each key. */
import { type FlumeEvent, type State, StateSpec, type StreamingContext } from 'streamjob';

/** Which job. */
export type ClusterJob = 'words' | 'state';

/** Built by the benchmark, and by each worker on an executor. */
export default function build(ssc: StreamingContext, job: ClusterJob): void {
  const events = ssc.valuesStream<FlumeEvent>().stream;
  const out =
    job === 'words'
      ? events
          .flatMap((event) => event.text().split(' '))
          .map((word) => [word, 1] as const)
          .reduceByKey((a, b) => a + b)
      : events.map((event) => [Number(event.text()), 1] as const).mapWithState(StateSpec.function(counted));
  // What it gives is read by the benchmark itself.
  out.foreachRDD(() => {});
}

function counted(key: number, value: number | undefined, state: State<number>): readonly [number, number] {
  const count = (value ?? 0) + (state.getOption() ?? 0);
  state.update(count);
  return [key, count];
}
