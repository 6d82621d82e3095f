/**
 * Words of a text server, counted from the start on, across restarts: after Spark's RecoverableNetworkWordCount. The counts are
 * state, and what a batch changes of it is in the checkpoint directory (.streamjob/recoverable-wordcount) before the batch
 * commits: a run that is killed is followed by one that goes on. The totals are written to a file too, for others to read.
 * Words of a list are counted, but not shown; how often they came is told in the log.
 *
 *   nc -lk 9999
 *   OUTPUT=/tmp/totals.json streamjob run jobs/recoverable-wordcount.ts
 */
import { renameSync, writeFileSync } from 'node:fs';
import { defineJob } from 'streamjob';

const [HOST, PORT] = [process.env['HOST'] ?? 'localhost', Number(process.env['PORT'] ?? 9999)];
const OUTPUT = process.env['OUTPUT'] ?? 'recoverable-wordcount.json';

export default defineJob({ name: 'recoverable-wordcount', batchInterval: '1s' }, (ssc) => {
  const excluded = ssc.broadcast(new Set(['a', 'the']));
  const hidden = ssc.accumulator();
  const totals = ssc
    .socketTextStream(HOST, PORT)
    .flatMap((line) => line.split(' '))
    .map((word) => [word, 1] as const)
    .updateStateByKey((ones, sum) => (sum ?? 0) + ones.length)
    .uid('totals');
  totals.foreachRDD(async (rdd, time) => {
    const all = await rdd.collect();
    // What a batch says, it says whole: a reader sees the totals before it or after it.
    writeFileSync(`${OUTPUT}.tmp`, JSON.stringify(all));
    renameSync(`${OUTPUT}.tmp`, OUTPUT);
    hidden.reset();
    for (const [word, count] of all) if (excluded.value.has(word)) hidden.add(count);
    console.error(`${time}: ${all.length} distinct words; those that are not shown came ${hidden.value} times`);
  });
  totals.filter(([word]) => !excluded.value.has(word)).print();
});
