/** Durations, numbers and times as the page writes them. */
import { describe, expect, test } from 'vitest';
import { duration, fineDuration, inUnit, unitOf } from '../../../ui/format/duration.ts';
import { hexLines } from '../../../ui/format/hex.ts';
import { count, counted, rate, shortCount, size } from '../../../ui/format/number.ts';
import { batchTime, needsMs, timeOfDay } from '../../../ui/format/time.ts';

describe('durations', () => {
  test.each([
    [0, '0 ms'],
    [99, '99 ms'],
    [100, '0.1 s'],
    [949, '0.9 s'],
    [1000, '1 s'],
    [59_400, '59 s'],
    [60_000, '1.0 min'],
    [599_000, '10.0 min'],
    [600_000, '10 min'],
    [3_599_000, '60 min'],
    [3_600_000, '1.0 h'],
    [-1500, '-2 s'],
    [null, '–'],
  ])('%s ms stand as Spark writes them', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  test.each([
    [0, '0 ms'],
    [0.004, '<0.01 ms'],
    [0.123, '0.12 ms'],
    [2.61, '2.6 ms'],
    [3, '3 ms'],
    [142.4, '142 ms'],
    [1420, '1.42 s'],
    [12_340, '12.3 s'],
    [90_000, '1.5 min'],
    [-2.61, '-2.6 ms'],
    [undefined, '–'],
  ])('%s ms, looked at closely', (ms, text) => {
    expect(fineDuration(ms)).toBe(text);
  });

  test('an axis counts in one unit, with the decimals that its steps need', () => {
    const unit = unitOf(4000);
    expect([0, 500, 1000].map((ms) => inUnit(ms, unit, 500))).toEqual(['0.0 s', '0.5 s', '1.0 s']);
    expect(inUnit(200, unitOf(800), 200)).toBe('200 ms');
    expect([unitOf(999).name, unitOf(119_999).name, unitOf(120_000).name, unitOf(7_200_000).name]).toEqual([
      'ms',
      's',
      'min',
      'h',
    ]);
  });
});

test('numbers are grouped, rates and sizes have their units', () => {
  expect([count(1_234_567), count(null), counted(1, 'batch', 'batches'), counted(2, 'batch', 'batches')]).toEqual([
    '1,234,567',
    '–',
    '1 batch',
    '2 batches',
  ]);
  expect([rate(0), rate(12.34), rate(4018.2), rate(undefined)]).toEqual(['0/s', '12.3/s', '4,018/s', '–']);
  expect([size(0), size(1023), size(1536), size(3 * 1024 ** 3), size(null)]).toEqual([
    '0 B',
    '1,023 B',
    '1.5 KiB',
    '3.0 GiB',
    '–',
  ]);
  expect(shortCount(12_000)).toBe('12K');
});

describe('times', () => {
  // Made of parts in the zone in which the test runs, as the page shows them in the viewer's.
  const time = new Date(2026, 2, 4, 5, 6, 7, 89).getTime();

  test('the time of a batch stands as Spark writes it, with ms where batches come more than once a second', () => {
    expect(batchTime(time, false)).toBe('2026/03/04 05:06:07');
    expect(batchTime(time, true)).toBe('2026/03/04 05:06:07.089');
    expect(timeOfDay(time)).toBe('05:06:07');
  });

  test('intervals that are no whole seconds need ms', () => {
    expect([needsMs(500), needsMs(1000), needsMs(1500), needsMs(2000)]).toEqual([true, false, true, false]);
  });
});

test('bytes stand in lines of 16, with their places and characters', () => {
  expect(hexLines('')).toBe('');
  expect(hexLines(Buffer.from('a naïve line\n').toString('hex'))).toBe(
    '0000  61 20 6e 61 c3 af 76 65 20 6c 69 6e 65 0a        a na..ve line.',
  );
  expect(hexLines('41'.repeat(17)).split('\n')[1]).toBe(`0010  ${'41'.padEnd(47)}  A`);
});
