/**
 * Words of a text server, counted over the last 30 seconds, every 10 seconds. What leaves the window is taken out of the
 * counts again, so that a step costs as much as the words that come and go.
 *
 *   nc -lk 9999
 *   streamjob run jobs/windowed-wordcount.ts
 */
import { defineJob } from 'streamjob';

const [HOST, PORT] = [process.env['HOST'] ?? 'localhost', Number(process.env['PORT'] ?? 9999)];
const [WINDOW, SLIDE] = [process.env['WINDOW'] ?? '30s', process.env['SLIDE'] ?? '10s'];

export default defineJob({ name: 'windowed-wordcount', batchInterval: '1s' }, (ssc) => {
  ssc
    .socketTextStream(HOST, PORT)
    .flatMap((line) => line.split(' '))
    .map((word) => [word, 1] as const)
    .reduceByKeyAndWindow(
      (a, b) => a + b,
      (a, b) => a - b,
      WINDOW,
      SLIDE,
      undefined,
      ([, count]) => count > 0,
    )
    .print();
});
