/** What the threads of the job spend their time on: watched for some seconds when somebody asks, and drawn as a flame graph. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { ask } from '../data/ask.ts';
import { jobPath } from '../data/live.ts';
import type { ThreadProfile } from '../data/types.ts';
import { heaviest, ownerOf } from '../flame/layout.ts';
import { duration } from '../format/duration.ts';
import { Empty, Facts, Panel } from '../parts/panel.tsx';
import { Table } from '../parts/table.tsx';
import { Flame } from './profile/flame.tsx';

const SECONDS = [2, 5, 20, 60];
const STANDARD_SECONDS = 5;
const HEAVIEST = 20;

type Watching =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'watching'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly text: string };

/** The view. */
export function Profile(): JSX.Element {
  const path = jobPath.value;
  const [seconds, setSeconds] = useState(STANDARD_SECONDS);
  const [watching, setWatching] = useState<Watching>({ kind: 'nothing' });
  const [threads, setThreads] = useState<readonly ThreadProfile[]>([]);
  const watch = async (): Promise<void> => {
    setWatching({ kind: 'watching', seconds });
    const answer = await ask<readonly ThreadProfile[]>(`${path}/profile?seconds=${seconds}`);
    if (answer?.value === undefined) {
      return setWatching({ kind: 'failed', text: answer?.problem.text ?? 'The job does not answer.' });
    }
    setThreads(answer.value);
    setWatching({ kind: 'nothing' });
  };
  const isWatching = watching.kind === 'watching';
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Profile</h1>
        <p class="sub">What each thread of the job spends its time on. Watching takes a few percent of its speed.</p>
      </div>
      <Panel title="Watch">
        <div class="row">
          <label class="search">
            <span>For</span>
            <select value={seconds} onChange={({ currentTarget: { value } }) => setSeconds(Number(value))}>
              {SECONDS.map((each) => (
                <option key={each} value={each}>{`${each} seconds`}</option>
              ))}
            </select>
          </label>
          <button type="button" class="tool" disabled={isWatching || path === undefined} onClick={() => void watch()}>
            {isWatching ? `Watching for ${watching.seconds} seconds…` : 'Watch now'}
          </button>
        </div>
        <p role="status" class={watching.kind === 'failed' ? 'error-text' : 'note'}>
          {watching.kind === 'failed' ? watching.text : isWatching ? 'The job runs on meanwhile.' : ''}
        </p>
      </Panel>
      {threads.length === 0 && !isWatching && <Empty>Nothing has been watched yet.</Empty>}
      {threads.map((thread) => (
        <Thread key={thread.thread} thread={thread} />
      ))}
    </>
  );
}

function Thread({ thread: { durationMs, idleMs, root, thread } }: { readonly thread: ThreadProfile }): JSX.Element {
  const share = (ms: number): string => `${Math.round((ms / Math.max(1, durationMs)) * 100)} %`;
  return (
    <Panel title={`Thread ${thread}`}>
      <Facts
        facts={[
          ['watched', duration(durationMs)],
          ['busy', share(root.totalMs)],
          ['idle', share(idleMs)],
        ]}
      />
      {root.totalMs === 0 ? (
        <Empty>It had nothing to do.</Empty>
      ) : (
        <>
          <Flame root={root} label={`Flame graph of thread ${thread}`} />
          <Table
            label={`Functions of thread ${thread} by the time spent in them`}
            rows={heaviest(root, HEAVIEST)}
            keyOf={({ name, place }) => `${name} ${place}`}
            columns={[
              { key: 'self', title: 'In it', isNumber: true, class: 'fit', cell: ({ selfMs }) => duration(selfMs) },
              { key: 'share', title: 'Of the time', isNumber: true, class: 'fit', cell: ({ selfMs }) => share(selfMs) },
              { key: 'name', title: 'Function', class: 'wrap', cell: ({ name }) => <code>{name}</code> },
              {
                key: 'place',
                title: 'Where',
                class: 'wrap',
                cell: ({ place }) => <code class="site">{place || '–'}</code>,
              },
              { key: 'owner', title: 'Whose', cell: ({ place }) => ownerOf(place) },
            ]}
          />
        </>
      )}
    </Panel>
  );
}
