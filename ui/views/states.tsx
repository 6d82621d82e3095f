/** The operators that keep states, and how many keys each has. */
import type { JSX } from 'preact';
import { jobPath } from '../data/live.ts';
import { useLatest } from '../data/use-latest.ts';
import { count } from '../format/number.ts';
import { Loading } from '../parts/loading.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { SortedTable } from '../parts/sorted-table.tsx';

interface StateOfOperator {
  readonly operator: string;
  readonly keys: number;
}

/** The view. */
export function States(): JSX.Element {
  const path = jobPath.value;
  const states = useLatest<readonly StateOfOperator[]>(path && `${path}/states`, 1000).value;
  const most = Math.max(1, ...(states?.map(({ keys }) => keys) ?? []));
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>States</h1>
        <p class="sub">What operators remember of keys from batch to batch.</p>
      </div>
      {states === undefined && <Loading />}
      {states !== undefined && (
        <Panel title={`Operators that keep states (${states.length})`}>
          {states.length === 0 ? (
            <Empty>
              No operator keeps states. updateStateByKey and mapWithState do, and windows by event time or with an
              inverse.
            </Empty>
          ) : (
            <SortedTable
              name="sort"
              label="States"
              rows={states}
              keyOf={({ operator }) => operator}
              columns={[
                {
                  key: 'operator',
                  title: 'Operator',
                  class: 'fit',
                  sortBy: ({ operator }) => operator,
                  cell: ({ operator }) => operator,
                },
                {
                  key: 'keys',
                  title: 'Keys',
                  isNumber: true,
                  sortBy: ({ keys }) => keys,
                  cell: ({ keys }) => count(keys),
                },
                {
                  key: 'bar',
                  title: 'Beside the others',
                  class: 'spent',
                  cell: ({ keys }) => (
                    <span class="track" aria-hidden="true">
                      <span style={{ width: `${(keys / most) * 100}%` }} />
                    </span>
                  ),
                },
              ]}
            />
          )}
        </Panel>
      )}
    </>
  );
}
