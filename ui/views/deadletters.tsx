/** The dead letters: what functions threw on and what was left out, by error, with the last events of each. Filter, order and choice stand in the address. */
import type { JSX } from 'preact';
import { jobPath, overview, timesNeedMs } from '../data/live.ts';
import type { Order } from '../data/table-order.ts';
import type { DeadLetterExample, DeadLetterGroup, DeadLetters as Read } from '../data/types.ts';
import { useLatest } from '../data/use-latest.ts';
import { hexLines } from '../format/hex.ts';
import { count, counted, size } from '../format/number.ts';
import { batchTime } from '../format/time.ts';
import { addressWith, query } from '../navigation.ts';
import { Loading } from '../parts/loading.tsx';
import { Empty, Panel, Site } from '../parts/panel.tsx';
import { Search, wantedText } from '../parts/search.tsx';
import { SortedTable } from '../parts/sorted-table.tsx';
import type { Column } from '../parts/table.tsx';
import { batchPath } from '../route.ts';

const AGAIN_MS = 3000;
const NEWEST_FIRST: Order = { column: 'last', isDescending: true };

/** The view. */
export function DeadLetters(): JSX.Element {
  const path = jobPath.value;
  const read = useLatest<Read>(path && `${path}/deadletters`, AGAIN_MS).value;
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Dead letters</h1>
        <p class="sub">Values that functions threw on and that were left out (onPoison), by error.</p>
      </div>
      {read === undefined && <Loading />}
      {read !== undefined && <Groups read={read} />}
    </>
  );
}

function Groups({ read: { file, groups, isCut } }: { readonly read: Read }): JSX.Element {
  if (file === null) {
    return (
      <Panel title="None">
        <Empty>
          A value that a function throws on fails its batch. With the option <code>onPoison: 'skip'</code> such values
          are left out, and stand here.
        </Empty>
      </Panel>
    );
  }
  const wanted = wantedText();
  const shown = groups.filter(({ code, message, operator, site }) =>
    [code, message, operator, site].some((text) => text?.toLowerCase().includes(wanted)),
  );
  const chosen = shown.find(({ id }) => id === query.value.get('error'));
  return (
    <>
      <Panel title={`Errors (${shown.length} of ${groups.length})`} aside={<Search />}>
        <SortedTable
          name="sort"
          label="Errors"
          columns={columnsOf(timesNeedMs.value)}
          rows={shown}
          keyOf={({ id }) => id}
          empty={groups.length === 0 ? 'No value was left out.' : `No error has “${query.value.get('search')}” in it.`}
          otherwise={NEWEST_FIRST}
        />
        <p class="note">
          In <code>{file}</code>
          {isCut ? ', of which the end is shown: there are older ones' : ''}.{' '}
          {counted(overview.value?.totals.skippedValues ?? 0, 'value')} left out since the start.
        </p>
      </Panel>
      {chosen !== undefined && <Examples group={chosen} />}
    </>
  );
}

function columnsOf(withMs: boolean): readonly Column<DeadLetterGroup>[] {
  return [
    {
      key: 'message',
      title: 'Error',
      class: 'wrap',
      sortBy: ({ message }) => message,
      cell: ({ code, id, message }) => (
        <>
          <a href={addressWith({ error: id })}>{message || 'an error without a text'}</a>
          {code !== null && <code class="code">{code}</code>}
        </>
      ),
    },
    { key: 'operator', title: 'Operator', sortBy: ({ operator }) => operator, cell: ({ operator }) => operator },
    {
      key: 'site',
      title: 'Where',
      class: 'wrap',
      sortBy: ({ site }) => site,
      cell: ({ site }) => <Site site={site} />,
    },
    {
      key: 'values',
      title: 'Values',
      isNumber: true,
      sortBy: ({ values }) => values,
      cell: ({ values }) => count(values),
    },
    timeColumn('first', 'First', ({ firstTime }) => firstTime, withMs),
    timeColumn('last', 'Last', ({ lastTime }) => lastTime, withMs),
  ];
}

function timeColumn(
  key: string,
  title: string,
  of: (group: DeadLetterGroup) => number,
  withMs: boolean,
): Column<DeadLetterGroup> {
  return {
    ...{ key, title, isNumber: true, sortBy: of },
    cell: (group) => <a href={batchPath(of(group))}>{batchTime(of(group), withMs)}</a>,
  };
}

function Examples({ group: { code, examples, message, operator, site, values } }: { readonly group: DeadLetterGroup }) {
  return (
    <Panel
      title={`The last ${counted(examples.length, 'value')} of ${count(values)} on which ${operator} threw`}
      class="panel-bad"
    >
      <div class="failure">
        <p>
          {code !== null && <code class="code">{code}</code>}
          <Site site={site} />
        </p>
        <pre>{message}</pre>
      </div>
      {examples.map((example, at) => (
        <Example key={`${at} ${example.time}`} example={example} />
      ))}
    </Panel>
  );
}

function Example({ example }: { readonly example: DeadLetterExample }): JSX.Element {
  const { bytes, headers, hex, isCut, text, time } = example;
  const names = Object.entries(headers ?? {});
  return (
    <article class="example" aria-label={`A value of batch ${batchTime(time, true)}`}>
      <p class="example-head">
        <a href={batchPath(time)}>batch {batchTime(time, true)}</a>
        <span>{bytes === null ? 'a value, as JSON' : `an event of ${size(bytes)}`}</span>
        {isCut && <span>cut: all of it is in the file</span>}
      </p>
      {names.length > 0 && (
        <dl class="headers">
          {names.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      <pre>{hex === null ? text || ' ' : hexLines(hex)}</pre>
    </article>
  );
}
