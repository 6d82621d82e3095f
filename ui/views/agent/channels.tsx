/** The channels of an agent: how full each is, what comes in and what leaves. */
import type { JSX } from 'preact';
import { fillUrgency, percent, shareOf } from '../../data/fill.ts';
import type { AgentComponent } from '../../data/types.ts';
import type { CounterRate } from '../../data/use-counter-rates.ts';
import { count, rate as rateText, size } from '../../format/number.ts';
import { Panel } from '../../parts/panel.tsx';
import { SortedTable } from '../../parts/sorted-table.tsx';
import type { Column } from '../../parts/table.tsx';
import { nameAndType, Problems, State } from './ends.tsx';

const WORDS = { calm: '', soon: 'fills up', late: 'nearly full' } as const;

interface ChannelsProps {
  readonly channels: readonly AgentComponent[];
  readonly rate: CounterRate;
}

/** The panel. */
export function Channels({ channels, rate }: ChannelsProps): JSX.Element {
  const columns: readonly Column<AgentComponent>[] = [
    { key: 'name', title: 'Channel', sortBy: ({ name }) => name, cell: nameAndType },
    { key: 'state', title: 'State', cell: (one) => <State component={one} isHeld={false} /> },
    {
      key: 'events',
      title: 'Events',
      isNumber: true,
      sortBy: ({ counters }) => counters['ChannelSize'] ?? null,
      cell: ({ counters }) => count(counters['ChannelSize']),
    },
    { key: 'capacity', title: 'Of', isNumber: true, cell: ({ counters }) => count(counters['ChannelCapacity']) },
    { key: 'fill', title: 'Fill', class: 'wait', sortBy: fillOf, cell: (channel) => <Fill channel={channel} /> },
    { key: 'bytes', title: 'Bytes', isNumber: true, cell: bytesText },
    { key: 'in', title: 'In', isNumber: true, cell: (one) => rateText(rate(one, 'EventPutSuccessCount')) },
    { key: 'out', title: 'Out', isNumber: true, cell: (one) => rateText(rate(one, 'EventTakeSuccessCount')) },
    { key: 'dropped', title: 'Dropped', isNumber: true, cell: ({ counters }) => count(counters['EventDropCount']) },
  ];
  return (
    <Panel title={`Channels (${channels.length})`}>
      <SortedTable
        name="channels"
        label="Channels"
        columns={columns}
        rows={channels}
        keyOf={({ name }) => name}
        empty="The agent has no channels."
      />
      <Problems components={channels} />
    </Panel>
  );
}

/** Of its events or its bytes: the bound that is reached first is the one that counts. */
function fillOf({ bytes, counters }: AgentComponent): number | null {
  const ofEvents = shareOf(counters['ChannelSize'] ?? 0, counters['ChannelCapacity'] ?? null);
  const ofBytes = bytes === null ? null : shareOf(bytes.held, bytes.capacity);
  return ofEvents === null || (ofBytes !== null && ofBytes > ofEvents) ? ofBytes : ofEvents;
}

function Fill({ channel }: { readonly channel: AgentComponent }): JSX.Element {
  const share = fillOf(channel);
  const urgency = fillUrgency(share);
  return (
    <span class={`wait-bar fill-bar wait-${urgency}`}>
      <span class="track" aria-hidden="true">
        <span style={{ width: `${(share ?? 0) * 100}%` }} />
      </span>
      <span class="wait-word">
        {percent(share)} {share === 1 ? 'full' : WORDS[urgency]}
      </span>
    </span>
  );
}

function bytesText({ bytes }: AgentComponent): string {
  if (bytes === null) return '–';
  return bytes.capacity === null ? size(bytes.held) : `${size(bytes.held)} of ${size(bytes.capacity)}`;
}
