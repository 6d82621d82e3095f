/** Batches for the tests of the page. */
import type { TimelineBatch } from '../../../ui/data/types.ts';

/** A batch that is over, unless `more` says otherwise. @param time in ms since the epoch */
export function batchOf(time: number, more: Partial<TimelineBatch> = {}): TimelineBatch {
  return {
    time,
    status: 'COMPLETED',
    events: 10,
    failures: 0,
    givenUp: false,
    acknowledged: 10,
    schedulingDelayMs: 1,
    processingMs: 9,
    totalDelayMs: 10,
    outputs: { total: 1, succeeded: 1, failed: 0 },
    error: null,
    segments: { waited: 1, stages: 4, outputs: 2, commit: 2, other: 1, acknowledged: 1 },
    ...more,
  };
}
