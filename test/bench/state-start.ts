/**
 * How long a start from a checkpoint of many keys takes, and batches over random ones of them, with states in memory and in lmdb.
 *
 *   node --conditions=streamjob-source --import tsx test/bench/state-start.ts [KEYS]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { StreamingContext } from '../../src/api/streaming-context.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { type State, StateSpec } from '../../src/graph/state/state-spec.ts';
import { oneBatch } from '../conformance/pipeline.ts';

const KEYS = Number(process.argv[2] ?? 1_000_000);
const REPEATS = 9;
const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-start-'));
const clock = new ManualClock(0);

type Batch = (keys: readonly number[]) => Promise<number>;

/** One run on the directory. @returns ms of its start */
async function run(stateStore: 'memory' | 'lmdb', work: (batch: Batch) => Promise<void>): Promise<number> {
  const ssc = new StreamingContext({
    batchInterval: 1000,
    clock,
    checkpointDir: directory,
    stateStore,
    write: () => {},
  });
  const { stream, push } = ssc.valuesStream<number>();
  const sums = StateSpec.function((_: string, one: number | undefined, sum: State<number>) => {
    sum.update((sum.getOption() ?? 0) + (one ?? 0));
    return 1;
  });
  stream
    .map((i) => [`key-number-${i}`, 1] as const)
    .mapWithState(sums)
    .foreachRDD(async (rdd) => void (await rdd.count()));
  const began = performance.now();
  await ssc.start();
  const started = performance.now() - began;
  await work(async (keys) => {
    const from = performance.now();
    push(keys);
    await oneBatch(ssc, () => clock.advance(1000));
    return performance.now() - from;
  });
  await ssc.stop({ graceful: false });
  return started;
}

const random = (count: number): number[] => Array.from({ length: count }, () => Math.floor(Math.random() * KEYS));

try {
  await run('memory', async (batch) => {
    for (let i = 0; i < KEYS; i += 100_000) {
      await batch(Array.from({ length: Math.min(100_000, KEYS - i) }, (_, j) => i + j));
    }
  });
  for (const store of ['memory', 'lmdb', 'memory', 'lmdb'] as const) {
    const medians: string[] = [];
    const started = await run(store, async (batch) => {
      for (const count of [100, 1000, 10_000]) {
        const times: number[] = [];
        for (let i = 0; i < REPEATS; i++) times.push(await batch(random(count)));
        const median = times.sort((a, b) => a - b)[Math.floor(REPEATS / 2)] ?? 0;
        medians.push(`${count} keys ${median.toFixed(1)} ms`);
      }
    });
    process.stdout.write(`${store}: start ${Math.round(started)} ms; a batch of ${medians.join(', ')}\n`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
