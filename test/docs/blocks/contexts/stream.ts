/**
 * Around a part of a job that reads streams which are there: `lines` has "to be or" and "not to be", a second later "to see". What the part
 * prints is written out, at the times 1000 and 2000.
 */
import { type DStream, exactlyOnce, hashPartitioner, type RDD, type State, StateSpec, sqlStore } from 'streamjob';
import { testJob } from 'streamjob/testing';

const job = await testJob({ batchInterval: '1s', numPartitions: 1 }, (ssc, input) => {
  const lines = input<string>('lines');
  const words = lines.flatMap((line) => line.split(' '));
  const pairs = words.map((word): [string, number] => [word, 1]);
  const numbers = words.map((word) => word.length);
  // BLOCK
  return { lines };
});
job.push('lines', ['to be or', 'not to be']);
await job.advance();
job.push('lines', ['to see']);
await job.advance();
process.stdout.write(job.printed);
await job.stop();
