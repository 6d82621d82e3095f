/** The operators and outputs of the graph as tables: what the drawing says, for those who cannot see it, and to be searched. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { type Order, ordered, orderOf, orderText, pageOf } from '../../data/table-order.ts';
import type { Graph, GraphOutput, Load, Operator, OperatorLoad, OutputLoad } from '../../data/types.ts';
import { duration, fineDuration } from '../../format/duration.ts';
import { count, rate } from '../../format/number.ts';
import { occupationText } from '../../graph/occupation.ts';
import { query, setQuery } from '../../navigation.ts';
import { Pager, pageIn } from '../../parts/pager.tsx';
import { Panel, Site } from '../../parts/panel.tsx';
import { Search, wantedText } from '../../parts/search.tsx';
import { type Column, Table } from '../../parts/table.tsx';

const PAGE_LENGTH = 25;
const BY_ID: Order = { column: 'id', isDescending: false };

interface ListProps {
  readonly graph: Graph;
  readonly load: Load | undefined;
}

type OperatorRow = Operator & { readonly load: OperatorLoad | undefined };

/** The panel of operators. */
export function Operators({ graph: { operators }, load }: ListProps): JSX.Element {
  const names = useMemo(() => new Map(operators.map(({ id, name }) => [id, `${name} (${id})`])), [operators]);
  const loads = new Map(load?.operators.map((one) => [one.id, one]));
  const columns = operatorColumns((id) => names.get(id) ?? '?', load);
  const order = orderOf(
    query.value.get('sort'),
    columns.map(({ key }) => key),
    BY_ID,
  );
  const wanted = wantedText();
  const rows = operators
    .filter(({ name, site }) => `${name} ${site ?? ''}`.toLowerCase().includes(wanted))
    .map((operator): OperatorRow => ({ ...operator, load: loads.get(operator.id) }));
  const sortBy = columns.find(({ key }) => key === order.column)?.sortBy ?? (({ id }) => id);
  const page = pageOf(ordered(rows, sortBy, order.isDescending), pageIn('page'), PAGE_LENGTH);
  return (
    <Panel
      title={`Operators (${rows.length === operators.length ? count(rows.length) : `${count(rows.length)} of ${count(operators.length)}`})`}
      aside={<Search clears={['page']} />}
    >
      <Table
        label="Operators"
        columns={columns}
        rows={page.rows}
        keyOf={({ id }) => id}
        empty="No operator has this in its name or its place."
        order={order}
        onOrder={(next) => setQuery({ sort: orderText(next), page: null })}
      />
      <Pager name="page" page={page.page} pages={page.pages} label="operators" />
    </Panel>
  );
}

function operatorColumns(nameOf: (id: number) => string, load: Load | undefined): readonly Column<OperatorRow>[] {
  return [
    { key: 'id', title: 'Id', isNumber: true, sortBy: ({ id }) => id, cell: ({ id }) => id },
    { key: 'name', title: 'Operator', sortBy: ({ name }) => name, cell: ({ name }) => name },
    { key: 'site', title: 'Where', sortBy: ({ site }) => site, cell: ({ site }) => <Site site={site} /> },
    {
      key: 'reads',
      title: 'Reads',
      class: 'reads',
      cell: ({ parents }) => parents.map(nameOf).join(', ') || 'an input',
    },
    {
      key: 'gave',
      title: load?.batch === null ? 'Gives' : 'Gave',
      isNumber: true,
      sortBy: (row) => row.load?.gave ?? null,
      cell: (row) => valuesText(row.load?.gave ?? null, row.load?.gaveFrom ?? null, load),
    },
    {
      key: 'busy',
      title: 'Is',
      sortBy: (row) => row.load?.busy ?? null,
      cell: (row) => (row.load === undefined ? '–' : occupationText(row.load)),
    },
    {
      key: 'stage',
      title: 'Stage took',
      isNumber: true,
      sortBy: (row) => row.load?.stageMs ?? null,
      cell: (row) => fineDuration(row.load?.stageMs),
    },
    {
      key: 'window',
      title: 'Window',
      isNumber: true,
      sortBy: ({ windowMs }) => windowMs,
      cell: ({ slideMs, windowMs }) => (windowMs === 0 ? '–' : `${duration(windowMs)} every ${duration(slideMs)}`),
    },
    { key: 'state', title: 'Keeps states', cell: ({ isStateful }) => (isStateful ? 'yes' : '–') },
    { key: 'tap', title: 'Values', cell: ({ id }) => <a href={`/tap?operator=${id}`}>Look at them</a> },
  ];
}

/** How many values: in a second, since they were counted; or in the batch. */
export function valuesText(values: number | null, since: number | null, load: Load | undefined): string {
  if (values === null || load === undefined) return '–';
  return load.batch === null ? rate((values * 1000) / Math.max(1, load.to - (since ?? load.from))) : count(values);
}

/** The panel of outputs. */
export function Outputs({ graph: { operators, outputs }, load }: ListProps): JSX.Element {
  const nameOf = (id: number): string => `${operators.find((one) => one.id === id)?.name ?? '?'} (${id})`;
  const loads = new Map(load?.outputs.map((one) => [one.id, one]));
  const rows = outputs.map((output) => ({ ...output, load: loads.get(output.id) }));
  const columns: readonly Column<GraphOutput & { readonly load: OutputLoad | undefined }>[] = [
    { key: 'id', title: 'Output', cell: ({ id }) => id },
    { key: 'kind', title: 'Kind', cell: ({ kind }) => kind },
    { key: 'site', title: 'Where', cell: ({ site }) => <Site site={site} /> },
    { key: 'takes', title: 'Takes', cell: ({ operator }) => nameOf(operator) },
    {
      key: 'took',
      title: 'Values',
      isNumber: true,
      cell: (row) => valuesText(row.load?.took ?? null, row.load?.tookFrom ?? null, load),
    },
    { key: 'busy', title: 'Is', cell: (row) => (row.load === undefined ? '–' : occupationText(row.load)) },
    { key: 'ran', title: 'Ran', isNumber: true, cell: (row) => fineDuration(row.load?.runMs) },
  ];
  return (
    <Panel title={`Outputs (${count(outputs.length)})`}>
      <Table label="Outputs" rows={rows} keyOf={({ id }) => id} columns={columns} />
    </Panel>
  );
}
