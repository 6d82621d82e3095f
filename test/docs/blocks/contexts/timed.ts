/**
 * Around a part of a job that reads measurements with the time at which they were made, in seconds. Three batches, a second apart: those of
 * 12 s, 3 s and 9 s; those of 27 s; then those of 31 s, 26 s and, far too late, 4 s. What the part prints is written out.
 */
import type { DStream } from 'streamjob';
import { testJob } from 'streamjob/testing';

interface Measured {
  readonly second: number;
  readonly name: string;
}

const job = await testJob({ batchInterval: '1s', numPartitions: 1 }, (ssc, input) => {
  const measured = input<Measured>('measured');
  // BLOCK
  return { measured };
});
const batches: readonly Measured[][] = [
  [
    { second: 12, name: 'b' },
    { second: 3, name: 'a' },
    { second: 9, name: 'a' },
  ],
  [{ second: 27, name: 'c' }],
  [
    { second: 31, name: 'd' },
    { second: 26, name: 'c' },
    { second: 4, name: 'a' },
  ],
];
for (const batch of batches) {
  job.push('measured', batch);
  await job.advance();
}
process.stdout.write(job.printed);
await job.stop();
