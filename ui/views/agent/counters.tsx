/** All counters of an agent's components, under Flume's names, to be searched. */
import type { JSX } from 'preact';
import type { AgentComponent } from '../../data/types.ts';
import { count } from '../../format/number.ts';
import { query } from '../../navigation.ts';
import { Choice } from '../../parts/choice.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Search, wantedText } from '../../parts/search.tsx';
import { SortedTable } from '../../parts/sorted-table.tsx';
import type { Column } from '../../parts/table.tsx';

interface Row {
  readonly component: string;
  readonly counter: string;
  readonly value: number;
}

const COLUMNS: readonly Column<Row>[] = [
  {
    key: 'component',
    title: 'Component',
    class: 'fit',
    sortBy: ({ component }) => component,
    cell: ({ component }) => <code>{component}</code>,
  },
  {
    key: 'counter',
    title: 'Counter',
    class: 'fit',
    sortBy: ({ counter }) => counter,
    cell: ({ counter }) => <code>{counter}</code>,
  },
  { key: 'value', title: 'Value', isNumber: true, sortBy: ({ value }) => value, cell: ({ value }) => count(value) },
];

const CHOICES = [
  ['counted', 'not 0'],
  ['all', 'all'],
] as const;

/** The panel. */
export function Counters({ components }: { readonly components: readonly AgentComponent[] }): JSX.Element {
  const rows = components.flatMap(({ counters, kind, name }) =>
    Object.entries(counters).map(([counter, value]): Row => ({ component: `${kind} ${name}`, counter, value })),
  );
  const wanted = wantedText();
  // Most counters of a type count what never happens to a component.
  const chosen = query.value.get('counters') === 'all' ? 'all' : 'counted';
  const shown = rows.filter(
    ({ component, counter, value }) =>
      (chosen === 'all' || value !== 0) && `${component} ${counter}`.toLowerCase().includes(wanted),
  );
  return (
    <Panel
      title={`Counters (${shown.length} of ${rows.length})`}
      aside={
        <div class="panel-tools">
          <Choice label="Which counters are shown" name="counters" options={CHOICES} chosen={chosen} />
          <Search />
        </div>
      }
    >
      <SortedTable
        name="counter"
        label="Counters"
        columns={COLUMNS}
        rows={shown}
        keyOf={({ component, counter }) => `${component} ${counter}`}
        empty="No counter has this in its name."
      />
    </Panel>
  );
}
