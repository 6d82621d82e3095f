/** The word count of the benchmark: what BenchJob.java's `push` and `pull` do, on us. BENCH_PORT: push; BENCH_SINK: pull. */
import { type DStream, defineJob, type FlumeEvent, type StreamingContext } from 'streamjob';

const { BENCH_PORT, BENCH_SINK, BENCH_MAX_BATCH = '1000', BENCH_HOLD } = process.env;

function source(ssc: StreamingContext): DStream<FlumeEvent> {
  if (BENCH_SINK === undefined) return ssc.flumeStream({ host: '127.0.0.1', port: Number(BENCH_PORT) });
  return ssc.flumePollingStream({ addresses: [`127.0.0.1:${BENCH_SINK}`], maxBatchSize: Number(BENCH_MAX_BATCH) });
}

export default defineJob({ name: 'bench-wordcount', batchInterval: '1s' }, (ssc) => {
  source(ssc)
    .flatMap((event) => event.text().split(' '))
    .map((word) => [word, 1] as const)
    .reduceByKey((a, b) => a + b)
    .foreachRDD(async (rdd, time) => {
      // Holds the first batch for ever: what comes meanwhile waits in the log.
      if (BENCH_HOLD !== undefined) await new Promise(() => setInterval(() => {}, 1000));
      let words = 0;
      for (const [, count] of await rdd.collect()) words += count;
      process.stdout.write(`${JSON.stringify({ time, words })}\n`);
    });
});
