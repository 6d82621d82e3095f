import { describe, expect, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { runBatches } from '../../../src/api/testing/run-batches.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { Backlog } from '../../../src/flow/batch/backlog.ts';
import { Ticker } from '../../../src/flow/batch/ticker.ts';
import { HeldDeliveries } from '../../../src/flow/receive/held.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';

describe('ticks', () => {
  test('are multiples of the interval, the first one after the start', () => {
    const clock = new ManualClock(12_345);
    const ticker = new Ticker(clock, 1000);
    expect(ticker.take({ nothingDue: () => false })).toBeUndefined();
    clock.advanceTo(13_000);
    expect(ticker.take({ nothingDue: () => false })).toBe(13_000);
    expect(ticker.take({ nothingDue: () => false })).toBeUndefined();
  });

  test('late ones are run one after the other, not skipped', () => {
    const clock = new ManualClock(0);
    const ticker = new Ticker(clock, 1000);
    clock.advanceTo(3500);
    expect([
      ticker.take({ nothingDue: () => false }),
      ticker.take({ nothingDue: () => false }),
      ticker.take({ nothingDue: () => false }),
      ticker.take({ nothingDue: () => false }),
    ]).toEqual([1000, 2000, 3000, undefined]);
  });

  test('a run of late ones with nothing due is passed in one step', () => {
    const clock = new ManualClock(0);
    const ticker = new Ticker(clock, 1000);
    clock.advanceTo(3 * 86_400_000 + 10);
    expect(ticker.take({ nothingDue: () => true })).toBe(3 * 86_400_000);
    expect(ticker.take({ nothingDue: () => true })).toBeUndefined();
  });

  test('after a weekend asleep one empty batch is run, and windows that still hold data get theirs first', async () => {
    const clock = new ManualClock(0);
    const ssc = new StreamingContext({ batchInterval: 1000, clock, write: () => {} });
    const { stream, push } = ssc.valuesStream<string>();
    const out: [number, number][] = [];
    stream
      .window(3000, 1000)
      .count()
      .foreachRDD(async (rdd, time) => void out.push([time, await rdd.first()]));
    await ssc.start();
    push(['a']);
    clock.advanceTo(1000);
    await until(() => out.length === 1);
    clock.advanceTo(259_200_000);
    await until(() => out.at(-1)?.[0] === 259_200_000);
    expect(out).toEqual([
      [1000, 1],
      [2000, 1],
      [3000, 1],
      [4000, 0],
      [259_200_000, 0],
    ]);
    await ssc.stop({ graceful: false });
  });

  test('batch times rise when the clock is set back', async () => {
    const clock = new ManualClock(10_000);
    const ticker = new Ticker(clock, 1000);
    clock.advanceTo(11_000);
    expect(ticker.take({ nothingDue: () => false })).toBe(11_000);
    clock.advanceTo(5000);
    expect(ticker.take({ nothingDue: () => false })).toBeUndefined();
    clock.advanceTo(12_000);
    expect(ticker.take({ nothingDue: () => false })).toBe(12_000);
  });
});

describe('windows', () => {
  const inputs = [['a'], ['b'], ['c'], ['d'], [], []];

  test('hold the batches of (time - window, time], oldest first, and slide by multiples', async () => {
    const out = await runBatches({ batchInterval: 1000, inputs, numPartitions: 2 }, (_, stream) =>
      stream.window(3000, 2000),
    );
    expect(out).toEqual([
      { time: 2000, values: ['a', 'b'] },
      { time: 4000, values: ['b', 'c', 'd'] },
      { time: 6000, values: ['d'] },
    ]);
  });

  test('reduceByKeyAndWindow drops a key when no batch in the window has it', async () => {
    const out = await runBatches({ batchInterval: 1000, inputs: [['x', 'x'], ['x', 'y'], [], []] }, (_, stream) =>
      stream.map((word) => [word, 1] as const).reduceByKeyAndWindow((a, b) => a + b, '2s'),
    );
    expect(out.map(({ values }) => Object.fromEntries(values))).toEqual([{ x: 2 }, { x: 3, y: 1 }, { x: 1, y: 1 }, {}]);
  });

  test('of windows hold what the inner ones held', async () => {
    const out = await runBatches({ batchInterval: 1000, inputs: [['a'], ['b'], ['c']] }, (_, stream) =>
      stream.window(2000).window(2000),
    );
    expect(out.map(({ values }) => values)).toEqual([['a'], ['a', 'a', 'b'], ['a', 'b', 'b', 'c']]);
  });

  test('that are no multiple of the slide are refused, naming both', async () => {
    const wrong = runBatches({ batchInterval: 1000, inputs: [[1]] }, (_, stream) => stream.window(1500));
    await expect(wrong).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(/1500.*1000/) });
  });

  test('are said at start to be lost by a crash', async () => {
    const { log, lines } = collectingLogger();
    const ssc = new StreamingContext({ batchInterval: 1000, log, clock: new ManualClock(0) });
    ssc.valuesStream().stream.window(60_000).print();
    await ssc.start();
    await ssc.stop({ graceful: false });
    expect(lines.find(({ level }) => level === 'warn')?.message).toMatch(/memory only.*60000 ms/);
  });
});

