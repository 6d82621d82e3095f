/**
 * How many events Flume sent in each batch, through the push receiver: Spark's FlumeEventCount.
 *
 *   streamjob run jobs/flume-event-count.ts
 *   streamjob avro-client -H 127.0.0.1 -p 41414 -F README.md
 */
import { defineJob } from 'streamjob';

const PORT = Number(process.env['PORT'] ?? 41414);

export default defineJob({ name: 'flume-event-count', batchInterval: '2s' }, (ssc) => {
  ssc
    .flumeStream({ host: '127.0.0.1', port: PORT })
    .count()
    .map((count) => `Received ${count} flume events.`)
    .print();
});
