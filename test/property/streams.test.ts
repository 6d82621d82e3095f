/** What must hold for any input: windows are folds of their batches, state follows a model, partitions do not matter. */
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { StreamingContext } from '../../src/context.ts';
import { ManualClock } from '../../src/core/clock.ts';
import type { DStream } from '../../src/graph/dstream.ts';
import { type State, StateSpec } from '../../src/graph/state/state-spec.ts';
import { runBatches } from '../../src/testing.ts';
import { until } from '../kit/until.ts';

type Pair = readonly [string, number];
const pair = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.integer({ min: -5, max: 5 }));
const batches = fc.array(fc.array(pair, { maxLength: 6 }), { minLength: 1, maxLength: 10 });
const partitions = fc.integer({ min: 1, max: 4 });
const RUNS = { numRuns: 60 };

async function run<U>(
  inputs: readonly (readonly Pair[])[],
  numPartitions: number,
  build: (pairs: DStream<Pair>) => DStream<U>,
) {
  const out = await runBatches({ batchInterval: 1000, inputs, numPartitions }, (_, pairs) => build(pairs));
  return out.map(({ time, values }) => ({ time, values: [...values] }));
}

function sums(pairs: readonly Pair[]): Map<string, number> {
  const map = new Map<string, number>();
  for (const [key, value] of pairs) map.set(key, (map.get(key) ?? 0) + value);
  return map;
}

const asMaps = (out: readonly { readonly values: readonly Pair[] }[]) => out.map(({ values }) => new Map(values));

test.prop([batches, partitions, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })], RUNS)(
  'a window equals the fold of its batches, with an inverse, without one, and as plain window and reduce',
  async (inputs, numPartitions, length, slide) => {
    const expected: Map<string, number>[] = [];
    for (let t = slide; t <= inputs.length; t += slide)
      expected.push(sums(inputs.slice(Math.max(0, t - length), t).flat()));
    const [windowMs, slideMs] = [length * 1000, slide * 1000];
    const add = (a: number, b: number) => a + b;
    const plain = await run(inputs, numPartitions, (pairs) => pairs.window(windowMs, slideMs).reduceByKey(add));
    const stacks = await run(inputs, numPartitions, (pairs) => pairs.reduceByKeyAndWindow(add, windowMs, slideMs));
    expect(asMaps(plain)).toEqual(expected);
    expect(asMaps(stacks)).toEqual(expected);
    const inverse = await run(inputs, numPartitions, (pairs) =>
      pairs.reduceByKeyAndWindow(add, (a, b) => a - b, windowMs, slideMs),
    );
    // With an inverse keys stay when their data has left, with what is left of them: 0.
    const present = asMaps(inverse).map(
      (map, i) => new Map([...map].filter(([key]) => expected[i]?.has(key) === true)),
    );
    expect(present).toEqual(expected);
    for (const [i, map] of asMaps(inverse).entries())
      for (const [key, n] of map) if (expected[i]?.has(key) !== true) expect(n).toBe(0);
  },
);

test.prop([batches, partitions, fc.integer({ min: 1, max: 4 })], RUNS)(
  'a window without an inverse keeps the order of its slices: its function need not commute over time',
  async (inputs, numPartitions, length) => {
    const texts = (pairs: DStream<Pair>) =>
      pairs.reduceByKey((a) => a).map(([key, value]) => [key, `${value};`] as readonly [string, string]);
    const out = await run(inputs, numPartitions, (pairs) =>
      texts(pairs).reduceByKeyAndWindow((a, b) => a + b, length * 1000),
    );
    const plain = await run(inputs, numPartitions, (pairs) =>
      texts(pairs)
        .window(length * 1000)
        .reduceByKey((a, b) => a + b, 1),
    );
    const slices = (value: string) => value.split(';').length;
    expect(out.map(({ values }) => new Map(values.map(([k, v]) => [k, slices(v)])))).toEqual(
      plain.map(({ values }) => new Map(values.map(([k, v]) => [k, slices(v)]))),
    );
  },
);

test.prop([batches, partitions], RUNS)(
  'updateStateByKey equals a model that sees every key in every batch',
  async (inputs, numPartitions) => {
    const model = new Map<string, number>();
    const expected = inputs.map((batch) => {
      for (const key of new Set([...model.keys(), ...batch.map(([key]) => key)])) {
        const sum = batch.filter(([k]) => k === key).reduce((total, [, n]) => total + n, model.get(key) ?? 0);
        // A key whose sum is a multiple of three goes.
        if (sum % 3 === 0) model.delete(key);
        else model.set(key, sum);
      }
      return new Map(model);
    });
    const out = await run(inputs, numPartitions, (pairs) =>
      pairs.updateStateByKey((values: readonly number[], state: number | undefined) => {
        const sum = values.reduce((a, b) => a + b, state ?? 0);
        return sum % 3 === 0 ? undefined : sum;
      }),
    );
    expect(asMaps(out)).toEqual(expected);
  },
);

