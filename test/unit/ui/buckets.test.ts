/** The slots of the timeline. */
import { describe, expect, test } from 'vitest';
import {
  heightOf,
  roundedUp,
  SEGMENTS,
  slotMsFor,
  slotsOf,
  slotsOfMinutes,
  stackOf,
  sumOf,
} from '../../../ui/chart/buckets.ts';
import { spanChoices, spanOf } from '../../../ui/chart/spans.ts';
import type { Minute } from '../../../ui/data/types.ts';
import { batchOf } from './batch-of.ts';

const slow = { waited: 100, stages: 4, outputs: 2, commit: 2, other: 1, acknowledged: 1 };

describe('slots', () => {
  test('end with the newest batch, and begin at multiples of their width', () => {
    const slots = slotsOf([batchOf(3000), batchOf(5000)], { slotMs: 1000, slots: 4 });
    expect(slots.map(({ batches, time }) => [time, batches])).toEqual([
      [2000, 0],
      [3000, 1],
      [4000, 0],
      [5000, 1],
    ]);
  });

  test('show the slowest of their batches, and all their events', () => {
    const slots = slotsOf([batchOf(1000), batchOf(1100, { segments: slow }), batchOf(1900)], {
      slotMs: 1000,
      slots: 1,
    });
    expect(slots).toMatchObject([{ time: 1000, batches: 3, events: 30, slowest: { time: 1100 } }]);
  });

  test('leave out what is older than they are', () => {
    const slots = slotsOf([batchOf(1000), batchOf(9000)], { slotMs: 1000, slots: 2 });
    expect(slots.reduce((sum, { batches }) => sum + batches, 0)).toBe(1);
    expect(slotsOf([], { slotMs: 1000, slots: 2 })).toEqual([]);
  });

  test('a bar stays as it is while the timeline moves on', () => {
    const before = slotsOf([batchOf(1300), batchOf(2700)], { slotMs: 1000, slots: 5 });
    const after = slotsOf([batchOf(1300), batchOf(2700), batchOf(3100)], { slotMs: 1000, slots: 5 });
    expect(after.find(({ time }) => time === 1000)).toEqual(before.find(({ time }) => time === 1000));
  });
});

test('slots are as wide as all batches need, in multiples of the interval that people can read', () => {
  const options = { batchIntervalMs: 1000, slots: 101, isDense: false };
  expect([0, 50_000, 100_000, 101_000, 250_000, 990_000].map((span) => slotMsFor(span, options))).toEqual([
    1000, 1000, 1000, 2000, 5000, 10_000,
  ]);
});

test('slots are narrower where batches come closer than the interval', () => {
  const options = { batchIntervalMs: 1000, slots: 101, isDense: true };
  expect([0, 100, 4500, 60_000, 101_000].map((span) => slotMsFor(span, options))).toEqual([1, 1, 50, 1000, 2000]);
});

test('a stack has its sums from all segments down to the first', () => {
  const [times, ...sums] = stackOf(slotsOf([batchOf(5000)], { slotMs: 1000, slots: 2 }));
  expect(times).toEqual([4, 5]);
  expect(sums.map((values) => values[0])).toEqual(SEGMENTS.map(() => null));
  expect(sums.map((values) => values[1])).toEqual([11, 10, 9, 7, 5, 1]);
  expect(sumOf(batchOf(5000).segments)).toBe(11);
});

test('the line of the interval is on the axis unless it would flatten the bars', () => {
  expect(heightOf(300, 1000)).toBeGreaterThan(1000);
  expect(heightOf(10, 1000)).toBeLessThan(20);
  expect(heightOf(0, 1000)).toBe(1);
});

test('axes end at round numbers', () => {
  expect([0, 1, 1.2, 730, 1001].map(roundedUp)).toEqual([1, 1, 1.5, 800, 1500]);
});

test('minutes fill slots with their batches, their failures and the slowest', () => {
  const minute = (at: number, waited: number): Minute => {
    const spread = { min: 0, mean: 0, max: waited };
    const segments = { ...batchOf(0).segments, waited };
    const counts = { batches: 60, events: 600, failures: 1, givenUp: 0 };
    const slowest = { time: at * 60_000 + 7000, events: 9, segments };
    const delays = { schedulingDelayMs: spread, processingMs: spread, totalDelayMs: spread };
    return { time: at * 60_000, ...counts, ...delays, slowest };
  };
  const slots = slotsOfMinutes([minute(10, 5), minute(11, 90), minute(20, 1)], { slotMs: 600_000, slots: 3 });
  expect(slots.map(({ batches, events, failures, slowest }) => [batches, events, failures, slowest?.time])).toEqual([
    [0, 0, 0, undefined],
    [120, 1200, 2, 667_000],
    [60, 600, 1, 1_207_000],
  ]);
});

test('the span of a timeline is the one that its address names', () => {
  expect(['day', 'all', 'x', null].map((text) => spanOf(text, 'batches'))).toEqual([
    'day',
    'all',
    'batches',
    'batches',
  ]);
  expect(spanChoices(1000, 1000).map(([, title]) => title)).toEqual([
    'a bar per 1 s',
    'all 1,000 kept',
    'an hour',
    'a day',
  ]);
});
