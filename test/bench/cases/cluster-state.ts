/** Case f: a count that is kept for each of many keys on a real Spark cluster, beside Spark's own streaming state. */
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { StoredEvents } from '../../../src/avro/stored-events.ts';
import type { Case } from '../kit/case.ts';
import { ClusterEngine } from '../kit/cluster-engine.ts';
import { digits } from '../kit/format.ts';
import { type KeyedStreamOptions, keyedBatches, startKeyedStream } from '../kit/keyed-stream.ts';
import { EXECUTOR_MEMORY, type OnCluster, onCluster } from '../kit/on-cluster.ts';
import { NotRun } from '../kit/side.ts';
import { median } from '../kit/stats.ts';
import { type Contestant, inTurn, middle } from '../kit/turns.ts';
import { storedEvents } from '../kit/words.ts';
import { random } from '../load/frames.ts';
import { row } from './rows.ts';

const KEYS = 1_000_000;
const CHANGED = KEYS / 100;
const WARMUP = 12;
const MEASURED = 15;
const PARTITIONS = 4;
/** The faster of those that Spark has. */
const SPARK: Pick<KeyedStreamOptions, 'how' | 'provider'> = {
  how: 'mapGroupsWithState',
  provider: 'HDFSBackedStateStoreProvider',
};

/** What batches cost. */
interface Cost {
  /** Of the batch of all keys. */
  readonly firstMs: number;
  /** The median of the others. */
  readonly ms: number;
  readonly cpuMs: number;
}

/** All keys in turn, then some of them by chance: the same ones for both. */
function* batches(): Generator<readonly string[]> {
  yield Array.from({ length: KEYS }, (_, key) => String(key));
  const next = random(2);
  for (let i = 0; i < WARMUP + MEASURED; i++) {
    yield Array.from({ length: CHANGED }, () => String(Math.floor(next() * KEYS)));
  }
}

/** How many keys come out of a batch, and the sum of their counts: all keys once, and what came later. */
function expected(): (keys: readonly string[]) => { keys: number; sum: number } {
  const counts = new Map<string, number>();
  return (keys) => {
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
    const different = [...new Set(keys)];
    return { keys: different.length, sum: different.reduce((sum, key) => sum + (counts.get(key) ?? 0), 0) };
  };
}

async function ours({ cluster, cpuMs, directory }: OnCluster): Promise<Cost> {
  const { master } = cluster;
  const engine = await ClusterEngine.open({ job: 'state', master, numPartitions: PARTITIONS, storage: directory });
  const costs: { ms: number; cpuMs: number }[] = [];
  const counts = new Map<number, number>();
  let number = 0;
  for (const keys of batches()) {
    const blocks = dealt(path.join(directory, `events-${number++}`), keys);
    const [began, before] = [performance.now(), cpuMs()];
    const out = await engine.batch<readonly [number, number]>(blocks);
    costs.push({ ms: performance.now() - began, cpuMs: cpuMs() - before });
    for (const [key, count] of out) counts.set(key, Math.max(count, counts.get(key) ?? 0));
  }
  await engine.close();
  const wanted = KEYS + (WARMUP + MEASURED) * CHANGED;
  const sum = [...counts.values()].reduce((all, count) => all + count, 0);
  if (sum !== wanted) throw new NotRun(`streamjob has counted ${sum} of ${wanted} events`);
  return costOf(costs);
}

/** As many blocks as there are partitions. */
function dealt(file: string, keys: readonly string[]): StoredEvents[] {
  const size = Math.ceil(keys.length / PARTITIONS);
  return Array.from({ length: PARTITIONS }, (_, i) =>
    storedEvents(`${file}-${i}`, keys.slice(i * size, (i + 1) * size)),
  );
}

