/** What must hold for any input, on every engine: windows are folds of their batches, state follows a model, partitions do not matter. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { StreamingContext } from '../../src/api/streaming-context.ts';
import { runBatches } from '../../src/api/testing/run-batches.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { buildFlaky } from '../kit/pipelines/flaky.ts';
import build, { type Pair, type PipelineData } from '../kit/pipelines/properties.ts';
import { until } from '../kit/until.ts';

const pair = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.integer({ min: -5, max: 5 }));
const batches = fc.array(fc.array(pair, { maxLength: 6 }), { minLength: 1, maxLength: 10 });
const partitions = fc.integer({ min: 1, max: 4 });
/** Threads have to be started for each run. */
const RUNS = { inline: { numRuns: 60 }, threads: { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 2) } };
const properties = new URL('../kit/pipelines/properties.ts', import.meta.url);
const flaky = new URL('../kit/pipelines/flaky.ts', import.meta.url);

function sums(pairs: readonly Pair[]): Map<string, number> {
  const map = new Map<string, number>();
  for (const [key, value] of pairs) map.set(key, (map.get(key) ?? 0) + value);
  return map;
}

interface Batch<T> {
  readonly time: number;
  readonly values: readonly T[];
}

const asMaps = <V>(out: readonly Batch<readonly [string, V]>[]) => out.map(({ values }) => new Map(values));

