/** The way of an event, step by step: how many are at each now, and how long the oldest has been there. */
import type { JSX } from 'preact';
import type { Overview, StepName } from '../../data/types.ts';
import { duration } from '../../format/duration.ts';
import { count, counted, shortCount } from '../../format/number.ts';
import { Panel } from '../../parts/panel.tsx';

const STEPS: Readonly<Record<StepName, readonly [name: string, meaning: string]>> = {
  receive: ['Receive', 'on its way to the log'],
  block: ['Block', 'waits to be cut'],
  batch: ['Batch', 'waits for its turn'],
  stage: ['Stage', 'is computed'],
  output: ['Output', 'is put out'],
  commit: ['Commit', 'goes to disk'],
  acknowledge: ['Acknowledge', 'its peer is told'],
};

/** Longer numbers have no room; the panel of totals has them whole. */
const MOST_WHOLE = 10_000_000;

/** The row of steps. */
export function Way({ now }: { readonly now: Overview }): JSX.Element {
  return (
    <Panel
      title="The way of an event"
      aside={<p class="aside">{counted(now.heldEvents, 'event')} not yet acknowledged</p>}
    >
      <ol class="way">
        {now.steps.map(({ events, oldestMs, step }) => {
          const [name, meaning] = STEPS[step];
          return (
            <li key={step} class={events > 0 ? 'step step-busy' : 'step'}>
              <span class="step-name">{name}</span>
              <span class="step-count">{count(events)}</span>
              <span class="step-age">{oldestMs === null ? ' ' : `oldest ${duration(oldestMs)}`}</span>
              <span class="step-meaning">{meaning}</span>
            </li>
          );
        })}
        <li class="step step-done">
          <span class="step-name">Acknowledged</span>
          <span class="step-count" title={count(now.totals.acknowledgedEvents)}>
            {now.totals.acknowledgedEvents < MOST_WHOLE
              ? count(now.totals.acknowledgedEvents)
              : shortCount(now.totals.acknowledgedEvents)}
          </span>
          <span class="step-age"> </span>
          <span class="step-meaning">since the start</span>
        </li>
      </ol>
    </Panel>
  );
}
