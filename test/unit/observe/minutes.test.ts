/** The history of a day, minute by minute: what a row says, how many there are, and that they outlive a restart. */
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { TelemetryRegistry } from '../../../src/core/telemetry.ts';
import { WatchedJob } from '../../../src/observe/index.ts';
import {
  joined,
  MINUTE_MS,
  type Minute,
  Minutes,
  MOST_MINUTES,
  minuteOf,
  parseMinute,
} from '../../../src/observe/minutes.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { until } from '../../kit/until.ts';
import { batchOf, failure, output, stage } from './spans.ts';

describe('a minute', () => {
  it('has how many batches there were, how late they were, and the slowest', () => {
    const minutes = new Minutes();
    minutes.add(batchOf(61_000, 10, 100, [stage(1, 'map', 100)]));
    minutes.add(batchOf(62_000, 30, 900, [output('print-0', 900)], { events: 5, failures: [failure('no')] }));
    minutes.add(batchOf(119_999, 20, 200, [], { givenUp: 'a stop' }));
    minutes.add(batchOf(120_000, 0, 1, []));
    const [first, second] = minutes.all;
    expect(first).toEqual({
      ...{ time: 60_000, batches: 3, events: 25, failures: 1, givenUp: 1 },
      schedulingDelayMs: { min: 10, mean: 20, max: 30 },
      processingMs: { min: 100, mean: 400, max: 900 },
      totalDelayMs: { min: 110, mean: 420, max: 930 },
      slowest: { time: 62_000, events: 5, segments: expect.objectContaining({ outputs: 900, waited: 30 }) },
    });
    expect(second).toMatchObject({ time: 120_000, batches: 1 });
  });

  test('is the same however its batches are put together', () => {
    const took = fc.array(fc.nat(5000), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(took, fc.nat(20), (durations, cut) => {
        const rows = durations.map((ms, i) => minuteOf(batchOf(60_000 + i, ms % 7, ms, [])));
        const all = (some: readonly Minute[]): Minute | undefined =>
          some.length === 0 ? undefined : some.reduce((a, b) => joined(a, b));
        const at = 1 + (cut % (rows.length - 1));
        const [left, right] = [all(rows.slice(0, at)), all(rows.slice(at))];
        const whole = all(rows);
        if (left === undefined || right === undefined || whole === undefined) throw new Error('a part is empty');
        const two = joined(left, right);
        expect(two.processingMs.mean).toBeCloseTo(whole.processingMs.mean);
        const means = { mean: 0 };
        const without = ({ processingMs, schedulingDelayMs, totalDelayMs, ...rest }: Minute) => ({
          ...rest,
          ...{
            p: { ...processingMs, ...means },
            s: { ...schedulingDelayMs, ...means },
            t: { ...totalDelayMs, ...means },
          },
        });
        expect(without(two)).toEqual(without(whole));
      }),
    );
  });
});

describe('the history of minutes', () => {
  it('is a day long at most, and tells each minute once when it is over', () => {
    const minutes = new Minutes();
    const told: number[] = [];
    minutes.onOver(({ time }) => told.push(time));
    for (let i = 0; i < MOST_MINUTES + 10; i++) minutes.add(batchOf(i * MINUTE_MS, 0, 1, []));
    expect([minutes.all.length, minutes.all[0]?.time]).toEqual([MOST_MINUTES, 10 * MINUTE_MS]);
    expect([told.length, told[0]]).toEqual([MOST_MINUTES + 9, 0]);
    minutes.end();
    minutes.end();
    expect(told.length).toBe(MOST_MINUTES + 10);
  });

  it('has one row for a minute in which a run has ended and another one begun', () => {
    const minutes = new Minutes();
    minutes.add(batchOf(61_000, 0, 1, []));
    minutes.addFormer([
      minuteOf(batchOf(1000, 0, 1, [])),
      minuteOf(batchOf(60_000, 0, 1, [])),
      minuteOf(batchOf(60_500, 0, 1, [])),
    ]);
    expect(minutes.all.map(({ batches, time }) => [time, batches])).toEqual([
      [0, 1],
      [60_000, 3],
    ]);
  });

  it('leaves out what is no minute', () => {
    const row = minuteOf(batchOf(0, 0, 1, []));
    expect(parseMinute(JSON.parse(JSON.stringify(row)))).toEqual(row);
    for (const other of [
      undefined,
      null,
      7,
      {},
      { ...row, batches: 0 },
      { ...row, slowest: null },
      { ...row, time: 'x' },
      { ...row, time: 1e300 },
      { ...row, events: 'x' },
      { ...row, schedulingDelayMs: { mean: 1 } },
      { ...row, slowest: { segments: {} } },
      { ...row, slowest: { ...row.slowest, segments: { waited: 'x' } } },
    ])
      expect(parseMinute(other)).toBeUndefined();
  });
});

test('minutes outlive a restart', async () => {
  const historyFile = path.join(ownDirectory(), 'history.jsonl');
  const clock = new ManualClock(0);
  async function run(minutes: number): Promise<Minute[]> {
    const telemetry = new TelemetryRegistry();
    const ssc = new StreamingContext({
      ...{ name: 'job', batchInterval: '20s', clock, telemetry, log: silentLogger, write: () => {} },
    });
    const { push, stream } = ssc.valuesStream<number>();
    stream.print();
    const job = new WatchedJob(StreamingContext.observe(ssc, telemetry), { historyFile });
    onTestFinished(() => ssc.stop({ graceful: false }));
    let batches = 0;
    ssc.events$.subscribe(({ type }) => {
      if (type === 'batchCompleted') batches++;
    });
    const url = await job.serve({
      ...{ host: '127.0.0.1', port: 0, tries: 0, readyLimitMs: 1, version: '1', log: silentLogger },
    });
    await ssc.start();
    for (let i = 1; i <= minutes * 3; i++) {
      push([1], () => {});
      clock.advance(20_000);
      await until(() => batches === i);
    }
    const rows = (await (await fetch(`${url}/api/v1/applications/job/minutes`)).json()) as Minute[];
    await job.close();
    await ssc.stop({ graceful: false });
    return rows;
  }
  const first = await run(2);
  expect(first.reduce((sum, { events }) => sum + events, 0)).toBe(6);
  const second = await run(1);
  expect(second.reduce((sum, { events }) => sum + events, 0)).toBe(9);
  expect(second.length).toBeGreaterThan(first.length - 1);
  expect(fs.existsSync(historyFile.replace('.jsonl', '-minutes.jsonl'))).toBe(true);
});
