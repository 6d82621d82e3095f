/** Appends to the file SPARK_JOB_IDS, for each batch, how many ids there are in a window directly upon a stream of Flume, which has no ids of its own. */
import { appendFileSync } from 'node:fs';
import { defineJob } from 'streamjob';

const { SPARK_JOB_PORT: port = '0', SPARK_JOB_IDS: file = '' } = process.env;

export default defineJob({ name: 'window', batchInterval: '500ms' }, (ssc) => {
  ssc
    .flumeStream({ host: '127.0.0.1', port: Number(port), peerRequestTimeout: '120s' })
    .window('10m', '500ms')
    .map((event) => [event.headers['id'] ?? '', 1] as [string, number])
    .reduceByKey((a, b) => a + b)
    .foreachRDD(async (rdd) => appendFileSync(file, `${await rdd.count()}\n`));
});