async function spark({ cluster, cpuMs, directory, scene }: OnCluster): Promise<Cost> {
  const files = path.join(directory, 'files');
  mkdirSync(files);
  const wanted: string[] = [];
  const expect = expected();
  let number = 0;
  for (const keys of batches()) {
    const file = path.join(files, `batch-${number++}`);
    writeFileSync(file, `${keys.join('\n')}\n`);
    // Read in the order of their times.
    utimesSync(file, number, number);
    wanted.push(JSON.stringify(expect(keys)));
  }
  const checkpoint = path.join(directory, 'checkpoint');
  const options = { ...SPARK, numPartitions: PARTITIONS, files, checkpoint, executorMemory: EXECUTOR_MEMORY };
  const query = startKeyedStream(scene, cluster, directory, options);
  const marks: number[] = [];
  for (const batch of wanted.keys()) {
    await scene.until(() => keyedBatches(query).length > batch, `batch ${batch} has committed`);
    marks.push(cpuMs());
  }
  const told = query.stdout.filter((line) => line.startsWith('{"keys"'));
  if (told.join() !== wanted.join()) throw new NotRun('Spark has counted something else');
  const costs = keyedBatches(query).map(({ processingMs }, i) => ({
    ms: processingMs,
    cpuMs: (marks[i] ?? Number.NaN) - (marks[i - 1] ?? Number.NaN),
  }));
  await query.kill();
  return costOf(costs);
}

function costOf(costs: readonly { readonly ms: number; readonly cpuMs: number }[]): Cost {
  const last = costs.slice(-MEASURED);
  return {
    firstMs: costs[0]?.ms ?? Number.NaN,
    ms: median(last.map(({ ms }) => ms)),
    cpuMs: median(last.map(({ cpuMs }) => cpuMs)),
  };
}

const contestants: readonly Contestant<Cost>[] = [
  { name: 'streamjob', run: () => onCluster({}, ours) },
  { name: 'Spark', run: () => onCluster({ connect: false }, spark) },
];

export const clusterState: Case = {
  id: 'cluster-state',
  group: 'f',
  needs: ['cluster'],
  async run({ pairs }) {
    const [us, them] = await inTurn(pairs, contestants);
    if (us === undefined || them === undefined) throw new Error('two contestants, two outcomes');
    return {
      title: 'States on a Spark cluster',
      method: `Two workers with a core each, ${PARTITIONS} partitions. A first batch of ${KEYS.toLocaleString('en-US')} keys, one event each, then batches of ${CHANGED.toLocaleString('en-US')} events with keys by chance; both count the events of each key for ever, and bring what a batch gives to the driver. Ours: mapWithState, from the start of a batch to its commit. Spark's: ${SPARK.how} of Structured Streaming with ${SPARK.provider} (the fastest of those that were tried), a file for each batch, as an application of its own on the same cluster; the durations of its progress events. ${WARMUP} of the small batches first, then the median of ${MEASURED}.`,
      rows: [
        row({
          what: `states of 10^6 keys on a Spark cluster, 1 % of them in a batch, duration of a batch: ours over Structured Streaming's`,
          target: 1,
          sense: 'at most',
          over: us,
          under: them,
          ours: 'over',
          figure: ({ ms }) => ms,
          show: (ms) => `${digits(ms)} ms`,
        }),
        row({
          what: 'the same, CPU of a batch, drivers included: ours over its',
          ...{ target: 1, sense: 'at most', over: us, under: them, ours: 'over', figure: (cost: Cost) => cost.cpuMs },
          show: (ms) => `${digits(ms)} CPU ms`,
        }),
      ],
      tables: [
        {
          title: '',
          columns: ['', 'ms of the batch of all keys', 'ms of a batch', 'CPU ms of a batch'],
          lines: [us, them].map((outcome) => [
            outcome.name,
            digits(middle(outcome, ({ firstMs }) => firstMs)),
            digits(middle(outcome, ({ ms }) => ms)),
            digits(middle(outcome, ({ cpuMs }) => cpuMs)),
          ]),
        },
      ],
    };
  },
};
