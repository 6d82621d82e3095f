/** Batches that are cut as soon as something waits (cut: 'eager'). */
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { EagerCutting } from '../../../src/flow/batch/eager-cutting.ts';
import { pushRig } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';

describe('with an interval of 1000 ms and a linger of 2 ms', () => {
  const waiting = (somethingWaits: boolean, nothingDue = false) => ({
    somethingWaits: () => somethingWaits,
    nothingDue: () => nothingDue,
  });

  test('what waits is cut at once, then after the linger; times rise although the clock stands still', () => {
    const clock = new ManualClock(5000);
    const cutting = new EagerCutting(clock, 1000, 2);
    expect(cutting.take(waiting(true))).toBe(5001);
    expect(cutting.take(waiting(true))).toBeUndefined();
    clock.advance(1);
    expect(cutting.take(waiting(true))).toBeUndefined();
    clock.advance(1);
    expect(cutting.take(waiting(true))).toBe(5002);
  });

  test('multiples of the interval are cut, also when nothing waits, and before anything else', () => {
    const clock = new ManualClock(5000);
    const cutting = new EagerCutting(clock, 1000, 2);
    clock.advanceTo(5998);
    expect(cutting.take(waiting(true))).toBe(5998);
    clock.advanceTo(6500);
    expect(cutting.take(waiting(true))).toBe(6000);
    expect(cutting.take(waiting(false))).toBeUndefined();
    clock.advanceTo(9000);
    expect([cutting.take(waiting(false)), cutting.take(waiting(false)), cutting.take(waiting(false))]).toEqual([
      7000, 8000, 9000,
    ]);
  });

  test('where no time is left before a multiple, that one takes what waits', () => {
    const clock = new ManualClock(5000);
    const cutting = new EagerCutting(clock, 1000, 1);
    clock.advanceTo(5999);
    expect(cutting.take(waiting(true))).toBe(5999);
    // The clock may be read twice in one millisecond.
    clock.advance(0);
    expect(cutting.take(waiting(true))).toBeUndefined();
    clock.advanceTo(6000);
    expect(cutting.take(waiting(true))).toBe(6000);
  });

  test('times go on after those of the run before, also when its last one was between two multiples', () => {
    const clock = new ManualClock(5300);
    const cutting = new EagerCutting(clock, 1000, 2, 5700);
    expect(cutting.take(waiting(true))).toBe(5701);
    clock.advanceTo(6000);
    expect(cutting.take(waiting(false))).toBe(6000);
  });
});

test('a request is answered when it has been processed, not when the interval is over', async () => {
  const seen: string[] = [];
  const rig = await pushRig(async (rdd) => void seen.push(...(await rdd.collect())), { cut: 'eager' });
  const peer = await rig.connect();
  const first = peer.send('a', 'b');
  await until(() => peer.status(first) === 'OK');
  const second = peer.send('c');
  // Before the linger is over nothing is cut.
  await until(() => rig.ssc.waitingEvents === 1);
  rig.clock.advance(2);
  await until(() => peer.status(second) === 'OK');
  expect(seen).toEqual(['a', 'b', 'c']);
  expect(rig.batches.map(({ time }) => time)).toEqual([1, 2]);
  await rig.stop();
});

const arrivals = fc.array(
  fc.record({
    after: fc.integer({ min: 0, max: 700 }),
    values: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 12 },
);

test.prop([arrivals, fc.integer({ min: 1, max: 3 }), fc.boolean()], { numRuns: 40 })(
  'at multiples of the slide windows hold what came between them, and every value counts once',
  async (list, length, inverse) => {
    const clock = new ManualClock(0);
    const ssc = new StreamingContext({ batchInterval: 1000, clock, cut: 'eager', write: () => {} });
    const { stream, push } = ssc.valuesStream<number>();
    const sums = new Map<number, number>();
    const pairs = stream.map((n) => ['all', n] as const);
    const add = (a: number, b: number): number => a + b;
    const window = inverse
      ? pairs.reduceByKeyAndWindow(add, (a, b) => a - b, length * 1000)
      : pairs.window(length * 1000).reduceByKey(add);
    // Outputs run in their order: when there is a sum of a batch, its values have been taken.
    const total: number[] = [];
    stream.foreachRDD(async (rdd) => void total.push(...(await rdd.collect())));
    window.foreachRDD(async (rdd, time) => void sums.set(time, (await rdd.collect())[0]?.[1] ?? 0));
    await ssc.start();
    const came: { readonly at: number; readonly values: readonly number[] }[] = [];
    for (const { after, values } of list) {
      // One tick at a time, so that each is cut before anything later arrives.
      for (let to = clock.now() + after; clock.now() < to; ) {
        clock.advanceTo(Math.min(to, (Math.floor(clock.now() / 1000) + 1) * 1000));
        await until(() => (clock.now() < 1000 ? true : sums.has(Math.floor(clock.now() / 1000) * 1000)));
      }
      came.push({ at: clock.now(), values });
      push(values);
      clock.advance(0);
    }
    const end = (Math.floor(clock.now() / 1000) + 1) * 1000;
    clock.advanceTo(end);
    await until(() => sums.has(end));
    await ssc.stop({ graceful: false });
    const all = came.flatMap(({ values }) => values);
    expect([...total].sort()).toEqual([...all].sort());
    const last = came.filter(({ at }) => at >= end - length * 1000).flatMap(({ values }) => values);
    const early = came.filter(({ at }) => at === end - length * 1000).flatMap(({ values }) => values);
    // What comes at the very moment of a multiple may still be in the batch of it.
    const sum = (values: readonly number[]): number => values.reduce(add, 0);
    expect(sums.get(end)).toBeLessThanOrEqual(sum(last));
    expect(sums.get(end)).toBeGreaterThanOrEqual(sum(last) - sum(early));
  },
);

test('windowed and unwindowed streams cannot be read together', async () => {
  const ssc = new StreamingContext({ batchInterval: 1000, cut: 'eager', clock: new ManualClock(0), write: () => {} });
  const { stream } = ssc.valuesStream<number>();
  stream.union(stream.window(2000, 1000)).print();
  await expect(ssc.start()).rejects.toMatchObject({ code: 'CONFIG_INVALID', where: expect.stringContaining('window') });
});

test('with an interval an end-to-end receiver says at its start what a sink can deliver', async () => {
  const rig = await pushRig(() => {});
  expect(rig.lines.map(({ message }) => message).join()).toContain('100 events/s');
  await rig.stop();
  const eager = await pushRig(() => {}, { cut: 'eager' });
  expect(eager.lines.map(({ message }) => message).join()).not.toContain('events/s');
  await eager.stop();
});
