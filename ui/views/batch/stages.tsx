/** The stages of a batch, each with its tasks as bars: one that is much longer than the others holds its stage up. */
import type { JSX } from 'preact';
import { longestOf, type PartitionTasks, partitionsOf } from '../../data/tasks.ts';
import type { BatchDetail, Stage } from '../../data/types.ts';
import { fineDuration } from '../../format/duration.ts';
import { counted } from '../../format/number.ts';
import { Empty, Panel, Site } from '../../parts/panel.tsx';

/** The panel. */
export function Stages({ batch: { stages, status } }: { readonly batch: BatchDetail }): JSX.Element {
  return (
    <Panel title="Stages" aside={<p class="aside">the time of tasks, by partition</p>}>
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

/** Of more partitions, those that took longest are shown. */
const MOST_SHOWN = 32;

function StageRow({ stage: { durationMs, operator, site, tasks } }: { readonly stage: Stage }): JSX.Element {
  const all = partitionsOf(tasks);
  const longest = Math.max(0, ...all.map(({ totalMs }) => totalMs));
  const shown = longestOf(all, MOST_SHOWN);
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
        {shown.map((partition) => (
          <PartitionRow key={partition.partition} partition={partition} longestMs={longest} />
        ))}
      </ul>
      {shown.length < all.length && <p class="note">and {all.length - shown.length} partitions that took less</p>}
    </article>
  );
}

interface PartitionProps {
  readonly partition: PartitionTasks;
  readonly longestMs: number;
}

function PartitionRow({ longestMs, partition }: PartitionProps): JSX.Element {
  const { durationsMs, members, totalMs } = partition;
  const percent = (ms: number): string => `${longestMs === 0 ? 0 : (ms / longestMs) * 100}%`;
  return (
    <li>
      <span>partition {partition.partition}</span>
      <span class="track" aria-hidden="true">
        {durationsMs.map((ms, at) => (
          <span key={`task ${at + 1}`} class="task" style={{ width: percent(ms) }} />
        ))}
      </span>
      <span class="task-time">{fineDuration(totalMs)}</span>
      <span class="task-member">
        {counted(durationsMs.length, 'task')}, member {members.join(', ')}
      </span>
    </li>
  );
}
