/**
 * Counts words for ever, and those of the last batches by a window, writes the counts of each batch into a directory, and to the file
 * SPARK_JOB_SUM: the sum of all counts, those of the window, and how many words there are. Values are long, so that data goes by reference.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { defineJob } from 'streamjob';

const { SPARK_JOB_PORT: port = '0', SPARK_JOB_OUT: out = '', SPARK_JOB_SUM: file = '' } = process.env;
const padding = 'x'.repeat(100);
const sums = { all: 0, window: 0, words: 0 };

export default defineJob({ name: 's3', batchInterval: '500ms' }, (ssc) => {
  const words = ssc
    .flumeStream({ host: '127.0.0.1', port: Number(port), peerRequestTimeout: '120s' })
    .flatMap((event) => event.text().split(' '))
    .map((word) => [word, { count: 1, padding }] as [string, { count: number; padding: string }]);
  const counts = words.reduceByKey((a, b) => ({ count: a.count + b.count, padding }));
  counts.map(([word, { count }]) => `${word},${count},${padding}`).saveAsTextFiles(out);
  counts
    .updateStateByKey(([value], before: { count: number; padding: string } | undefined) => ({
      count: (before?.count ?? 0) + (value?.count ?? 0),
      padding,
    }))
    .foreachRDD(async (rdd) => {
      const found = await rdd.collect();
      sums.words = found.length;
      sums.all = found.reduce((sum, [, { count }]) => sum + count, 0);
    });
  counts.window('600s', '500ms').foreachRDD(async (rdd) => {
    sums.window = (await rdd.collect()).reduce((sum, [, { count }]) => sum + count, 0);
    // In one step: a reader never sees a part of it.
    writeFileSync(`${file}.new`, `${sums.all} ${sums.window} ${sums.words}`);
    renameSync(`${file}.new`, file);
  });
});
