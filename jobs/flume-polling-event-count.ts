/**
 * How many events Flume held ready in each batch, through the pull receiver: Spark's FlumePollingEventCount. The sinks are
 * named by SINKS, separated by commas: those of real Flume agents, or of `streamjob agent`.
 *
 *   SINKS=127.0.0.1:41415 streamjob run jobs/flume-polling-event-count.ts
 */
import { defineJob } from 'streamjob';

const SINKS = (process.env['SINKS'] ?? '127.0.0.1:41415').split(',');

export default defineJob({ name: 'flume-polling-event-count', batchInterval: '2s' }, (ssc) => {
  ssc
    .flumePollingStream({ addresses: SINKS })
    .count()
    .map((count) => `Received ${count} flume events.`)
    .print();
});