describe.each(['inline', 'threads'] as const)('engine %s', (engine) => {
  const runs = RUNS[engine];

  async function run<T>(
    inputs: readonly (readonly Pair[])[],
    numPartitions: number,
    name: PipelineData['name'],
    ...parameters: readonly number[]
  ): Promise<Batch<T>[]> {
    const data: PipelineData = { name, parameters };
    const job = { module: properties, data };
    const out = await runBatches({ batchInterval: 1000, inputs, numPartitions, engine, job }, build);
    return out.map(({ time, values }) => ({ time, values: [...values] as T[] }));
  }

  test.prop([batches, partitions, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })], runs)(
    'a window equals the fold of its batches, with an inverse, without one, and as plain window and reduce',
    async (inputs, numPartitions, length, slide) => {
      const expected: Map<string, number>[] = [];
      for (let t = slide; t <= inputs.length; t += slide)
        expected.push(sums(inputs.slice(Math.max(0, t - length), t).flat()));
      const parameters = [length * 1000, slide * 1000];
      expect(asMaps(await run<Pair>(inputs, numPartitions, 'plainWindow', ...parameters))).toEqual(expected);
      expect(asMaps(await run<Pair>(inputs, numPartitions, 'twoStacks', ...parameters))).toEqual(expected);
      const inverse = asMaps(await run<Pair>(inputs, numPartitions, 'inverse', ...parameters));
      // With an inverse keys stay when their data has left, with what is left of them: 0.
      const present = inverse.map((map, i) => new Map([...map].filter(([key]) => expected[i]?.has(key) === true)));
      expect(present).toEqual(expected);
      for (const [i, map] of inverse.entries())
        for (const [key, n] of map) if (expected[i]?.has(key) !== true) expect(n).toBe(0);
    },
  );

  test.prop([batches, partitions, fc.integer({ min: 1, max: 4 })], runs)(
    'a window without an inverse keeps the order of its slices: its function need not commute over time',
    async (inputs, numPartitions, length) => {
      const out = await run<readonly [string, string]>(inputs, numPartitions, 'texts', length * 1000);
      const plain = await run<readonly [string, string]>(inputs, numPartitions, 'textsPlain', length * 1000);
      const slices = (value: string) => value.split(';').length;
      const counted = (all: typeof out) => all.map(({ values }) => new Map(values.map(([k, v]) => [k, slices(v)])));
      expect(counted(out)).toEqual(counted(plain));
    },
  );

  test.prop([batches, partitions], runs)(
    'updateStateByKey equals a model that sees every key in every batch',
    async (inputs, numPartitions) => {
      const model = new Map<string, number>();
      const expected = inputs.map((batch) => {
        for (const key of new Set([...model.keys(), ...batch.map(([key]) => key)])) {
          const sum = batch.filter(([k]) => k === key).reduce((total, [, n]) => total + n, model.get(key) ?? 0);
          if (sum % 3 === 0) model.delete(key);
          else model.set(key, sum);
        }
        return new Map(model);
      });
      expect(asMaps(await run<Pair>(inputs, numPartitions, 'sumsState'))).toEqual(expected);
    },
  );

  test.prop([batches, partitions, fc.integer({ min: 1, max: 3 })], runs)(
    'mapWithState equals a model with a timeout, in what it gives and in its snapshots',
    async (inputs, numPartitions, timeout) => {
      const model = new Map<string, { sum: number; updated: number }>();
      const expected = inputs.map((batch, i) => {
        const time = (i + 1) * 1000;
        for (const [key, n] of batch) {
          const sum = (model.get(key)?.sum ?? 0) + n;
          if (sum === 7) model.delete(key);
          else model.set(key, { sum, updated: time });
        }
        const gone = [...model].filter(([, { updated }]) => updated < time - timeout * 1000).map(([key]) => key);
        for (const key of gone) model.delete(key);
        return { gone: gone.sort(), states: new Map([...model].map(([key, { sum }]) => [key, sum])) };
      });
      const out = await run<[string, string, number]>(inputs, numPartitions, 'timeouts', timeout * 1000);
      const of = (values: readonly [string, string, number][], what: string) =>
        values.filter(([kind]) => kind === what);
      expect(
        out.map(({ values }) => ({
          gone: of(values, 'gone')
            .map(([, key]) => key)
            .sort(),
          states: new Map(of(values, 'state').map(([, key, sum]) => [key, sum])),
        })),
      ).toEqual(expected);
    },
  );

  test.prop([batches, partitions, fc.array(fc.boolean(), { maxLength: 3 })], runs)(
    'a batch that is run again counts once, in state and in windows, wherever it fails',
    async (inputs, numPartitions, failures) => {
      // At most three failures: their waits, 100, 200 and 400 ms, end before the next batch is due.
      const data =
        engine === 'inline'
          ? { main: failures, worker: [] }
          : { main: failures.slice(0, 1), worker: failures.slice(1) };
      const clock = new ManualClock(0);
      const ssc = new StreamingContext({
        batchInterval: 1000,
        clock,
        parallelism: numPartitions,
        engine,
        job: { module: flaky.href, data },
        write: () => {},
      });
      const results: Map<string, number>[][] = [[], []];
      const { push } = buildFlaky(ssc, data, (stream, values) => results[stream]?.push(values));
      await ssc.start();
      let completed = 0;
      ssc.events$.subscribe((event) => {
        if (event.type === 'batchCompleted') completed++;
        // Once it waits to be run again, that time passes.
        if (event.type === 'batchFailed') setImmediate(() => clock.advance(100 * 2 ** (event.attempt - 1)));
      });
      for (const [i, batch] of inputs.entries()) {
        push(batch);
        clock.advanceTo((i + 1) * 1000);
        await until(() => completed > i);
      }
      await ssc.stop({ graceful: false });
      const all = inputs.map((_, i) => sums(inputs.slice(0, i + 1).flat()));
      expect(results[0]).toEqual(all);
      expect(
        results[1]?.map(
          (map, i) =>
            new Map([...map].filter(([key]) => sums(inputs.slice(Math.max(0, i - 1), i + 1).flat()).has(key))),
        ),
      ).toEqual(inputs.map((_, i) => sums(inputs.slice(Math.max(0, i - 1), i + 1).flat())));
    },
  );

  test.prop([batches, partitions], runs)(
    'a replay of the same batches gives the same output, in the same order',
    async (inputs, numPartitions) => {
      expect(await run(inputs, numPartitions, 'replayed')).toEqual(await run(inputs, numPartitions, 'replayed'));
    },
  );

  test.prop([batches], runs)('no operator depends on the number of partitions', async (inputs) => {
    const one = await run<string>(inputs, 1, 'partitioned');
    for (const numPartitions of [2, 3, 5]) {
      const more = await run<string>(inputs, numPartitions, 'partitioned');
      expect(more.map(({ values }) => [...values].sort())).toEqual(one.map(({ values }) => [...values].sort()));
    }
  });
});

const named = fc.constantFrom<PipelineData['name']>(
  'plainWindow',
  'twoStacks',
  'inverse',
  'sumsState',
  'replayed',
  'partitioned',
  'arranged',
);

test.prop([batches, partitions, named], { numRuns: 12 })(
  'threads give what the inline engine gives, value by value, in the same order',
  async (inputs, numPartitions, name) => {
    const data: PipelineData = { name, parameters: name === 'arranged' ? [3] : [2000, 1000] };
    const on = (engine: string) =>
      runBatches({ batchInterval: 1000, inputs, numPartitions, engine, job: { module: properties, data } }, build);
    expect(await on('threads')).toEqual(await on('inline'));
  },
);
