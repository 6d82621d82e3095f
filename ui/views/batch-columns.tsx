/** The columns of tables of batches: Spark's, with the way of the acknowledgement. */
import type { JSX } from 'preact';
import type { TimelineBatch } from '../data/types.ts';
import { duration } from '../format/duration.ts';
import { count } from '../format/number.ts';
import { batchTime } from '../format/time.ts';
import { SegmentBar } from '../parts/segments.tsx';
import type { Column } from '../parts/table.tsx';
import { batchPath } from '../route.ts';

interface Options {
  /** Whether batch times are shown with ms. */
  readonly withMs: boolean;
  /** Of batches that are not over, in Spark's word; undefined: they are over. */
  readonly status: string | undefined;
  /** Whether a batch has failed: only then there is a column for it. */
  readonly withErrors: boolean;
}

/** Characters of an error in a table; all of it is on the page of its batch. */
const MOST_ERROR = 100;

/** The columns. */
export function batchColumns({ status, withErrors, withMs }: Options): readonly Column<TimelineBatch>[] {
  const columns: readonly Column<TimelineBatch>[] = [
    {
      key: 'time',
      class: 'time',
      title: 'Batch time',
      sortBy: ({ time }) => time,
      cell: ({ time }) => <a href={batchPath(time)}>{batchTime(time, withMs)}</a>,
    },
    {
      key: 'events',
      title: 'Records',
      class: 'records',
      isNumber: true,
      sortBy: ({ events }) => events,
      cell: ({ events }) => count(events),
    },
    delay('delay', 'Scheduling delay', ({ schedulingDelayMs }) => schedulingDelayMs),
    delay('processing', 'Processing time', ({ processingMs }) => processingMs),
  ];
  const errors = withErrors ? [ERROR] : [];
  if (status === undefined) {
    const total = delay('total', 'Total delay', ({ totalDelayMs }) => totalDelayMs);
    return [...columns, total, SPENT, OUTPUTS, ACKNOWLEDGED, ...errors];
  }
  return [...columns, OUTPUTS, { key: 'status', title: 'Status', cell: () => status }, ...errors];
}

function delay(key: string, title: string, of: (batch: TimelineBatch) => number | null): Column<TimelineBatch> {
  return { key, title, class: 'delay', isNumber: true, sortBy: of, cell: (batch) => duration(of(batch)) };
}

const SPENT: Column<TimelineBatch> = {
  key: 'spent',
  title: 'Spent on',
  class: 'spent',
  cell: ({ segments }) => <SegmentBar segments={segments} />,
};

const OUTPUTS: Column<TimelineBatch> = {
  key: 'outputs',
  title: 'Outputs done',
  class: 'outputs',
  isNumber: true,
  sortBy: ({ outputs }) => (outputs.total === 0 ? null : outputs.succeeded / outputs.total),
  cell: ({ outputs }) => <Progress {...outputs} />,
};

const ACKNOWLEDGED: Column<TimelineBatch> = {
  key: 'acknowledged',
  title: 'Acknowledged',
  class: 'acknowledged',
  isNumber: true,
  sortBy: ({ acknowledged }) => acknowledged,
  cell: ({ acknowledged }) => count(acknowledged),
};

const ERROR: Column<TimelineBatch> = {
  key: 'error',
  title: 'Error',
  class: 'error',
  sortBy: ({ error }) => error,
  cell: ({ error, failures }) =>
    error === null ? (
      ''
    ) : (
      <span class="error-text cut" title={error}>
        {failures > 0 ? `${failures}× ` : ''}
        {error.length > MOST_ERROR ? `${error.slice(0, MOST_ERROR)}…` : error}
      </span>
    ),
};

function Progress({ failed, succeeded, total }: TimelineBatch['outputs']): JSX.Element {
  const part = (of: number): string => `${total === 0 ? 0 : (of / total) * 100}%`;
  return (
    <span class="progress">
      <span class="track" aria-hidden="true">
        <span style={{ width: part(succeeded) }} />
        <span class="track-failed" style={{ width: part(failed) }} />
      </span>
      {succeeded}/{total}
      {failed > 0 ? <span class="error-text"> ({failed} failed)</span> : ''}
    </span>
  );
}
