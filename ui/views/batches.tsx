/** The tables of batches, as Spark's: those that run, those that wait, those that are over. Order, page and filter stand in the address. */
import type { JSX } from 'preact';
import { hasFailed } from '../data/batches.ts';
import { batches, overview, timesNeedMs } from '../data/live.ts';
import { type Order, ordered, orderOf, orderText, pageOf } from '../data/table-order.ts';
import type { TimelineBatch } from '../data/types.ts';
import { count } from '../format/number.ts';
import { query, setQuery } from '../navigation.ts';
import { Pager, pageIn } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Table } from '../parts/table.tsx';
import { batchColumns } from './batch-columns.tsx';

const PAGE_LENGTH = 25;
/** Of those that are not over. */
const SHORT_PAGE_LENGTH = 10;
const NEWEST_FIRST: Order = { column: 'time', isDescending: true };
const FILTERS = [
  { name: 'all', title: 'all', holds: () => true },
  { name: 'data', title: 'with data', holds: ({ events }: TimelineBatch) => events > 0 },
  { name: 'failed', title: 'failed', holds: hasFailed },
] as const;

/** The view. */
export function Batches(): JSX.Element {
  const all = batches.value;
  const of = (status: TimelineBatch['status']): TimelineBatch[] => all.filter((batch) => batch.status === status);
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Batches</h1>
        <p class="sub">
          Of each: how long it waited, how long it took, what became of its outputs. A time leads to all that is known
          of it.
        </p>
      </div>
      <Unfinished title="Running" batches={of('PROCESSING')} status="processing" />
      <Unfinished title="Waiting" batches={of('QUEUED')} status="queued" />
      <Completed batches={of('COMPLETED')} />
    </>
  );
}

interface UnfinishedProps {
  readonly title: 'Running' | 'Waiting';
  readonly batches: readonly TimelineBatch[];
  readonly status: string;
}

function Unfinished({ batches: rows, status, title }: UnfinishedProps): JSX.Element {
  const name = title.toLowerCase();
  const columns = batchColumns({ withMs: timesNeedMs.value, status, withErrors: rows.some(hasFailed) });
  const order = orderOf(
    query.value.get(name),
    columns.map(({ key }) => key),
    NEWEST_FIRST,
  );
  const column = columns.find(({ key }) => key === order.column);
  const page = pageOf(
    ordered(rows, column?.sortBy ?? (({ time }) => time), order.isDescending),
    pageIn(`${name}-page`),
    SHORT_PAGE_LENGTH,
  );
  return (
    <Panel title={`${title} batches (${count(rows.length)})`}>
      <Table
        label={`${title} batches`}
        columns={columns}
        rows={page.rows}
        keyOf={placeOf}
        isSteady
        empty={title === 'Running' ? 'No batch runs at this moment.' : 'No batch waits for its turn.'}
        order={order}
        onOrder={(next) => setQuery({ [name]: orderText(next), [`${name}-page`]: null })}
      />
      <Pager name={`${name}-page`} page={page.page} pages={page.pages} label={`${title.toLowerCase()} batches`} />
    </Panel>
  );
}

function Completed({ batches: rows }: Omit<UnfinishedProps, 'title' | 'status'>): JSX.Element {
  const filter = FILTERS.find(({ name }) => name === query.value.get('show')) ?? FILTERS[0];
  const shown = rows.filter(filter.holds);
  const columns = batchColumns({ withMs: timesNeedMs.value, status: undefined, withErrors: rows.some(hasFailed) });
  const order = orderOf(
    query.value.get('sort'),
    columns.map(({ key }) => key),
    NEWEST_FIRST,
  );
  const column = columns.find(({ key }) => key === order.column);
  const page = pageOf(
    ordered(shown, column?.sortBy ?? (({ time }) => time), order.isDescending),
    pageIn('page'),
    PAGE_LENGTH,
  );
  const totals = overview.value?.totals;
  const done = totals === undefined ? rows.length : totals.batches + totals.givenUpBatches;
  return (
    <Panel
      title={`Completed batches (last ${count(rows.length)} of ${count(Math.max(done, rows.length))})`}
      aside={<Filters chosen={filter.name} />}
    >
      <Table
        label="Completed batches"
        columns={columns}
        rows={page.rows}
        keyOf={placeOf}
        isSteady
        empty={emptyText(filter.name, rows.length)}
        order={order}
        onOrder={(next) => setQuery({ sort: orderText(next), page: null })}
      />
      <Pager name="page" page={page.page} pages={page.pages} label="completed batches" />
    </Panel>
  );
}

function emptyText(filter: string, kept: number): string {
  if (kept === 0) return 'No batch is over yet: the first one ends a batch interval after the start.';
  return filter === 'failed'
    ? 'None of the batches that are kept has failed.'
    : 'None of the batches that are kept had events.';
}

function Filters({ chosen }: { readonly chosen: string }): JSX.Element {
  return (
    <fieldset class="choice">
      <legend class="unseen">Which batches are shown</legend>
      {FILTERS.map(({ name, title }) => (
        <button
          key={name}
          type="button"
          aria-pressed={name === chosen}
          onClick={() => setQuery({ show: name === 'all' ? null : name, page: null })}
        >
          {title}
        </button>
      ))}
    </fieldset>
  );
}

/** Rows stay where they are while batches come: a click meets the row that it was meant for. */
function placeOf(_: TimelineBatch, at: number): number {
  return at;
}
