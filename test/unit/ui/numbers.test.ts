/** Rates of counters, summaries, tasks by partition, waits of peers, and how long the page waits before it tries again. */

import { describe, expect, test } from 'vitest';
import { retryDelayMs } from '../../../ui/data/backoff.ts';
import { fillUrgency, percent, shareOf } from '../../../ui/data/fill.ts';
import { hintOf, nothingCameIn, urgencyOf } from '../../../ui/data/peers.ts';
import { type Reading, rateOf, withReading } from '../../../ui/data/rates.ts';
import { ratesOf, summaryOf } from '../../../ui/data/statistics.ts';
import { longestOf, partitionsOf } from '../../../ui/data/tasks.ts';

describe('the rate of a counter', () => {
  const readings = (...pairs: readonly (readonly [number, number])[]): readonly Reading[] =>
    pairs.reduce<readonly Reading[]>((all, [at, value]) => withReading(all, { at, value }), []);

  test('needs two readings', () => {
    expect([rateOf([]), rateOf(readings([0, 5]))]).toEqual([null, null]);
    expect(rateOf(readings([0, 5], [2000, 105]))).toBe(50);
  });

  test('is that of the last seconds', () => {
    expect(rateOf(readings([0, 0], [1000, 9000], [6000, 9000], [7000, 9100]))).toBe(100);
  });

  test('begins anew with a counter that does', () => {
    expect(rateOf(readings([0, 500], [1000, 600], [2000, 3]))).toBeNull();
    expect(rateOf(readings([0, 500], [2000, 3], [3000, 10]))).toBe(7);
  });
});

describe('a summary', () => {
  test('has mean, largest, and what 95 of 100 do not exceed', () => {
    const values = Array.from({ length: 100 }, (_, at) => at + 1);
    expect(summaryOf(values)).toMatchObject({ mean: 50.5, p95: 95, largest: 100 });
    expect(summaryOf([7])).toMatchObject({ mean: 7, p95: 7, largest: 7 });
    expect(summaryOf([])).toBeUndefined();
  });

  test('counts each value in one bin', () => {
    expect(summaryOf([0, 1, 2, 3, 4], 4)?.bins).toEqual([1, 1, 1, 2]);
    expect(summaryOf([0, 0], 4)?.bins).toEqual([2, 0, 0, 0]);
  });
});

describe('what came in a second', () => {
  test('is that of each batch where one comes each interval', () => {
    expect(
      ratesOf(
        [
          [1000, 50],
          [1500, 100],
        ],
        500,
      ),
    ).toEqual([
      [1000, 100],
      [1500, 200],
    ]);
    expect(ratesOf([], 500)).toEqual([]);
  });

  test('has intervals in which no batch came', () => {
    const rates = ratesOf(
      [
        [1000, 5],
        [3000, 5],
      ],
      1000,
    );
    expect(rates.map(([, rate]) => rate)).toEqual([5, 0, 5]);
  });

  test('is that of whole intervals where batches come closer', () => {
    const points = Array.from({ length: 40 }, (_, at) => [1050 + at * 100, 7] as const);
    expect(ratesOf(points, 1000)).toEqual([
      [2000, 70],
      [3000, 70],
    ]);
  });

  test('after a long pause is that of the last intervals', () => {
    const rates = ratesOf(
      [
        [0, 5],
        [10_000_000, 6],
      ],
      1000,
    );
    expect([rates.length, rates[0]?.[1], rates.at(-1)]).toEqual([1000, 0, [10_000_000, 6]]);
  });
});

describe('tasks', () => {
  const task = (partition: number, member: number, durationMs: number) => ({ partition, member, durationMs });

  test('are put together by partition', () => {
    expect(partitionsOf([task(1, 0, 2), task(0, 1, 3), task(1, 0, 4), task(1, 2, 1)])).toEqual([
      { partition: 0, members: [1], durationsMs: [3], totalMs: 3 },
      { partition: 1, members: [0, 2], durationsMs: [2, 4, 1], totalMs: 7 },
    ]);
  });

  test('of many partitions those are shown that took longest, in their order', () => {
    const partitions = partitionsOf([task(0, 0, 1), task(1, 0, 9), task(2, 0, 5)]);
    expect(longestOf(partitions, 2).map(({ partition }) => partition)).toEqual([1, 2]);
    expect(longestOf(partitions, 3)).toHaveLength(3);
  });
});

test('where nothing has come in, it is said what to do, by the first receiver for which there is something', () => {
  expect(hintOf(['queue stream [0]', 'Flume push stream [1] on 127.0.0.1:41414'])).toBe(
    'point a Flume avro sink at 127.0.0.1:41414',
  );
  expect(hintOf(['Flume polling stream [0] of a:1, b:2'])).toBe('start a Flume agent with a SparkSink at a:1, b:2');
  expect(hintOf(['file stream [0] of /data/in'])).toBe('move files into /data/in');
  expect([nothingCameIn(['queue stream [0]']), nothingCameIn(['file stream [0] of /in'])]).toEqual([
    'Nothing has come in yet.',
    'Nothing has come in: move files into /in.',
  ]);
});

test('a wait is pressing from half of the time on, and late at four fifths', () => {
  expect([0, 9999, 10_000, 15_999, 16_000, 30_000].map((ms) => urgencyOf(ms, 20_000))).toEqual([
    'calm',
    'calm',
    'soon',
    'soon',
    'late',
    'late',
  ]);
});

test('the page tries again less and less often, but never less than every 15 s', () => {
  expect([1, 2, 3, 4, 5, 6, 100].map(retryDelayMs)).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
});

test('a channel is as full as its share of the capacity, in words from 70 % on', () => {
  expect([shareOf(5, 20), shareOf(30, 20), shareOf(5, null), shareOf(5, 0)]).toEqual([0.25, 1, null, null]);
  expect([null, 0, 0.69, 0.7, 0.9].map(fillUrgency)).toEqual(['calm', 'calm', 'calm', 'soon', 'late']);
  expect([null, 0, 0.0125, 0.25, 1].map(percent)).toEqual(['–', '0 %', '1.3 %', '25 %', '100 %']);
});
