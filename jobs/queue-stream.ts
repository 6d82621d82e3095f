/**
 * Numbers that the program queues itself, counted by their last digit: Spark's QueueStream.
 *
 *   streamjob run jobs/queue-stream.ts --batch-interval 200ms
 */
import { defineJob } from 'streamjob';

const THOUSAND = Array.from({ length: 1000 }, (_, i) => i + 1);

export default defineJob({ name: 'queue-stream', batchInterval: '1s' }, (ssc) => {
  const queue = Array.from({ length: 5 }, () => THOUSAND);
  ssc
    .queueStream(queue)
    .map((n) => [n % 10, 1] as const)
    .reduceByKey((a, b) => a + b)
    .print();
});
