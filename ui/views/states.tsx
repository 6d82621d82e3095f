/** What operators keep of keys from batch to batch, and what windows remember. Which state is looked into stands in the address. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import { roundedUp } from '../chart/buckets.ts';
import { axis, Plot, timeAxis } from '../chart/plot.tsx';
import { jobPath } from '../data/live.ts';
import type { StateOfOperator, WindowOfOperator } from '../data/types.ts';
import { useLatest } from '../data/use-latest.ts';
import { duration } from '../format/duration.ts';
import { count, shortCount } from '../format/number.ts';
import { batchTime } from '../format/time.ts';
import { query } from '../navigation.ts';
import { Loading } from '../parts/loading.tsx';
import { Empty, Facts, Panel, Site } from '../parts/panel.tsx';
import { Table } from '../parts/table.tsx';
import { colour } from '../theme.ts';
import { StateInside } from './states/inside.tsx';

/** The view. */
export function States(): JSX.Element {
  const path = jobPath.value;
  const states = useLatest<readonly StateOfOperator[]>(path && `${path}/states`, 1000).value;
  const windows = useLatest<readonly WindowOfOperator[]>(path && `${path}/windows`, 1000).value;
  const asked = query.value.get('state');
  const looked = states?.find(({ operator }) => operator === asked);
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>States</h1>
        <p class="sub">What operators remember of keys from batch to batch, and what windows remember.</p>
      </div>
      {states === undefined && <Loading />}
      {states !== undefined && <StateTable states={states} />}
      {path !== undefined && looked !== undefined && (
        <StatePanel
          key={looked.operator}
          state={looked}
          path={`${path}/states/${encodeURIComponent(looked.operator)}`}
        />
      )}
      {windows !== undefined && windows.length > 0 && <Windows windows={windows} />}
    </>
  );
}

function StateTable({ states }: { readonly states: readonly StateOfOperator[] }): JSX.Element {
  if (states.length === 0) {
    return (
      <Panel title="Operators that keep states (0)">
        <Empty>
          No operator keeps states. updateStateByKey and mapWithState do, and windows by event time or with an inverse.
        </Empty>
      </Panel>
    );
  }
  return (
    <Panel title={`Operators that keep states (${states.length})`}>
      <Table
        label="States"
        rows={states}
        keyOf={({ operator }) => operator}
        columns={[
          {
            key: 'operator',
            title: 'State',
            class: 'fit',
            cell: ({ operator }) => <a href={`/states?state=${encodeURIComponent(operator)}`}>{operator}</a>,
          },
          { key: 'kind', title: 'Kept by', cell: ({ kind }) => kind },
          { key: 'site', title: 'Where', cell: ({ site }) => <Site site={site} /> },
          { key: 'keys', title: 'Keys', isNumber: true, cell: ({ keys }) => count(keys) },
          { key: 'growth', title: 'A minute', isNumber: true, cell: ({ keysPerMinute }) => signed(keysPerMinute) },
          {
            key: 'watermark',
            title: 'Watermark behind now',
            isNumber: true,
            cell: ({ watermarkGapMs }) => (watermarkGapMs === null ? '–' : duration(watermarkGapMs)),
          },
          { key: 'late', title: 'Too late', isNumber: true, cell: ({ lateValues }) => count(lateValues) },
          { key: 'wrong', title: 'No possible time', isNumber: true, cell: ({ wrongTimes }) => count(wrongTimes) },
        ]}
      />
    </Panel>
  );
}

/** @example signed(12.4) // '+12' */
function signed(value: number | null): string {
  if (value === null) return '–';
  return `${value > 0 ? '+' : ''}${count(Math.round(value))}`;
}

function StatePanel({ path, state }: { readonly state: StateOfOperator; readonly path: string }): JSX.Element {
  const { growth, keys, keysPerMinute, lateValues, operator, site, watermark, watermarkGapMs, wrongTimes } = state;
  const windowFacts: readonly (readonly [string, string])[] =
    lateValues === null
      ? []
      : [
          ['watermark', watermark === null ? '–' : batchTime(watermark, true)],
          ['behind now', watermarkGapMs === null ? '–' : duration(watermarkGapMs)],
          ['too late', count(lateValues)],
          ['no possible time', count(wrongTimes)],
        ];
  return (
    <Panel title={operator} aside={<Site site={site} />}>
      <Facts facts={[['keys', count(keys)], ['a minute', signed(keysPerMinute)], ...windowFacts]} />
      <Growth growth={growth} name={operator} />
      <StateInside path={path} />
    </Panel>
  );
}

function Growth({ growth, name }: { readonly growth: StateOfOperator['growth']; readonly name: string }): JSX.Element {
  const data = useMemo(() => [growth.map(([time]) => time / 1000), growth.map(([, keys]) => keys)], [growth]);
  const top = roundedUp(Math.max(4, ...(data[1] ?? [])));
  const series = (): uPlot.Series => ({
    stroke: colour('--accent'),
    fill: colour('--accent-soft'),
    width: 1.5,
    points: { show: false },
  });
  return (
    <>
      <p class="plot-title">Keys</p>
      <Plot
        label={`Keys of ${name} over the last ten minutes`}
        data={data}
        height={140}
        signature={String(top)}
        options={() => ({
          scales: { x: { time: true }, y: { range: () => [0, top] } },
          axes: [timeAxis(), axis({ size: 58, space: 30, values: (_, splits) => splits.map(shortCount) })],
          series: [{}, series()],
        })}
      />
    </>
  );
}

function Windows({ windows }: { readonly windows: readonly WindowOfOperator[] }): JSX.Element {
  return (
    <Panel title={`Windows by arrival (${windows.length})`}>
      <Table
        label="Windows"
        rows={windows}
        keyOf={({ id }) => id}
        columns={[
          { key: 'name', title: 'Operator', cell: ({ id, name }) => `${name} (${id})` },
          { key: 'site', title: 'Where', cell: ({ site }) => <Site site={site} /> },
          { key: 'window', title: 'Window', isNumber: true, cell: ({ windowMs }) => duration(windowMs) },
          { key: 'slide', title: 'Slide', isNumber: true, cell: ({ slideMs }) => duration(slideMs) },
          { key: 'batches', title: 'Batches remembered', isNumber: true, cell: ({ batches }) => count(batches) },
        ]}
      />
    </Panel>
  );
}
