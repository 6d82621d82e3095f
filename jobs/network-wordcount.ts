/**
 * Words of a text server, counted in each batch: Spark's NetworkWordCount.
 *
 *   nc -lk 9999
 *   streamjob run jobs/network-wordcount.ts
 */
import { defineJob } from 'streamjob';

const [HOST, PORT] = [process.env['HOST'] ?? 'localhost', Number(process.env['PORT'] ?? 9999)];

export default defineJob({ name: 'network-wordcount', batchInterval: '1s' }, (ssc) => {
  ssc
    .socketTextStream(HOST, PORT)
    .flatMap((line) => line.split(' '))
    .map((word) => [word, 1] as const)
    .reduceByKey((a, b) => a + b)
    .print();
});
