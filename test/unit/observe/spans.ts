/** Batches with their spans, for tests of what is worked out of them. */
import type { Span } from '../../../src/core/telemetry.ts';
import type { BatchRecord, FailureOfBatch } from '../../../src/observe/batch-record.ts';
import type { ObservedOperator } from '../../../src/observe/observed.ts';

/** A stage that ended with an operator, with the times of its tasks by partition, in ms. */
export function stage(
  node: number,
  operator: string,
  durationMs: number,
  more: { readonly tasks?: readonly number[]; readonly gave?: Span['gave']; readonly site?: string } = {},
): Span {
  const { gave = [], site, tasks = [] } = more;
  const labels = { operator, node: String(node), ...(site === undefined ? {} : { site }) };
  const parts = tasks.map((ms, partition): Span => {
    return { name: 'task', startedAt: 0, durationMs: ms, labels: { partition: String(partition) }, parts: [] };
  });
  return { name: 'stage', startedAt: 0, durationMs, labels, gave, parts };
}

export function output(id: string, durationMs: number): Span {
  return { name: 'output', startedAt: 0, durationMs, labels: { output: id, kind: 'print' }, parts: [] };
}

export function commit(durationMs: number): Span {
  return { name: 'commit', startedAt: 0, durationMs, labels: {}, parts: [] };
}

/** A batch that is over. @param time of the batch, in ms @param waited until its turn @param took from there to its end */
export function batchOf(
  time: number,
  waited: number,
  took: number,
  spans: readonly Span[],
  more: Partial<BatchRecord> = {},
): BatchRecord {
  const startedAt = time + waited;
  return {
    ...{ time, submittedAt: time, startedAt, endedAt: startedAt + took, status: 'COMPLETED', events: 10 },
    ...{ inputs: [{ id: 0, events: 10 }], outputs: [], failures: [], givenUp: undefined, spans },
    ...{ acknowledged: 10, acknowledgedAt: startedAt + took },
    ...more,
  };
}

export function failure(message: string): FailureOfBatch {
  return { attempt: 1, time: 0, code: 'USER_FUNCTION', message, where: 'job.ts:7:3', hint: undefined };
}

/** An operator. @param id its number */
export function operator(id: number, name: string, more: Partial<ObservedOperator> = {}): ObservedOperator {
  return {
    ...{ id, name, site: `job.ts:${id}:1`, parents: id === 0 ? [] : [id - 1], windowMs: 0, slideMs: 1000 },
    ...{ input: id === 0 ? 0 : undefined, isStateful: false, isKept: false },
    ...more,
  };
}
