/** The worked numbers of docs/cluster-model.md, from the formulas and from what was measured: each table stands between two comments of the page. */
import { readFileSync } from 'node:fs';
import {
  allCpuMs,
  type BatchParts,
  batchMs,
  type ClusterLoad,
  clusterLimit,
  driverMegabytes,
  driverMs,
  idleCores,
  latencyMs,
  partsOf,
  storedBytes,
} from '../../docs/site/cluster-sizing.ts';
import type { Found } from '../bench/driver/measure.ts';
import { filled, rounded, table } from './sizing-page.ts';

/** What was measured without Spark. */
export const SIMULATED: readonly Found[] = (
  JSON.parse(readFileSync(new URL('../bench/driver/results.json', import.meta.url), 'utf8')) as { found: Found[] }
).found;

/** A batch of a real cluster. */
export interface ClusterBatch {
  readonly what: string;
  readonly workers: number;
  readonly partitions: number;
  readonly events: number;
  readonly keys: number;
  readonly changedKeys: number;
  /** Its time, and the CPU of all processes. */
  readonly ms: number;
  readonly cpuMs: number;
}

/** What was measured on a real cluster. */
export const MEASURED: readonly ClusterBatch[] = (
  JSON.parse(readFileSync(new URL('../bench/driver/cluster.json', import.meta.url), 'utf8')) as {
    measured: ClusterBatch[];
  }
).measured;

const MB = 1_000_000;
const COMMON: ClusterLoad = {
  ...{ cores: 100, partitions: 300, receivers: 10, rate: 100_000, eventBytes: 80, batchSize: 1000 },
  ...{ batchInterval: 2000, eventMicros: 1.76, keys: 0, changedKeys: 0, stateBytes: 20 },
};

/** A simulated load as the formulas have it. */
export function loadOf({ load }: Found): { readonly load: ClusterLoad; readonly parts: BatchParts } {
  const { blocks, kind, partitions, receivers } = load;
  const parts = { blocks: receivers * blocks, tasks: 2 * Math.min(load.cores, partitions) };
  return { load: { ...COMMON, partitions, receivers, keys: kind === 'state' ? load.words : 0 }, parts };
}

/** A batch of a real cluster as the formulas have it. */
export function clusterLoad({ changedKeys, events, keys, partitions }: ClusterBatch, workers: number): ClusterLoad {
  const sizes = { cores: workers, partitions, receivers: 1, rate: events, batchSize: Math.ceil(events / 8) };
  return { ...COMMON, ...sizes, batchInterval: 1000, keys, changedKeys };
}

const count = (number: number): string => number.toLocaleString('en');

function driver(): string {
  const rows = SIMULATED.filter(({ load }) => load.kind !== 'idle').map((found) => {
    const { load, parts } = loadOf(found);
    return [
      found.load.kind === 'words' ? 'word count' : 'state',
      ...[load.partitions, load.receivers, parts.blocks].map(count),
      `${rounded(found.cpuMs)} ms`,
      `${rounded(driverMs(load, parts))} ms`,
      `${rounded(found.peakBytes / MB)} MB`,
      `${rounded(driverMegabytes(load, parts))} MB`,
      `${rounded((found.plan?.givenBytes ?? 0) / MB)} MB`,
    ];
  });
  const head = [
    'Job',
    'partitions',
    'receivers',
    'blocks',
    'CPU',
    'by the formula',
    'memory',
    'by the formula',
    'plan',
  ];
  return table(head, rows);
}

function idle(): string {
  const rows = SIMULATED.filter(({ load }) => load.kind === 'idle').map(({ cpuMs, load, wallMs }) => [
    count(load.receivers),
    `${rounded((cpuMs / wallMs) * 100)} %`,
    `${rounded(idleCores(load.receivers) * 100)} %`,
  ]);
  return table(['Receivers that are attached, no events', 'of one core', 'by the formula'], rows);
}

function cluster(): string {
  const rows = MEASURED.map((batch) => {
    const load = clusterLoad(batch, batch.workers);
    return [
      batch.what,
      String(batch.workers),
      ...[batch.ms, batchMs(load), batch.cpuMs, allCpuMs(load)].map((ms) => `${count(Math.round(ms))} ms`),
    ];
  });
  return table(['Batch', 'workers', 'time', 'by the formula', 'CPU of all', 'by the formula'], rows);
}

function limits(): string {
  const states = { keys: 10_000_000, changedKeys: 100_000 };
  const loads: readonly (readonly [string, Partial<ClusterLoad>])[] = [
    ['2 cores, 2 partitions, one receiver', { cores: 2, partitions: 2, receivers: 1 }],
    ['10 cores, 30 partitions', { cores: 10, partitions: 30 }],
    ['100 cores, 300 partitions', {}],
    ['the same, requests of 100 events', { batchSize: 100 }],
    ['the same, requests of 10,000 events', { batchSize: 10_000 }],
    ['the same, an interval of 10 s', { batchInterval: 10_000 }],
    ['100 cores, 10,000,000 keys, of which 100,000 change', states],
    ['1,000 cores, 3,000 partitions, 100 receivers, an interval of 10 s', { ...LARGE }],
    ['the same, requests of 10,000 events', { ...LARGE, batchSize: 10_000 }],
    ['3,000 cores, 10,000 partitions, 1,000 receivers, requests of 10,000, 10 s', { ...LARGEST }],
  ];
  const rows = loads.map(([what, more]) => {
    const load = { ...COMMON, ...more };
    const { by, eventsPerSecond } = clusterLimit(load);
    const full = { ...load, rate: eventsPerSecond };
    return [
      what,
      eventsPerSecond < 1 ? 'none' : rounded(eventsPerSecond),
      by,
      eventsPerSecond < 1 ? '' : `${rounded(latencyMs(full) / 1000)} s`,
      eventsPerSecond < 1 ? '' : `${rounded(driverMs(full, partsOf(full)))} ms`,
      eventsPerSecond < 1 ? '' : `${rounded(storedBytes(full) / MB / (load.batchInterval / 1000))} MB/s`,
    ];
  });
  const head = ['Cluster and load', 'events/s', 'bounded by', 'latency', 'driver, each batch', 'to the storage'];
  return table(head, rows);
}

const LARGE = { cores: 1000, partitions: 3000, receivers: 100, batchInterval: 10_000 } as const;
const LARGEST = { cores: 3000, partitions: 10_000, receivers: 1000, batchInterval: 10_000, batchSize: 10_000 } as const;

/** The page with its tables made anew. */
export function clusterPage(page: string): string {
  return filled(page, { driver, idle, cluster, limits });
}
