/**
 * Counts events by the number in their bodies, for ever, and writes the sum of all counts to the file SPARK_JOB_SUM when a batch had data. An
 * event counts once, however often it comes: it has an id. Where the file SPARK_JOB_SLOW is, functions take their time. Whoever comes first
 * upon the file SPARK_JOB_TRAP is held for as long as the file is there: its name then ends with .held.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { defineJob } from 'streamjob';

const { SPARK_JOB_PORT: port = '0', SPARK_JOB_SUM: sum = '' } = process.env;
/** Functions run on other machines: what they need of this one goes with them. */
const { SPARK_JOB_SLOW: slow = '', SPARK_JOB_TRAP: trap = '' } = process.env;

function wait(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Of all that come at the same time one is held: files can be renamed once. */
function passTrap(): void {
  const held = `${trap}.held`;
  try {
    renameSync(trap, held);
  } catch {
    return;
  }
  while (existsSync(held)) wait(20);
}

function numberOf(text: string): number {
  if (slow !== '' && existsSync(slow)) wait(20);
  if (trap !== '' && existsSync(trap)) passTrap();
  return Number(text) % 10;
}

export default defineJob({ name: 'counting', batchInterval: '500ms' }, (ssc) => {
  ssc
    .flumeStream({ host: '127.0.0.1', port: Number(port), dedupe: { header: 'id' } })
    .map((event) => [numberOf(event.text()), 1] as [number, number])
    .reduceByKey((a, b) => a + b)
    .updateStateByKey(([count = 0], before: number | undefined = 0) => before + count)
    .foreachRDD(async (rdd) => {
      const counts = await rdd.collect();
      writeFileSync(sum, String(counts.reduce((all, [, count]) => all + count, 0)));
    });
});
