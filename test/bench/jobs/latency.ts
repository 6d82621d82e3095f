/** Bodies are times in ms: how old each event is when its batch is done, as BenchJob.java's `latency` tells it. */
import { defineJob } from 'streamjob';

export default defineJob({ name: 'bench-latency', batchInterval: '5ms' }, (ssc) => {
  ssc
    .flumeStream({ host: '127.0.0.1', port: Number(process.env['BENCH_PORT']) })
    .map((event) => Number(event.text()))
    .foreachRDD(async (rdd, time) => {
      const sent = await rdd.collect();
      if (sent.length === 0) return;
      const now = Date.now();
      process.stdout.write(`${JSON.stringify({ time, latencies: sent.map((at) => now - at) })}\n`);
    });
});
