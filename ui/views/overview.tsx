/** The first look at a job: whether it keeps up, where its events are, who waits, what its batches took, what came in. */
import type { JSX } from 'preact';
import { Timeline } from '../chart/timeline.tsx';
import { batches, jobPath, link, overview } from '../data/live.ts';
import type { Overview as OverviewData, Receiver } from '../data/types.ts';
import { useLatest } from '../data/use-latest.ts';
import { duration } from '../format/duration.ts';
import { count, counted } from '../format/number.ts';
import { batchTime } from '../format/time.ts';
import { BottleneckLine } from '../parts/bottleneck.tsx';
import { Icon } from '../parts/icon.tsx';
import { Loading } from '../parts/loading.tsx';
import { Facts, Panel } from '../parts/panel.tsx';
import { VERDICT_LOOKS } from '../parts/verdict.ts';
import { Figures } from './overview/figures.tsx';
import { Peers } from './overview/peers.tsx';
import { ReceiverSummary } from './overview/receiver-summary.tsx';
import { Way } from './overview/way.tsx';

/** The view. */
export function Overview(): JSX.Element {
  const now = overview.value;
  const path = jobPath.value;
  const receivers = useLatest<readonly Receiver[]>(path && `${path}/receivers`, 1000).value;
  if (now === undefined) {
    return (
      <>
        <h1 tabIndex={-1}>Overview</h1>
        <Loading />
      </>
    );
  }
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>{now.name}</h1>
        <p class="sub">{runningFor(now)}</p>
      </div>
      <Verdict now={now} />
      <BottleneckLine bottleneck={now.bottleneck} />
      <Way now={now} />
      <Figures batches={batches.value} batchIntervalMs={now.batchIntervalMs} />
      <Timeline batches={batches.value} batchIntervalMs={now.batchIntervalMs} />
      <div class="columns">
        <Peers receivers={receivers} />
        <ReceiverSummary receivers={receivers} />
      </div>
      <Totals now={now} />
    </>
  );
}

/** As the head of Spark's page says it. */
function runningFor({ batchIntervalMs, now, startedAt, totals }: OverviewData): string {
  const interval = `batches of ${duration(batchIntervalMs)}`;
  if (startedAt === null) return `${interval}, not started yet`;
  const done = `${counted(totals.batches, 'completed batch', 'completed batches')}, ${counted(totals.processedEvents, 'event')}`;
  return `Running ${interval} for ${duration(now - startedAt)} since ${batchTime(startedAt, false)} (${done})`;
}

function Verdict({ now }: { readonly now: OverviewData }): JSX.Element {
  const isLost = link.value.kind === 'lost';
  const { icon, tone, word } = VERDICT_LOOKS[now.verdict.kind];
  const { text } = now.verdict;
  const rest = text.startsWith(word) ? text.slice(word.length).replace(/^[: ]+/, '') : text;
  return (
    <section class={`verdict tone-${isLost ? 'quiet' : tone}`} aria-label="Verdict">
      <Icon name={icon} size={26} />
      <p>
        <strong>{isLost ? `Last known: ${word}` : capital(word)}</strong>
        {rest === '' ? '' : <span>{rest}</span>}
      </p>
    </section>
  );
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function Totals({ now }: { readonly now: OverviewData }): JSX.Element {
  const { totals } = now;
  return (
    <Panel title="Since the start">
      <Facts
        facts={[
          ['batches committed', count(totals.batches)],
          ['events received', count(totals.receivedEvents)],
          ['events processed', count(totals.processedEvents)],
          ['events acknowledged', count(totals.acknowledgedEvents)],
          ['batches given up', count(totals.givenUpBatches)],
          ['attempts failed', count(totals.failedAttempts)],
          ['values skipped', count(totals.skippedValues)],
        ]}
      />
    </Panel>
  );
}
