/** What came into a batch, and what its outputs did. */
import type { JSX } from 'preact';
import type { BatchDetail, OutputRun } from '../../data/types.ts';
import { fineDuration } from '../../format/duration.ts';
import { count } from '../../format/number.ts';
import { timeOfDay } from '../../format/time.ts';
import { Empty, Mark, Panel, Site } from '../../parts/panel.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import type { Look } from '../../parts/verdict.ts';

const INPUTS: readonly Column<BatchDetail['inputs'][number]>[] = [
  { key: 'name', title: 'Input', cell: ({ name }) => name },
  { key: 'events', title: 'Events', isNumber: true, cell: ({ events }) => count(events) },
];

/** The panel of inputs. */
export function Inputs({ batch: { inputs } }: { readonly batch: BatchDetail }): JSX.Element {
  return (
    <Panel title="Inputs">
      {inputs.length === 0 ? (
        <Empty>Nothing came in for this batch.</Empty>
      ) : (
        <Table label="Inputs" columns={INPUTS} rows={inputs} keyOf={({ id }) => id} />
      )}
    </Panel>
  );
}

const LOOKS = {
  running: { icon: 'hourglass', tone: 'quiet', word: 'running' },
  succeeded: { icon: 'check', tone: 'good', word: 'succeeded' },
  failed: { icon: 'alert', tone: 'bad', word: 'failed' },
} as const satisfies Record<string, Look>;

function lookOf({ durationMs, failureReason }: OutputRun): Look {
  if (failureReason !== null) return LOOKS.failed;
  return durationMs === null ? LOOKS.running : LOOKS.succeeded;
}

const OUTPUTS: readonly Column<OutputRun>[] = [
  { key: 'id', title: 'Output', cell: ({ id }) => id },
  { key: 'kind', title: 'Kind', cell: ({ kind }) => kind },
  { key: 'site', title: 'Where', cell: ({ site }) => <Site site={site} /> },
  { key: 'started', title: 'Began', isNumber: true, cell: ({ startedAt }) => timeOfDay(startedAt, true) },
  { key: 'duration', title: 'Duration', isNumber: true, cell: ({ durationMs }) => fineDuration(durationMs) },
  { key: 'status', title: 'Status', cell: (output) => <Mark look={lookOf(output)} /> },
];
const REASON: Column<OutputRun> = {
  key: 'error',
  title: 'Error',
  class: 'wrap',
  cell: ({ failureReason }) => (failureReason === null ? '' : <span class="error-text">{failureReason}</span>),
};

/** The panel of outputs. */
export function Outputs({ batch: { outputs } }: { readonly batch: BatchDetail }): JSX.Element {
  const hasFailed = outputs.some(({ failureReason }) => failureReason !== null);
  return (
    <Panel title="Outputs">
      {outputs.length === 0 ? (
        <Empty>No output of this batch has begun.</Empty>
      ) : (
        <Table
          label="Outputs"
          columns={hasFailed ? [...OUTPUTS, REASON] : OUTPUTS}
          rows={outputs}
          keyOf={({ id }) => id}
        />
      )}
    </Panel>
  );
}
