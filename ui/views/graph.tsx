/** What the job computes, and what each operator is occupied with: now, or in a batch of the history. */
import type { JSX } from 'preact';
import { jobPath } from '../data/live.ts';
import type { Graph as GraphData, Load } from '../data/types.ts';
import { useLatest } from '../data/use-latest.ts';
import { chosenTime } from '../graph/history.ts';
import { query } from '../navigation.ts';
import { BottleneckPanel } from '../parts/bottleneck.tsx';
import { Loading } from '../parts/loading.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Drawing } from './graph/drawing.tsx';
import { HistorySlider } from './graph/history-slider.tsx';
import { Operators, Outputs } from './graph/lists.tsx';

const AGAIN_MS = 1000;

/** The view. */
export function Graph(): JSX.Element {
  const path = jobPath.value;
  const graph = useLatest<GraphData>(path && `${path}/graph`, 0).value;
  const chosen = chosenTime(query.value.get('batch'));
  // What was in a batch that is over does not change.
  const asked = chosen === undefined ? 'graph/load' : `graph/load?batch=${chosen}`;
  const { problem, value: load } = useLatest<Load>(path && `${path}/${asked}`, chosen === undefined ? AGAIN_MS : 0);
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Graph</h1>
        <p class="sub">From inputs by operators to outputs: how many events go where, and who is busy.</p>
      </div>
      {graph === undefined && <Loading />}
      {graph !== undefined && (
        <>
          <BottleneckPanel bottleneck={load?.bottleneck ?? undefined} isOfBatch={chosen !== undefined} />
          <HistorySlider chosen={chosen} />
          {problem !== undefined && load === undefined && (
            <Panel title="No such batch">
              <Empty>This batch is not kept any more. The slider leads to others.</Empty>
            </Panel>
          )}
          <Drawing graph={graph} load={load} />
          <Operators graph={graph} load={load} />
          <Outputs graph={graph} load={load} />
        </>
      )}
    </>
  );
}