test.prop([batches, partitions, fc.integer({ min: 1, max: 3 })], RUNS)(
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
      return { states: new Map([...model].map(([key, { sum }]) => [key, sum])), gone: gone.sort() };
    });
    const spec = StateSpec.function((_time: number, key: string, n: number | undefined, state: State<number>) => {
      if (state.isTimingOut()) return key;
      const sum = (state.getOption() ?? 0) + (n ?? 0);
      if (sum !== 7) state.update(sum);
      else if (state.exists()) state.remove();
      return undefined;
    }).timeout(timeout * 1000);
    const snapshots: Map<string, number>[] = [];
    const out = await run(inputs, numPartitions, (pairs) => {
      const mapped = pairs.mapWithState(spec);
      mapped.stateSnapshots().foreachRDD(async (rdd) => void snapshots.push(new Map(await rdd.collect())));
      return mapped;
    });
    expect(out.map(({ values }) => values.sort())).toEqual(expected.map(({ gone }) => gone));
    expect(snapshots).toEqual(expected.map(({ states }) => states));
  },
);

test.prop([batches, partitions, fc.array(fc.boolean(), { maxLength: 3 })], RUNS)(
  'a batch that is run again counts once, in state and in windows, wherever it fails',
  async (inputs, numPartitions, failures) => {
    // At most three failures: their waits, 100, 200 and 400 ms, end before the next batch is due.
    const left = [...failures];
    const flaky = (): void => {
      if (left.pop() === true) throw new Error('now and then');
    };
    const clock = new ManualClock(0);
    const ssc = new StreamingContext({ batchInterval: 1000, clock, parallelism: numPartitions, write: () => {} });
    const { stream, push } = ssc.valuesStream<Pair>();
    const results: Map<string, number>[][] = [[], []];
    const state = stream.updateStateByKey((values: readonly number[], sum: number | undefined) => {
      flaky();
      return values.reduce((a, b) => a + b, sum ?? 0);
    });
    const window = stream.reduceByKeyAndWindow(
      (a, b) => {
        flaky();
        return a + b;
      },
      (a, b) => a - b,
      2000,
    );
    for (const [i, each] of [state, window].entries()) {
      each.foreachRDD(async (rdd) => {
        flaky();
        results[i]?.push(new Map(await rdd.collect()));
      });
    }
    await ssc.start();
    let completed = 0;
    ssc.events$.subscribe((event) => {
      if (event.type === 'batchCompleted') completed++;
    });
    for (const [i, batch] of inputs.entries()) {
      push(batch);
      await until(() => {
        if (completed <= i && clock.now() < (i + 1) * 1000 + 900) clock.advance(100);
        return completed > i;
      });
      clock.advanceTo((i + 1) * 1000 + 900);
    }
    await ssc.stop({ graceful: false });
    const all = inputs.map((_, i) => sums(inputs.slice(0, i + 1).flat()));
    expect(results[0]).toEqual(all);
    expect(
      results[1]?.map(
        (map, i) => new Map([...map].filter(([key]) => sums(inputs.slice(Math.max(0, i - 1), i + 1).flat()).has(key))),
      ),
    ).toEqual(inputs.map((_, i) => sums(inputs.slice(Math.max(0, i - 1), i + 1).flat())));
  },
);

test.prop([batches, partitions], RUNS)(
  'a replay of the same batches gives the same output, in the same order',
  async (inputs, numPartitions) => {
    const all = () =>
      run(inputs, numPartitions, (pairs) => {
        const sampled = pairs.transform((rdd) => rdd.sample(false, 0.5, 7)).map(([key, n]) => `${key}${n}`);
        const window = pairs.reduceByKeyAndWindow((a, b) => a + b, 2000).map(([key, n]) => `${key}${n}`);
        const state = pairs.updateStateByKey(
          (values: readonly number[], sum: number | undefined) => values.length + (sum ?? 0),
        );
        return sampled.union(window).union(state.map(([key, n]) => `${key}${n}`));
      });
    expect(await all()).toEqual(await all());
  },
);

test.prop([batches], RUNS)('no operator depends on the number of partitions', async (inputs) => {
  const all = (numPartitions: number) =>
    run(inputs, numPartitions, (pairs) => {
      const joined = pairs.join(pairs.mapValues((n) => n * 2)).map(([key, [a, b]]) => `${key}${a}${b}`);
      const grouped = pairs.groupByKey().map(([key, list]) => `${key}${[...list].sort()}`);
      const counted = pairs.countByValue().map(([[key, n], count]) => `${key}${n}${count}`);
      const cogrouped = pairs
        .cogroup(pairs.filter(([, n]) => n > 0))
        .map(([key, [l, r]]) => `${key}${l.length}/${r.length}`);
      return joined.union(grouped).union(counted).union(cogrouped);
    });
  const one = await all(1);
  for (const numPartitions of [2, 3, 5]) {
    const more = await all(numPartitions);
    expect(more.map(({ values }) => values.sort())).toEqual(one.map(({ values }) => values.sort()));
  }
});
