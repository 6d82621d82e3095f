/** What is said of a job that keeps up, and of one that does not. */
import { describe, expect, it } from 'vitest';
import type { BatchRecord } from '../../../src/observe/batch-record.ts';
import { durationText, type VerdictInput, verdictOf } from '../../../src/observe/verdict.ts';

const record = (time: number, delay: number, events = 1): BatchRecord => ({
  ...{ time, submittedAt: time, startedAt: time + delay, endedAt: time + delay + 1, status: 'COMPLETED', events },
  ...{
    inputs: [],
    outputs: [],
    failures: [],
    givenUp: undefined,
    acknowledged: events,
    acknowledgedAt: undefined,
    spans: [],
  },
});

/** Batches of a second, each with the delay that `delayOf` gives. */
function verdict(delayOf: (second: number) => number, more: Partial<VerdictInput> = {}) {
  const batches = Array.from({ length: 30 }, (_, i) => record(i * 1000, delayOf(i)));
  return verdictOf({ state: 'active', batches, batchIntervalMs: 1000, now: 30_000, failedAttempts: 0, ...more });
}

describe('a job', () => {
  it.each([
    ['keeping-up', 'keeping up: a batch waits 3 ms for its turn', () => 3],
    ['keeping-up', 'keeping up: a batch waits 290 ms for its turn', (i: number) => i * 10],
    ['falling-behind', 'falling behind by 5.5 s a minute: a batch waits 2.9 s for its turn', (i: number) => i * 100],
    ['catching-up', 'catching up: a batch waits 5.0 s for its turn', (i: number) => 7900 - i * 100],
    ['catching-up', 'behind: a batch waits 5.0 s for its turn', () => 5000],
  ])('is %s', (kind, text, delayOf) => {
    expect(verdict(delayOf)).toMatchObject({ kind, text });
  });

  it('is idle when nothing comes, failing when its batch is run again, and starts and stops', () => {
    const empty = [record(29_000, 0, 0)];
    expect(verdict(() => 0, { batches: empty }).text).toBe('idle: nothing comes in');
    expect(verdict(() => 0, { now: 36_000 }).kind).toBe('idle');
    expect(verdict(() => 0, { failedAttempts: 1 }).text).toBe('failing: the batch has failed once and is run again');
    expect(verdict(() => 0, { failedAttempts: 3 }).text).toContain('3 times');
    expect(verdict(() => 0, { state: 'initialized' }).kind).toBe('starting');
    expect(verdict(() => 0, { state: 'stopped' }).kind).toBe('stopped');
  });
});

describe('a duration', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1500, '1.5 s'],
    [90_000, '1.5 min'],
    [5_400_000, '1.5 h'],
  ])('of %i ms is %s', (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
