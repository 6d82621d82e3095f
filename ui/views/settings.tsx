/** The options with which the job runs; what is searched for stands in the address. */
import type { JSX } from 'preact';
import { jobPath } from '../data/live.ts';
import { useLatest } from '../data/use-latest.ts';
import { query } from '../navigation.ts';
import { Loading } from '../parts/loading.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Search, wantedText } from '../parts/search.tsx';
import { Table } from '../parts/table.tsx';

interface Setting {
  readonly name: string;
  readonly value: string;
}

/** The view. */
export function Settings(): JSX.Element {
  const path = jobPath.value;
  const settings = useLatest<readonly Setting[]>(path && `${path}/settings`, 0).value;
  const wanted = query.value.get('search') ?? '';
  const shown = (settings ?? []).filter(({ name, value }) => `${name} ${value}`.toLowerCase().includes(wantedText()));
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Settings</h1>
        <p class="sub">Options of this job, as they hold now.</p>
      </div>
      {settings === undefined ? (
        <Loading />
      ) : (
        <Panel title={`Options (${shown.length} of ${settings.length})`} aside={<Search />}>
          {shown.length === 0 && settings.length > 0 ? (
            <Empty>No option has “{wanted}” in its name or value.</Empty>
          ) : (
            <Table
              label="Options"
              rows={shown}
              keyOf={({ name }) => name}
              columns={[
                { key: 'name', title: 'Name', class: 'fit', cell: ({ name }) => <code>{name}</code> },
                { key: 'value', title: 'Value', class: 'wrap', cell: ({ value }) => value },
              ]}
            />
          )}
        </Panel>
      )}
    </>
  );
}
