/**
 * What the driver of a cluster takes by itself: node --conditions=streamjob-source --import tsx test/bench/driver/run.ts [ONLY]
 *
 * Measures the loads below, one after the other, and writes what it found to results.json beside this file; the formulas of
 * docs/cluster-model.md are held to it. ONLY: a kind of load, or how many blocks a receiver offers; what was found of others stays.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import type { Load } from './load.ts';
import { type Found, measure } from './measure.ts';

const FILE = new URL('results.json', import.meta.url);
const COMMON = { blocks: 4, eventsOfBlock: 10, words: 20_000, batches: 7 } as const;
const MOST_CORES = 1000;

type Wanted = Omit<Load, 'storage'>;

/** Three partitions for each core, as the page says. */
function load(kind: Load['kind'], partitions: number, receivers: number, more: Partial<Wanted> = {}): Wanted {
  const cores = Math.min(MOST_CORES, Math.ceil(partitions / 3));
  return { ...COMMON, kind, partitions, receivers, cores, ...more };
}

const LOADS: readonly Wanted[] = [
  ...[100, 1000, 10_000].flatMap((partitions) =>
    [10, 100, 1000].map((receivers) => load('words', partitions, receivers)),
  ),
  load('words', 1000, 100, { blocks: 40 }),
  load('words', 1000, 100, { blocks: 400 }),
  ...[16, 128, 1000].map((partitions) => load('state', partitions, 100)),
  load('state', 128, 1000),
  ...[10, 100, 1000].map((receivers) => load('idle', 100, receivers)),
];

const only = process.argv[2];
const found: Found[] = only === undefined ? [] : (JSON.parse(readFileSync(FILE, 'utf8')) as { found: Found[] }).found;
for (const wanted of LOADS) {
  if (only !== undefined && wanted.kind !== only && `${wanted.blocks}` !== only) continue;
  const one = await measure(wanted, tmpdir());
  process.stderr.write(`${JSON.stringify(one)}\n`);
  const same = found.findIndex(({ load: each }) => JSON.stringify(each) === JSON.stringify(wanted));
  if (same >= 0) found[same] = one;
  else found.push(one);
  const machine = `${cpus().length} cores, ${cpus()[0]?.model}, Node ${process.version}`;
  writeFileSync(FILE, `${JSON.stringify({ machine, at: new Date().toISOString(), found }, undefined, 2)}\n`);
}
