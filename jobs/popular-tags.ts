/**
 * The three tags (#word) that were used most over the last minute, every ten seconds: Spark's TwitterPopularTags, on the
 * lines of a text server.
 *
 *   nc -lk 9999
 *   streamjob run jobs/popular-tags.ts
 */
import { defineJob } from 'streamjob';

const [HOST, PORT] = [process.env['HOST'] ?? 'localhost', Number(process.env['PORT'] ?? 9999)];
const [WINDOW, SLIDE] = [process.env['WINDOW'] ?? '1m', process.env['SLIDE'] ?? '10s'];

export default defineJob({ name: 'popular-tags', batchInterval: '1s' }, (ssc) => {
  ssc
    .socketTextStream(HOST, PORT)
    .flatMap((line) => line.match(/#\w+/g) ?? [])
    .countByValueAndWindow(WINDOW, SLIDE)
    .transform((rdd) => rdd.sortBy(([tag, count]) => [-count, tag], true, 1))
    .print(3);
});
