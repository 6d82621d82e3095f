/** The receivers on the overview: whether they run and what they bring. */
import type { JSX } from 'preact';
import type { Receiver } from '../../data/types.ts';
import { type ReceiverRates, useReceiverRates } from '../../data/use-receiver-rates.ts';
import { rate, size } from '../../format/number.ts';
import { Loading } from '../../parts/loading.tsx';
import { Empty, Mark, Panel } from '../../parts/panel.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { RECEIVER_LOOKS } from '../../parts/verdict.ts';

/** The panel. */
export function ReceiverSummary({ receivers }: { readonly receivers: readonly Receiver[] | undefined }): JSX.Element {
  const rates = useReceiverRates(receivers);
  const columns = receivers?.some(({ lastError }) => lastError !== null)
    ? [...columnsOf(rates), LAST_ERROR]
    : columnsOf(rates);
  const active = receivers?.filter(({ state }) => state === 'running').length ?? 0;
  return (
    <Panel
      title="Receivers"
      aside={<p class="aside">{receivers === undefined ? '' : `${active} of ${receivers.length} run`}</p>}
    >
      {receivers === undefined && <Loading />}
      {receivers?.length === 0 && <Empty>This job has no receivers.</Empty>}
      {receivers !== undefined && receivers.length > 0 && (
        <Table label="Receivers" columns={columns} rows={receivers} keyOf={({ id }) => id} />
      )}
    </Panel>
  );
}

function columnsOf(rates: ReceiverRates): readonly Column<Receiver>[] {
  return [
    { key: 'name', title: 'Receiver', class: 'wrap', cell: ({ name }) => name },
    { key: 'state', title: 'State', cell: ({ state }) => <Mark look={RECEIVER_LOOKS[state]} /> },
    { key: 'events', title: 'Events', isNumber: true, cell: ({ id }) => rate(rates.get(id)?.events) },
    {
      key: 'bytes',
      title: 'Bytes',
      isNumber: true,
      cell: ({ id }) => {
        const bytes = rates.get(id)?.bytes;
        return bytes === null || bytes === undefined ? '–' : `${size(bytes)}/s`;
      },
    },
    { key: 'limit', title: 'Allowed', isNumber: true, cell: ({ rateLimit }) => rate(rateLimit) },
  ];
}

const LAST_ERROR: Column<Receiver> = {
  key: 'error',
  title: 'Last error',
  class: 'wrap',
  cell: ({ lastError }) => (lastError === null ? '–' : <span class="error-text">{lastError.message}</span>),
};
