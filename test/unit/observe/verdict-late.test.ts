/** The verdict on jobs that are far behind: their batches have times that lie long back. */
import { describe, expect, test } from 'vitest';
import type { BatchRecord } from '../../../src/observe/batch-record.ts';
import { verdictOf } from '../../../src/observe/verdict.ts';

const NOW = 1_700_000_000_000;
const INTERVAL = 500;

/** @param time of the batch, in ms before now @param startedAt in ms before now; undefined: it waits @param tookMs undefined: it runs */
function batch(time: number, startedAt?: number, tookMs?: number, events = 100): BatchRecord {
  const started = startedAt === undefined ? undefined : NOW - startedAt;
  const ended = started === undefined || tookMs === undefined ? undefined : started + tookMs;
  return {
    time: NOW - time,
    submittedAt: NOW - (startedAt ?? 0),
    startedAt: started,
    endedAt: ended,
    status: ended === undefined ? (started === undefined ? 'QUEUED' : 'PROCESSING') : 'COMPLETED',
    events,
    inputs: [],
    outputs: [],
    failures: [],
    givenUp: undefined,
    acknowledged: undefined,
    acknowledgedAt: undefined,
    spans: [],
  };
}

function verdict(batches: readonly BatchRecord[]): ReturnType<typeof verdictOf> {
  return verdictOf({ state: 'active', batches, batchIntervalMs: INTERVAL, now: NOW, failedAttempts: 0 });
}

describe('a job whose batches waited two minutes', () => {
  test('falls behind, by as much as its delay grows in a minute of the clock', () => {
    // Each takes 1 s, twice its interval: the delay grows by half of the time that goes by.
    const batches = Array.from({ length: 20 }, (_, at) => batch(130_000 - at * 500, 20_000 - at * 1000, 1000));
    expect(verdict(batches)).toMatchObject({ kind: 'falling-behind', delayPerMinuteMs: 30_000 });
  });

  test('catches up where the delay gets less', () => {
    const batches = Array.from({ length: 20 }, (_, at) => batch(130_000 - at * 500, 5000 - at * 250, 250));
    expect(verdict(batches)).toMatchObject({ kind: 'catching-up', delayPerMinuteMs: -60_000 });
  });
});

test('a batch that has run for two minutes is no idleness, and neither is one that waits', () => {
  expect(verdict([batch(120_000, 120_000)]).kind).not.toBe('idle');
  expect(verdict([batch(120_000)]).kind).not.toBe('idle');
});

test('a job is idle some intervals after its last batch with events', () => {
  const empty = batch(500, 500, 1, 0);
  expect(verdict([batch(6000, 6000, 100), empty]).kind).toBe('idle');
  expect(verdict([batch(4000, 4000, 100), empty]).kind).toBe('keeping-up');
  expect(verdict([]).kind).toBe('idle');
});
