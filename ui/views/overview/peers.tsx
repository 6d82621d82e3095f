/** What each peer still waits for: nothing that it sent is acknowledged before its batch has committed. */
import type { JSX } from 'preact';
import { jobPath } from '../../data/live.ts';
import { nothingCameIn, type Urgency, urgencyOf } from '../../data/peers.ts';
import type { Receiver, WaitingPeer } from '../../data/types.ts';
import { useLatest } from '../../data/use-latest.ts';
import { duration } from '../../format/duration.ts';
import { count, counted } from '../../format/number.ts';
import { Loading } from '../../parts/loading.tsx';
import { Empty, Panel } from '../../parts/panel.tsx';
import { type Column, Table } from '../../parts/table.tsx';

/** Beyond these, the ones that have waited longest are what matters. */
const MOST_SHOWN = 12;
const WORDS: Readonly<Record<Urgency, string>> = { calm: '', soon: 'half gone', late: 'nearly gone' };

const COLUMNS: readonly Column<WaitingPeer>[] = [
  { key: 'peer', title: 'Peer', cell: ({ peer }) => <code>{peer}</code> },
  { key: 'requests', title: 'Requests', isNumber: true, cell: ({ requests }) => count(requests) },
  { key: 'events', title: 'Events', isNumber: true, cell: ({ events }) => count(events) },
  { key: 'oldest', title: 'Oldest', isNumber: true, cell: ({ oldestMs }) => duration(oldestMs) },
  { key: 'left', title: 'Gives up in', isNumber: true, cell: (peer) => leftOf(peer) },
  { key: 'bar', title: 'Waited', class: 'wait', cell: (peer) => <Wait peer={peer} /> },
];

/** The panel. */
export function Peers({ receivers }: { readonly receivers: readonly Receiver[] | undefined }): JSX.Element {
  const path = jobPath.value;
  const peers = useLatest<readonly WaitingPeer[]>(path && `${path}/peers`, 1000).value ?? [];
  const hasReceived = receivers?.some(({ events }) => (events ?? 0) > 0) ?? false;
  return (
    <Panel
      title="Not yet acknowledged"
      aside={<p class="aside">{peers.length === 0 ? '' : counted(peers.length, 'peer')}</p>}
    >
      {receivers === undefined && <Loading />}
      {receivers !== undefined && !hasReceived && peers.length === 0 && (
        <Empty>{nothingCameIn(receivers.map(({ name }) => name))}</Empty>
      )}
      {(hasReceived || peers.length > 0) && (
        <Table
          label="What peers wait for"
          columns={COLUMNS}
          rows={peers.slice(0, MOST_SHOWN)}
          keyOf={({ peer, receiver }) => `${receiver} ${peer}`}
          empty="No peer waits: all that was sent is acknowledged."
        />
      )}
      {peers.length > MOST_SHOWN && <p class="note">and {peers.length - MOST_SHOWN} more, which have waited less</p>}
    </Panel>
  );
}

function leftOf({ leftMs }: WaitingPeer): string {
  return leftMs > 0 ? duration(leftMs) : 'it has';
}

function Wait({ peer: { oldestMs, timeoutMs } }: { readonly peer: WaitingPeer }): JSX.Element {
  const urgency = urgencyOf(oldestMs, timeoutMs);
  return (
    <span class={`wait-bar wait-${urgency}`}>
      <span class="track">
        <span style={{ width: `${Math.min(100, (oldestMs / timeoutMs) * 100)}%` }} />
      </span>
      <span class="wait-word">{WORDS[urgency]}</span>
    </span>
  );
}
