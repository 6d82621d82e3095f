/**
 * The limit: a word count of Flume's events as one writes it by hand for one thread, with avsc's RPC and a Map. No batches, no
 * retries, nothing survives; a request is answered when it has been counted. hand-written.ts PORT INTERVAL_MS
 */
import { listen } from './flume-service.ts';

const [port, interval] = process.argv.slice(2).map(Number) as [number, number];
let counts = new Map<string, number>();
let events = 0;

listen(port, (batch, answer) => {
  for (const { body } of batch) {
    for (const word of body.toString().split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  events += batch.length;
  answer(null, 'OK');
});

setInterval(() => {
  const taken = counts;
  const batch = { batch: Date.now(), events };
  counts = new Map();
  events = 0;
  let words = 0;
  for (const count of taken.values()) words += count;
  process.stdout.write(`${JSON.stringify({ time: batch.batch, words })}\n${JSON.stringify(batch)}\n`);
}, interval);

process.on('SIGINT', () => process.exit());
