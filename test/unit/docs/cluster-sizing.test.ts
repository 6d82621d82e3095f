/** The formulas of docs/cluster-model.md against what was measured: the driver without Spark, a cluster of one and two workers, and files of states. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import {
  allCpuMs,
  batchMs,
  type ClusterLoad,
  clusterLimit,
  driverMegabytes,
  driverMs,
  idleCores,
  storedBytes,
} from '../../../docs/site/cluster-sizing.ts';
import type { StatePartition } from '../../../src/graph/state/form.ts';
import { VersionedPartition } from '../../../src/state/versions/versioned-partition.ts';
import { ROOT } from '../../docs/blocks/project.ts';
import { clusterLoad, clusterPage, loadOf, MEASURED, SIMULATED } from '../../docs/cluster-page.ts';
import { ownDirectory } from '../../kit/directory.ts';

/** How far the formula is off, as a part of what was measured. */
const off = (formula: number, real: number): number => Math.abs(formula - real) / real;

const running = SIMULATED.filter(({ load }) => load.kind !== 'idle');

test('docs/cluster-model.md is up to date: npm run docs:sizing writes its tables', () => {
  const page = readFileSync(path.join(ROOT, 'docs/cluster-model.md'), 'utf8');
  expect(page).toBe(clusterPage(page));
});

test('the measurements go to 10,000 partitions, 1,000 receivers and 40,000 blocks', () => {
  const most = (of: (load: (typeof running)[number]['load']) => number): number =>
    Math.max(...running.map(({ load }) => of(load)));
  expect([most((load) => load.partitions), most((load) => load.receivers)]).toEqual([10_000, 1000]);
  expect(most((load) => load.receivers * load.blocks)).toBe(40_000);
});

test.each(running.map((found) => [JSON.stringify(found.load), found] as const))(
  'the driver’s CPU within 45 per cent, its memory within 30: %s',
  (_, found) => {
    const { load, parts } = loadOf(found);
    expect(off(driverMs(load, parts), found.cpuMs)).toBeLessThan(0.45);
    expect(off(driverMegabytes(load, parts), found.peakBytes / 1e6)).toBeLessThan(0.3);
  },
);

test('receivers that are attached, while nothing comes: within a third', () => {
  const idle = SIMULATED.filter(({ load }) => load.kind === 'idle');
  expect(idle.map(({ load }) => load.receivers)).toEqual([10, 100, 1000]);
  for (const { cpuMs, load, wallMs } of idle)
    expect(off(idleCores(load.receivers), cpuMs / wallMs)).toBeLessThan(1 / 3);
});

test.each(MEASURED.map((batch) => [batch.what, batch.workers, batch] as const))(
  'a batch of a real cluster: its CPU within 15 per cent, its time within 15 on two workers, 40 on one: %s, %i',
  (_, workers, batch) => {
    const load = clusterLoad(batch, workers);
    expect(off(allCpuMs(load), batch.cpuMs)).toBeLessThan(0.15);
    expect(off(batchMs(load), batch.ms)).toBeLessThan(workers === 1 ? 0.4 : 0.15);
  },
);

test('more of what bounds a load gives more, and a driver that has too much to do gives nothing', () => {
  const load: ClusterLoad = {
    ...{ cores: 100, partitions: 300, receivers: 10, rate: 0, eventBytes: 80, batchSize: 100, batchInterval: 2000 },
    ...{ eventMicros: 1.76, keys: 0, changedKeys: 0, stateBytes: 20 },
  };
  const few = clusterLimit(load);
  expect(few.by).toBe('driver');
  expect(clusterLimit({ ...load, batchSize: 10_000 }).eventsPerSecond).toBeGreaterThan(5 * few.eventsPerSecond);
  expect(clusterLimit({ ...load, batchInterval: 300 }).eventsPerSecond).toBeLessThan(1);
});

test('what a batch writes of a state: within 30 per cent', () => {
  const [directory, keys, changedKeys] = [ownDirectory(), 100_000, 1000];
  const form = { kind: 'mapWithState', shape: '', rebuildable: false };
  const write = (time: number, name: string, version: unknown, which: Iterable<number>) => {
    const parts = { directory, version, lastCommitted: time - 1, newName: () => name };
    const opened = new VersionedPartition({ operator: 'sums', form }, parts as never);
    opened.store.begin(time);
    const states = opened.store.partition(0, 1) as StatePartition<unknown, unknown>;
    for (const key of which) states.set(`key-number-${key}`, key, time);
    opened.store.seal(time);
    opened.store.commit(time);
    const left = opened.finish();
    opened.close();
    return left;
  };
  const all = write(1, '1-state-0-a', undefined, Array(keys).keys());
  write(
    2,
    '2-state-0-b',
    all,
    Array.from({ length: changedKeys }, (_, i) => (i * 7919) % keys),
  );
  const [name = ''] = readdirSync(directory).filter((each) => each.startsWith('2-'));
  const load = { keys, changedKeys, rate: 0, batchInterval: 1000, eventBytes: 0, stateBytes: 20 } as ClusterLoad;
  expect(off(storedBytes(load), statSync(path.join(directory, name)).size)).toBeLessThan(0.3);
});