describe('the backlog', () => {
  const idle = { waitingEvents: 0, heldBytes: 0, running: undefined };

  test('is estimated from how long the last batches took', () => {
    const backlog = new Backlog(10_000, 1000);
    expect(backlog.delayMs({ ...idle, waitingEvents: 5000 })).toBe(0);
    backlog.learn(100, 200);
    expect(backlog.delayMs({ ...idle, waitingEvents: 5000 })).toBe(10_000);
    expect(backlog.overload({ ...idle, waitingEvents: 5000 })).toBeUndefined();
    expect(backlog.overload({ ...idle, waitingEvents: 5001 })).toMatch(/estimated delay/);
  });

  test('of a batch that takes longer than expected grows with the time it takes', () => {
    const backlog = new Backlog(10_000, 1000);
    backlog.learn(1000, 1000);
    expect(backlog.overload({ ...idle, running: { events: 1000, sinceMs: 10_900 } })).toBeUndefined();
    expect(backlog.overload({ ...idle, running: { events: 1000, sinceMs: 11_100 } })).toMatch(/estimated delay/);
  });

  test('is not misled by one batch that hung', () => {
    const backlog = new Backlog(10_000, 1000);
    for (const ms of [1, 1, 26_000, 1]) backlog.learn(1, ms);
    expect(backlog.overload({ ...idle, waitingEvents: 100 })).toBeUndefined();
  });

  test('must fall well below its limit before reading goes on', () => {
    const backlog = new Backlog(10_000, 1000);
    backlog.learn(1, 1);
    expect(backlog.overload({ ...idle, waitingEvents: 9000 })).toBeUndefined();
    expect(backlog.overload({ ...idle, waitingEvents: 9000 }, true)).toMatch(/estimated delay/);
    expect(backlog.overload({ ...idle, waitingEvents: 6000 }, true)).toBeUndefined();
  });

  test('has a bound in bytes too', () => {
    expect(new Backlog(Number.POSITIVE_INFINITY, 1000).overload({ ...idle, heldBytes: 1001 })).toMatch(/1001 bytes/);
  });
});

test('each held delivery expires once, at its own time', () => {
  const clock = new ManualClock(0);
  const expired: number[] = [];
  const held = new HeldDeliveries<string>(clock, 15_000, (sequence) => expired.push(sequence));
  held.hold(1, 'a');
  clock.advance(5000);
  held.hold(2, 'b');
  held.hold(3, 'c');
  held.take(2);
  clock.advance(10_000);
  expect(expired).toEqual([1]);
  clock.advance(100_000);
  expect(expired).toEqual([1, 3]);
});
