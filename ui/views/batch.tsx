/** All that is known of a batch. The arrow keys lead to the batches before and after it. */
import type { JSX } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { jobPath, timesNeedMs } from '../data/live.ts';
import type { BatchDetail } from '../data/types.ts';
import { useLatest } from '../data/use-latest.ts';
import { fineDuration } from '../format/duration.ts';
import { count, counted } from '../format/number.ts';
import { batchTime, timeOfDay } from '../format/time.ts';
import { goTo } from '../navigation.ts';
import { Icon } from '../parts/icon.tsx';
import { Loading } from '../parts/loading.tsx';
import { Empty, Facts, Panel } from '../parts/panel.tsx';
import { SegmentBar, SegmentKey } from '../parts/segments.tsx';
import { batchPath } from '../route.ts';
import { Failures } from './batch/failures.tsx';
import { Inputs, Outputs } from './batch/inputs-outputs.tsx';
import { Stages } from './batch/stages.tsx';

/** Asked for again while the batch may change, or the one after it is not there yet. */
const AGAIN_MS = 1000;

/** The view. @param props `time`: of the batch, in ms since the epoch */
export function Batch({ time }: { readonly time: number }): JSX.Element {
  const path = jobPath.value;
  const { problem, value } = useLatest<BatchDetail>(path && `${path}/batches/${time}`, AGAIN_MS);
  const withMs = timesNeedMs.value || time % 1000 !== 0;
  useArrowKeys(value);
  return (
    <>
      <div class="view-head batch-head">
        <h1 tabIndex={-1}>Batch {batchTime(time, withMs)}</h1>
        <Neighbours batch={value} />
      </div>
      {value === undefined && problem === undefined && <Loading />}
      {value === undefined && problem !== undefined && (
        <Empty>
          There is no batch of this time, or it is forgotten: the last 1000 are kept. <a href="/batches">All batches</a>
        </Empty>
      )}
      {value !== undefined && <Detail batch={value} />}
    </>
  );
}

function Detail({ batch }: { readonly batch: BatchDetail }): JSX.Element {
  const { acknowledged, acknowledgedAt, endedAt, events, segments, startedAt, status, submittedAt } = batch;
  const at = (ms: number | null): string => (ms === null ? '–' : timeOfDay(ms, true));
  return (
    <>
      <Failures batch={batch} />
      <Panel title="Where its time went" aside={<p class="aside">{STATUS[status]}</p>}>
        <SegmentBar segments={segments} />
        <SegmentKey segments={segments} />
        <Facts
          facts={[
            ['events', count(events)],
            ['acknowledged', acknowledged === null ? 'not yet' : `${count(acknowledged)} of ${count(events)}`],
            ['scheduling delay', fineDuration(batch.schedulingDelayMs)],
            ['processing time', fineDuration(batch.processingMs)],
            ['total delay', fineDuration(batch.totalDelayMs)],
            ['cut at', at(submittedAt)],
            ['its turn at', at(startedAt)],
            ['over at', at(endedAt)],
            ['acknowledged at', at(acknowledgedAt)],
          ]}
        />
      </Panel>
      <Inputs batch={batch} />
      <Stages batch={batch} />
      <Outputs batch={batch} />
    </>
  );
}

const STATUS: Readonly<Record<BatchDetail['status'], string>> = {
  QUEUED: 'waits for its turn',
  PROCESSING: 'runs',
  COMPLETED: 'is over',
};

function Neighbours({ batch }: { readonly batch: BatchDetail | undefined }): JSX.Element {
  const previous = batch?.previous ?? null;
  const next = batch?.next ?? null;
  return (
    <nav class="neighbours" aria-label="Batches before and after">
      {previous === null ? (
        <span class="off">
          <Icon name="left" /> previous
        </span>
      ) : (
        <a href={batchPath(previous)} rel="prev" aria-keyshortcuts="ArrowLeft">
          <Icon name="left" /> previous
        </a>
      )}
      {next === null ? (
        <span class="off">
          next <Icon name="right" />
        </span>
      ) : (
        <a href={batchPath(next)} rel="next" aria-keyshortcuts="ArrowRight">
          next <Icon name="right" />
        </a>
      )}
      <span class="hint">
        {batch === undefined ? '' : counted(batch.events, 'event')}, keys <kbd>←</kbd> <kbd>→</kbd>
      </span>
    </nav>
  );
}

function useArrowKeys(batch: BatchDetail | undefined): void {
  // With the drawing and not after it: who sees the batch can go on at once.
  useLayoutEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      // In a box that scrolls, the arrows scroll it.
      const isElsewhere = event.target instanceof Element && event.target.closest('input, .scroll') !== null;
      if (isElsewhere || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      const to = event.key === 'ArrowLeft' ? batch?.previous : event.key === 'ArrowRight' ? batch?.next : null;
      if (to !== null && to !== undefined) goTo(batchPath(to));
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [batch]);
}
