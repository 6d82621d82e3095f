/**
 * Windows and states over many keys: what BenchJob.java's `window`, `inverse` and `state` do, on us. The first batch has every key from
 * 0 to BENCH_KEYS once, each later one BENCH_CHANGED of them, going round.
 */
import { type DStream, defineJob, type State, StateSpec } from 'streamjob';

type Pair = readonly [number, number];

const { BENCH_KEYED = 'state' } = process.env;
const [keys, changed, window, interval, batches] = ['KEYS', 'CHANGED', 'WINDOW', 'INTERVAL', 'BATCHES'].map((name) =>
  Number(process.env[`BENCH_${name}`]),
) as [number, number, number, number, number];

/** How far a batch's keys begin after those of the one before: so that what leaves a window is not what enters it. */
const STEP = 1.03;

/** Every key's pair twice over, so that those of a batch are a slice wherever it begins. */
function allBatches(): Pair[][] {
  const pool = Array.from({ length: 2 * keys }, (_, i): Pair => [i % keys, 1]);
  const later = Array.from({ length: batches }, (_, i) => {
    const first = Math.floor(i * changed * STEP) % keys;
    return pool.slice(first, first + changed);
  });
  return [pool.slice(0, keys), ...later];
}

function kept(input: DStream<Pair>): DStream<unknown> {
  const sum = (a: number, b: number): number => a + b;
  const length = window * interval;
  if (BENCH_KEYED === 'window') return input.reduceByKeyAndWindow(sum, length, interval);
  if (BENCH_KEYED === 'inverse') return input.reduceByKeyAndWindow(sum, (a, b) => a - b, length, interval);
  const spec = StateSpec.function((_key: number, value: number | undefined, state: State<number>) => {
    const total = (value ?? 0) + (state.exists() ? state.get() : 0);
    state.update(total);
    return total;
  });
  return input.mapWithState(spec);
}

export default defineJob({ name: 'bench-keyed', batchInterval: interval }, (ssc) => {
  kept(ssc.queueStream<Pair>(allBatches())).foreachRDD(async (rdd, time) => {
    process.stdout.write(`${JSON.stringify({ time, size: await rdd.count() })}\n`);
  });
});
