/**
 * The lesson's case: Flume feeds a word count. An embedded agent (wordcount.conf) spools text files through a file
 * channel into an Avro sink; flumeStream receives, and acknowledges each batch once its counts are printed.
 *
 *   streamjob run jobs/wordcount.ts                          until Ctrl+C
 *   WORDCOUNT_INPUT=/var/log/app streamjob run jobs/wordcount.ts --until-drained
 *
 * A real Flume agent does as well: point its Avro sink at port 41414, and take `agent` out.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineJob } from 'streamjob';
import { workingCopy } from './shared/working-copy.ts';

// Made once: a worker that loads this file again inherits the variable.
process.env['WORDCOUNT_WORK'] ??= workingCopy(
  process.env['WORDCOUNT_INPUT'] ?? path.join(path.dirname(fileURLToPath(import.meta.url)), 'sample'),
);

const PORT = Number(process.env['WORDCOUNT_PORT'] ?? 41414);

export default defineJob({ name: 'wordcount', batchInterval: '1s', agent: './wordcount.conf' }, (ssc) => {
  const events = ssc.flumeStream({ host: '127.0.0.1', port: PORT });
  events
    .flatMap((event) => event.text().split(' '))
    .map((word) => [word, 1] as const)
    .reduceByKey((a, b) => a + b)
    .print(1000);
});
