/**
 * Counts events by the number in their bodies, for ever, and writes the sum of all counts to the file SPARK_JOB_SUM when a batch had data. An
 * event counts once, however often it comes: it has an id. Where the file SPARK_JOB_SLOW is, functions take their time.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { defineJob } from 'streamjob';

const { SPARK_JOB_PORT: port = '0', SPARK_JOB_SLOW: slow = '', SPARK_JOB_SUM: sum = '' } = process.env;

/** Functions run on other machines: what they need of this one goes with them. */
function numberOf(text: string, isSlow: boolean): number {
  const end = Date.now() + (isSlow ? 20 : 0);
  while (Date.now() < end);
  return Number(text) % 10;
}

export default defineJob({ name: 'counting', batchInterval: '500ms' }, (ssc) => {
  ssc
    .flumeStream({ host: '127.0.0.1', port: Number(port), dedupe: { header: 'id' } })
    .map((event) => [numberOf(event.text(), slow !== '' && existsSync(slow)), 1] as [number, number])
    .reduceByKey((a, b) => a + b)
    .updateStateByKey(([count = 0], before: number | undefined = 0) => before + count)
    .foreachRDD(async (rdd) => {
      const counts = await rdd.collect();
      writeFileSync(sum, String(counts.reduce((all, [, count]) => all + count, 0)));
    });
});
