/** Spark's four questions, answered by the batches that are kept: what came in, how long a batch waits, takes, and is late in all. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { ratesOf, type Summary, summaryOf } from '../../data/statistics.ts';
import type { TimelineBatch } from '../../data/types.ts';
import { fineDuration } from '../../format/duration.ts';
import { rate } from '../../format/number.ts';

interface FiguresProps {
  readonly batches: readonly TimelineBatch[];
  readonly batchIntervalMs: number;
}

interface Figure {
  readonly name: string;
  readonly summary: Summary | undefined;
  readonly text: (value: number) => string;
}

/** The row of figures. */
export function Figures({ batches, batchIntervalMs }: FiguresProps): JSX.Element {
  const figures = useMemo((): readonly Figure[] => {
    const summary = (of: (batch: TimelineBatch) => number | null): Summary | undefined =>
      summaryOf(batches.map(of).filter((value) => value !== null));
    const points = batches.map(({ events, time }) => [time, events] as const);
    const rates = ratesOf(points, batchIntervalMs).map(([, perSecond]) => perSecond);
    return [
      { name: 'Input rate', summary: summaryOf(rates), text: rate },
      { name: 'Scheduling delay', summary: summary((batch) => batch.schedulingDelayMs), text: fineDuration },
      { name: 'Processing time', summary: summary((batch) => batch.processingMs), text: fineDuration },
      { name: 'Total delay', summary: summary((batch) => batch.totalDelayMs), text: fineDuration },
    ];
  }, [batches, batchIntervalMs]);
  return (
    <section class="figures" aria-label="Figures of the batches that are kept">
      {figures.map((figure) => (
        <FigureBox key={figure.name} {...figure} />
      ))}
    </section>
  );
}

function FigureBox({ name, summary, text }: Figure): JSX.Element {
  const most = Math.max(1, ...(summary?.bins ?? []));
  return (
    <div class="figure">
      <h2>{name}</h2>
      <p class="figure-mean">
        {summary === undefined ? '–' : text(summary.mean)} <small>mean</small>
      </p>
      <svg class="histogram" viewBox="0 0 160 28" preserveAspectRatio="none" aria-hidden="true">
        {summary?.bins.map((batches, at) => {
          const height = batches === 0 ? 0.6 : Math.max(2, (batches / most) * 28);
          return <rect key={at} x={at * 10 + 0.5} width="9" y={28 - height} height={height} />;
        })}
      </svg>
      <p class="figure-range">
        <span>0</span>
        <span>95 % ≤ {summary === undefined ? '–' : text(summary.p95)}</span>
        <span>{summary === undefined ? '–' : text(summary.largest)}</span>
      </p>
    </div>
  );
}
