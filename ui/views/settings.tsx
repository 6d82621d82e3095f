/** The options with which the job runs, each with where its value came from; what the job runs on. Search and order stand in the address. */
import type { JSX } from 'preact';
import { jobPath } from '../data/live.ts';
import type { Order } from '../data/table-order.ts';
import type { Setting, Versions as VersionsAnswer } from '../data/types.ts';
import { useLatest } from '../data/use-latest.ts';
import { query } from '../navigation.ts';
import { Choice } from '../parts/choice.tsx';
import { Loading } from '../parts/loading.tsx';
import { Facts, Panel } from '../parts/panel.tsx';
import { Search, wantedText } from '../parts/search.tsx';
import { SortedTable } from '../parts/sorted-table.tsx';
import type { Column } from '../parts/table.tsx';

const CHOICES = [
  ['all', 'all'],
  ['given', 'not defaults'],
] as const;
const FROM: Readonly<Record<Setting['from'], string>> = {
  flag: 'flag',
  environment: 'environment',
  'job file': 'job file',
  command: 'set by',
  program: 'the program',
  default: 'default',
};
const COLUMNS: readonly Column<Setting>[] = [
  {
    key: 'name',
    title: 'Name',
    class: 'fit',
    sortBy: ({ name }) => name,
    cell: ({ doc, name }) => <code title={doc}>{name}</code>,
  },
  { key: 'value', title: 'Value', class: 'wrap', sortBy: ({ value }) => value, cell: ({ value }) => value },
  {
    key: 'from',
    title: 'From',
    class: 'wrap',
    sortBy: ({ by, from }) => `${FROM[from]} ${by ?? ''}`,
    cell: ({ by, from }) => (
      <>
        {FROM[from]} {by !== null && <code class="site">{by}</code>}
      </>
    ),
  },
  { key: 'default', title: 'Default', class: 'wrap', cell: ({ byDefault }) => byDefault ?? '–' },
  { key: 'doc', title: 'What it does', class: 'wrap', cell: ({ doc }) => <span class="site">{doc}</span> },
];
const BY_NAME: Order = { column: 'name', isDescending: false };

/** The view. */
export function Settings(): JSX.Element {
  const path = jobPath.value;
  const settings = useLatest<readonly Setting[]>(path && `${path}/settings`, 0).value;
  const versions = useLatest<VersionsAnswer>(path && `${path}/versions`, 0).value;
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Settings</h1>
        <p class="sub">
          Options of this job and of its run, as they hold now. A flag goes before a variable, a variable before the job
          file.
        </p>
      </div>
      {settings === undefined ? <Loading /> : <Options settings={settings} />}
      {versions !== undefined && <Versions versions={versions} />}
    </>
  );
}

function Options({ settings }: { readonly settings: readonly Setting[] }): JSX.Element {
  const chosen = query.value.get('show') === 'given' ? 'given' : 'all';
  const wanted = wantedText();
  const shown = settings.filter(
    ({ by, doc, from, name, value }) =>
      (chosen === 'all' || from !== 'default') &&
      [name, value, from, by ?? '', doc].join(' ').toLowerCase().includes(wanted),
  );
  return (
    <Panel
      title={`Options (${shown.length} of ${settings.length})`}
      aside={
        <div class="panel-tools">
          <Choice label="Which options are shown" name="show" options={CHOICES} chosen={chosen} />
          <Search />
        </div>
      }
    >
      <SortedTable
        name="sort"
        label="Options"
        rows={shown}
        keyOf={({ name }) => name}
        columns={COLUMNS}
        empty="No option has this in its name, its value or its origin."
        otherwise={BY_NAME}
      />
    </Panel>
  );
}

function Versions({ versions: { packages, runtime } }: { readonly versions: VersionsAnswer }): JSX.Element {
  return (
    <>
      <Panel title="Runs on">
        <Facts facts={runtime.map(({ name, version }) => [name, version])} />
      </Panel>
      <Panel title="Packages">
        <Facts facts={packages.map(({ name, version }) => [name, version])} />
      </Panel>
    </>
  );
}
