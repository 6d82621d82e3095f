/** node --conditions=streamjob-source --import tsx test/bench/driver/one.ts KIND PARTITIONS RECEIVERS CORES [NODE-OPTION ...]: one measurement, for whoever looks into it. */
import { tmpdir } from 'node:os';
import type { Load } from './load.ts';
import { measure } from './measure.ts';

const [kind = 'words', partitions = '100', receivers = '10', cores = '100', ...options] = process.argv.slice(2);
const found = await measure(
  {
    kind: kind as Load['kind'],
    partitions: Number(partitions),
    receivers: Number(receivers),
    cores: Number(cores),
    ...{ blocks: 4, eventsOfBlock: 10, words: 20_000, batches: 7 },
  },
  tmpdir(),
  options,
);
process.stdout.write(`${JSON.stringify(found)}\n`);
