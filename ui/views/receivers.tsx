/** The receivers: whether each runs, what it brings and may bring, what went wrong last, and its rate over the batches that are kept. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import { roundedUp } from '../chart/buckets.ts';
import { axis, Plot, timeAxis } from '../chart/plot.tsx';
import { jobPath, overview } from '../data/live.ts';
import { nothingCameIn } from '../data/peers.ts';
import { ratesOf, summaryOf } from '../data/statistics.ts';
import type { Receiver, SparkReceiver } from '../data/types.ts';
import { useLatest } from '../data/use-latest.ts';
import { useReceiverRates } from '../data/use-receiver-rates.ts';
import { count, rate, shortCount, size } from '../format/number.ts';
import { batchTime } from '../format/time.ts';
import { Loading } from '../parts/loading.tsx';
import { Empty, Facts, Mark, Panel } from '../parts/panel.tsx';
import { RECEIVER_LOOKS } from '../parts/verdict.ts';
import { colour } from '../theme.ts';

const HISTORY_EVERY_MS = 2000;

/** The view. */
export function Receivers(): JSX.Element {
  const path = jobPath.value;
  const receivers = useLatest<readonly Receiver[]>(path && `${path}/receivers`, 1000).value;
  const history = useLatest<readonly SparkReceiver[]>(path && `${path}/streaming/receivers`, HISTORY_EVERY_MS).value;
  const rates = useReceiverRates(receivers);
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Receivers</h1>
        <p class="sub">Each takes events from peers and answers them once their batch has committed.</p>
      </div>
      {receivers === undefined && <Loading />}
      {receivers?.length === 0 && <Empty>This job has no receivers.</Empty>}
      {receivers?.map((receiver) => (
        <ReceiverPanel
          key={receiver.id}
          receiver={receiver}
          now={rates.get(receiver.id)}
          history={history?.find(({ streamId }) => streamId === receiver.id)}
        />
      ))}
    </>
  );
}

interface ReceiverProps {
  readonly receiver: Receiver;
  readonly now: { readonly events: number | null; readonly bytes: number | null } | undefined;
  readonly history: SparkReceiver | undefined;
}

function ReceiverPanel({ history, now, receiver }: ReceiverProps): JSX.Element {
  const { bytes, connections, events, lastError, name, openDeliveries, rateLimit, state } = receiver;
  const bytesNow = now?.bytes ?? null;
  const intervalMs = overview.value?.batchIntervalMs ?? 1000;
  const rates = useMemo(() => {
    const amounts = history?.eventRates.map(([time, value]) => [time, (value * intervalMs) / 1000] as const);
    return ratesOf(amounts ?? [], intervalMs);
  }, [history, intervalMs]);
  return (
    <Panel title={name} aside={<Mark look={RECEIVER_LOOKS[state]} />}>
      <Facts
        facts={[
          ['events now', rate(now?.events)],
          ['bytes now', bytesNow === null ? '–' : `${size(bytesNow)}/s`],
          ['mean of batches kept', rate(summaryOf(rates.map(([, value]) => value))?.mean)],
          ['rate allowed', rate(rateLimit)],
          ['events in all', count(events)],
          ['bytes in all', size(bytes)],
          ['open deliveries', count(openDeliveries)],
          ['connections', count(connections)],
        ]}
      />
      {lastError !== null && (
        <p class="failure">
          <span class="error-text">{batchTime(lastError.time, false)}</span> {lastError.message}
        </p>
      )}
      {events === 0 && <Empty>{nothingCameIn([name])}</Empty>}
      <Rates rates={rates} name={name} />
    </Panel>
  );
}

function Rates({
  name,
  rates,
}: {
  readonly rates: readonly (readonly [number, number])[];
  readonly name: string;
}): JSX.Element {
  const data = useMemo(() => [rates.map(([time]) => time / 1000), rates.map(([, value]) => value)], [rates]);
  const top = roundedUp(Math.max(4, ...(data[1] ?? [])));
  const series = (): uPlot.Series => ({
    stroke: colour('--accent'),
    fill: colour('--accent-soft'),
    width: 1.5,
    points: { show: false },
  });
  return (
    <>
      <p class="plot-title">Events per second</p>
      <Plot
        label={`Events per second of ${name}`}
        data={data}
        height={150}
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
