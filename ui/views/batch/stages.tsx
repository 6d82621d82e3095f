/** The stages of a batch, each with its tasks as bars: one that is much longer than the others holds its stage up. */
import type { JSX } from 'preact';
import type { BatchDetail, Stage } from '../../data/types.ts';
import { fineDuration } from '../../format/duration.ts';
import { counted } from '../../format/number.ts';
import { Empty, Panel, Site } from '../../parts/panel.tsx';

/** The panel. */
export function Stages({ batch: { stages, status } }: { readonly batch: BatchDetail }): JSX.Element {
  return (
    <Panel title="Stages" aside={<p class="aside">tasks by partition</p>}>
      {stages.length === 0 && (
        <Empty>
          {status === 'COMPLETED' ? 'No stage ran in this batch.' : 'Stages are told when the batch is over.'}
        </Empty>
      )}
      {stages.map((stage, at) => (
        <StageRow key={`${at} ${stage.operator}`} stage={stage} />
      ))}
    </Panel>
  );
}

function StageRow({ stage: { durationMs, operator, site, tasks } }: { readonly stage: Stage }): JSX.Element {
  const longest = Math.max(0, ...tasks.map((task) => task.durationMs));
  return (
    <article class="stage" aria-label={`Stage ${operator}`}>
      <p class="stage-head">
        <strong>{operator}</strong>
        <Site site={site} />
        <span class="stage-time">
          {fineDuration(durationMs)}, {counted(tasks.length, 'task')}
        </span>
      </p>
      <ul class="tasks">
        {tasks.map(({ durationMs: taken, member, partition }) => (
          <li key={partition}>
            <span>partition {partition}</span>
            <span class="track" aria-hidden="true">
              <span style={{ width: `${longest === 0 ? 0 : Math.max(1, (taken / longest) * 100)}%` }} />
            </span>
            <span class="task-time">{fineDuration(taken)}</span>
            <span class="task-member">member {member}</span>
          </li>
        ))}
      </ul>
    </article>
  );
}
