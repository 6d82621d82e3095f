/** What a timeline says of a batch's outputs and of what failed first. */
import { expect, test } from 'vitest';
import type { BatchRecord, OutputOfBatch } from '../../../src/observe/batch-record.ts';
import { timelineBatch } from '../../../src/observe/rest/own.ts';

const output = (id: string, endedAt?: number, failureReason?: string): OutputOfBatch => ({
  id,
  kind: 'print',
  startedAt: 1000,
  endedAt,
  failureReason,
});

const failure = {
  attempt: 1,
  time: 1100,
  code: undefined,
  message: 'the first attempt',
  where: undefined,
  hint: undefined,
};

function record(more: Partial<BatchRecord>): BatchRecord {
  return {
    time: 1000,
    submittedAt: 1000,
    startedAt: 1010,
    endedAt: 1100,
    status: 'COMPLETED',
    events: 3,
    inputs: [],
    outputs: [],
    failures: [],
    givenUp: undefined,
    acknowledged: 3,
    acknowledgedAt: 1101,
    spans: [],
    ...more,
  };
}

test('outputs are counted by what became of them', () => {
  const outputs = [output('a', 1050), output('b', 1060, 'no'), output('c')];
  expect(timelineBatch(record({ outputs }))).toMatchObject({
    outputs: { total: 3, succeeded: 1, failed: 1 },
    schedulingDelayMs: 10,
    processingMs: 90,
    totalDelayMs: 100,
  });
});

test('the error is that of an output, or of an attempt, or why the batch was given up', () => {
  const errorOf = (more: Partial<BatchRecord>): string | null => timelineBatch(record(more)).error;
  expect(errorOf({})).toBeNull();
  expect(errorOf({ givenUp: 'a stop' })).toBe('a stop');
  expect(errorOf({ givenUp: 'a stop', failures: [failure] })).toBe('the first attempt');
  expect(errorOf({ failures: [failure], outputs: [output('a', 1050), output('b', 1060, 'no')] })).toBe('no');
});

test('what is not known yet is null', () => {
  const waiting = record({ startedAt: undefined, endedAt: undefined, status: 'QUEUED', acknowledged: undefined });
  expect(timelineBatch(waiting)).toMatchObject({
    schedulingDelayMs: null,
    processingMs: null,
    totalDelayMs: null,
    acknowledged: null,
    outputs: { total: 0, succeeded: 0, failed: 0 },
  });
});
