/** The embedded agent: its sources with the files that they read, its channels with how full they are, its sinks. */
import type { JSX } from 'preact';
import { jobPath } from '../data/live.ts';
import type { AgentComponent, Agent as Answer } from '../data/types.ts';
import { useCounterRates } from '../data/use-counter-rates.ts';
import { useLatest } from '../data/use-latest.ts';
import { Loading } from '../parts/loading.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Channels } from './agent/channels.tsx';
import { Counters } from './agent/counters.tsx';
import { Sinks, Sources } from './agent/ends.tsx';
import { Files } from './agent/files.tsx';

const AGAIN_MS = 1000;

/** The view. */
export function Agent(): JSX.Element {
  const path = jobPath.value;
  const agent = useLatest<Answer>(path && `${path}/agent`, AGAIN_MS).value;
  const rate = useCounterRates(agent?.components);
  const of = (...kinds: readonly AgentComponent['kind'][]): AgentComponent[] =>
    agent?.components.filter(({ kind }) => kinds.includes(kind)) ?? [];
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Agent {agent?.name ?? ''}</h1>
        <p class="sub">The Flume agent in the process of the job: from sources by channels to sinks.</p>
      </div>
      {agent === undefined && <Loading />}
      {agent?.name === null && (
        <Panel title="None">
          <Empty>
            This job has no agent of its own. The option <code>agent</code> names a flume.conf that is run in the same
            process; a Flume elsewhere feeds its receivers else.
          </Empty>
        </Panel>
      )}
      {agent !== undefined && agent.name !== null && (
        <>
          <Sources sources={of('source')} rate={rate} />
          <Files sources={of('source')} />
          <Channels channels={of('channel')} rate={rate} />
          <Sinks sinks={of('processor', 'sink')} rate={rate} />
          <Counters components={agent.components} />
        </>
      )}
    </>
  );
}
