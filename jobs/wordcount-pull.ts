/**
 * The word count of wordcount.ts through the pull receiver: an embedded agent (wordcount-pull.conf) spools text files
 * through a file channel into a Spark sink; flumePollingStream polls it, and acknowledges each batch once its counts are printed.
 *
 *   streamjob run jobs/wordcount-pull.ts                     until Ctrl+C
 *   WORDCOUNT_INPUT=/var/log/app streamjob run jobs/wordcount-pull.ts --until-drained
 *
 * A real Flume agent with the SparkSink does as well: give its host and port in addresses, and take `agent` out.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineJob } from 'streamjob';
import { workingCopy } from './shared/working-copy.ts';

// Made once: a worker that loads this file again inherits the variable.
process.env['WORDCOUNT_WORK'] ??= workingCopy(
  process.env['WORDCOUNT_INPUT'] ?? path.join(path.dirname(fileURLToPath(import.meta.url)), 'sample'),
);

const PORT = Number(process.env['WORDCOUNT_PORT'] ?? 41415);

export default defineJob({ name: 'wordcount-pull', batchInterval: '1s', agent: './wordcount-pull.conf' }, (ssc) => {
  const events = ssc.flumePollingStream({ addresses: [`127.0.0.1:${PORT}`], maxBatchSize: 5000, parallelism: 9 });
  events
    .flatMap((event) => event.text().split(' '))
    .map((word) => [word, 1] as const)
    .reduceByKey((a, b) => a + b)
    .print(1000);
});
