/** Counts words, writes the counts into a directory for each batch, and says what it does: what executors do of that is written by them. */
import { defineJob } from 'streamjob';

const { SPARK_JOB_PORT: port = '0', SPARK_JOB_OUT: out = '' } = process.env;

export default defineJob({ name: 'shared', batchInterval: '500ms' }, (ssc) => {
  ssc
    .flumeStream({ host: '127.0.0.1', port: Number(port), peerRequestTimeout: '120s' })
    .flatMap((event) => event.text().split(' '))
    .map((word) => {
      if (word === 'said') console.log('a function on an executor says so');
      return [word, 1] as [string, number];
    })
    .reduceByKey((a, b) => a + b)
    .mapValues((count) => ({ count, padding: 'x'.repeat(100) }))
    .saveAsTextFiles(out);
});
