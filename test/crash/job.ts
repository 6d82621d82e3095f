/**
 * The job of the fault tests: it puts every event out twice, once as it comes (a file that is appended to: at least once), once by
 * saveAsTextFiles (exactly once, where events have ids), and counts them in its state.
 */
import diagnostics from 'node:diagnostics_channel';
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { defineJob } from 'streamjob';
import { LINE_END } from './kit/line-end.ts';

// The first output takes SLOW_MS for each batch that has events, and SLOW_EVENT_MS for each event.
const {
  OUT = '',
  RECEIVER = 'push',
  PORT = '',
  IDS = '',
  SLOW_MS = '0',
  SLOW_EVENT_MS = '0',
  DATABASE = '',
} = process.env;
const dedupe = IDS === '' ? {} : { dedupe: { header: 'id', remember: Number(process.env['REMEMBER'] ?? 1_000_000) } };
const point = diagnostics.channel('streamjob:point');

export default defineJob({ name: 'crash', batchInterval: '100ms' }, async (ssc) => {
  const events =
    RECEIVER === 'pull'
      ? ssc.flumePollingStream({ addresses: [`127.0.0.1:${PORT}`], maxBatchSize: 50, sinkTimeout: '2s', ...dedupe })
      : ssc.flumeStream({ host: '127.0.0.1', port: Number(PORT), peerRequestTimeout: '2s', ...dedupe });
  // Points count in batches that have events: see kill-at.mjs.
  ssc.events$.subscribe((event) => {
    if (event.type === 'batchSubmitted') point.publish(event.events > 0 ? 'batch with events' : 'empty batch');
  });
  const bodies = events.map((event) => {
    point.publish('stage');
    // What comes behind the body proper only makes the event large.
    return `${event.text().split('~', 1)[0]} ${event.headers['id']}`;
  });
  bodies.foreachRDD(async (rdd) => {
    const all = await rdd.collect();
    if (all.length === 0) return;
    const slowMs = Number(SLOW_MS) + all.length * Number(SLOW_EVENT_MS);
    if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
    // A kill can end the write in the middle of a line: what follows begins a new one, and a line that has its end says so.
    appendFileSync(path.join(OUT, 'at-least-once'), `\n${all.map((line) => `${line} ${LINE_END}\n`).join('')}`);
  });
  bodies.saveAsTextFiles(path.join(OUT, 'exactly-once', 'batch'));
  if (DATABASE !== '') {
    const { toDatabase } = await import('./kit/database.ts');
    bodies.foreachRDD(toDatabase(DATABASE));
  }
  const total = bodies
    .map(() => ['all', 1] as const)
    .updateStateByKey((ones: readonly number[], sum: number | undefined) => (sum ?? 0) + ones.length)
    .uid('total');
  total.foreachRDD(async (rdd) => {
    const [entry] = await rdd.collect();
    const file = path.join(OUT, 'total');
    writeFileSync(`${file}.tmp`, String(entry?.[1] ?? 0));
    renameSync(`${file}.tmp`, file);
  });
});
