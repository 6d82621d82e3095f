import { describe, expect, test } from 'vitest';
import { ManualClock, sleep } from '../../../src/core/clock.ts';
import { durationMs } from '../../../src/core/duration.ts';
import { registry } from '../../../src/core/registry.ts';
import { Scope } from '../../../src/core/scope.ts';

describe('durations', () => {
  test.each([
    [250, 250],
    ['250ms', 250],
    ['1s', 1000],
    ['1.5s', 1500],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['40', 40],
  ])('%s is %s ms', (value, ms) => expect(durationMs(value, 'x')).toBe(ms));

  test.each([0, -1, 1.5, Number.NaN, '', '0s', '1 week', '-1s'])('%s is refused', (value) => {
    expect(() => durationMs(value, 'batchInterval')).toThrowError(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

describe('the manual clock', () => {
  test('fires timers in their order, at their times, and those that they set', () => {
    const clock = new ManualClock(100);
    const fired: [string, number][] = [];
    clock.after(20, () => fired.push(['b', clock.now()]));
    clock.after(10, () => {
      fired.push(['a', clock.now()]);
      clock.after(5, () => fired.push(['c', clock.now()]));
    });
    clock.after(15, () => fired.push(['never', 0])).cancel();
    clock.advance(50);
    expect(fired).toEqual([
      ['a', 110],
      ['c', 115],
      ['b', 120],
    ]);
    expect(clock.now()).toBe(150);
  });

  test('a sleep ends at once when its signal aborts', async () => {
    const stop = new AbortController();
    const sleeping = sleep(new ManualClock(), 1000, stop.signal);
    stop.abort();
    await sleeping;
  });
});

describe('a scope', () => {
  test('closes in reverse, goes on after an error, and reports it', async () => {
    const scope = new Scope();
    const closed: number[] = [];
    scope.defer(() => void closed.push(1));
    scope.defer(() => {
      throw new Error('second');
    });
    scope.defer(async () => void closed.push(3));
    await expect(scope.close()).rejects.toThrow('second');
    expect(closed).toEqual([3, 1]);
    expect(scope.signal.aborted).toBe(true);
  });
});

test('a registry knows names and aliases without case, and suggests the nearest one', () => {
  const sources = registry('source', [
    { type: 'netcat', aliases: ['org.apache.flume.source.NetcatSource'] },
    { type: 'seq' },
  ]);
  expect(sources.get('NetCat').type).toBe('netcat');
  expect(sources.get('org.apache.flume.source.netcatsource').type).toBe('netcat');
  expect(() => sources.get('netcatt')).toThrowError(
    expect.objectContaining({ code: 'CONFIG_UNKNOWN', hint: expect.stringContaining('did you mean netcat?') }),
  );
});
