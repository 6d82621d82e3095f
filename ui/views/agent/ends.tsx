/** Where events come into an agent and leave it: its sources, its sinks with the processors of their groups. */
import type { ComponentChildren, JSX } from 'preact';
import type { AgentComponent } from '../../data/types.ts';
import type { CounterRate } from '../../data/use-counter-rates.ts';
import { count, rate as rateText } from '../../format/number.ts';
import { Empty, Mark, Panel } from '../../parts/panel.tsx';
import { SortedTable } from '../../parts/sorted-table.tsx';
import type { Column } from '../../parts/table.tsx';
import type { Look } from '../../parts/verdict.ts';

const LOOKS = {
  starting: { icon: 'hourglass', tone: 'warn', word: 'not started' },
  running: { icon: 'check', tone: 'good', word: 'running' },
  failing: { icon: 'alert', tone: 'bad', word: 'failing' },
  waiting: { icon: 'hourglass', tone: 'warn', word: 'waits for room' },
} as const satisfies Record<string, Look>;

interface SourcesProps {
  readonly sources: readonly AgentComponent[];
  readonly rate: CounterRate;
}

/** The panel of sources. */
export function Sources({ rate, sources }: SourcesProps): JSX.Element {
  const columns: readonly Column<AgentComponent>[] = [
    { key: 'name', title: 'Source', sortBy: ({ name }) => name, cell: nameAndType },
    // A channel has not taken a batch in the last seconds: the source tries again.
    {
      key: 'state',
      title: 'State',
      cell: (one) => <State component={one} isHeld={(rate(one, 'ChannelWriteFail') ?? 0) > 0} />,
    },
    { key: 'place', title: 'Reads', class: 'wrap', cell: ({ place }) => place ?? '–' },
    {
      key: 'interceptors',
      title: 'Interceptors',
      class: 'wrap',
      cell: ({ interceptors }) => interceptors.join(', ') || '–',
    },
    { key: 'channels', title: 'Into', cell: channelsOf },
    {
      key: 'rate',
      title: 'Events',
      isNumber: true,
      sortBy: (one) => rate(one, 'EventAcceptedCount'),
      cell: (one) => rateText(rate(one, 'EventAcceptedCount')),
    },
    number('all', 'In all', 'EventAcceptedCount'),
    {
      key: 'connections',
      title: 'Connections',
      isNumber: true,
      cell: ({ counters }) => count(counters['OpenConnectionCount']),
    },
    {
      key: 'failed',
      title: 'Failed',
      isNumber: true,
      cell: ({ counters }) => count(failuresOf(counters, SOURCE_FAILURES)),
    },
  ];
  return (
    <Panel title={`Sources (${sources.length})`}>
      <SortedTable
        name="sources"
        label="Sources"
        columns={columns}
        rows={sources}
        keyOf={({ name }) => name}
        empty="The agent has no sources."
      />
      <Problems components={sources} />
    </Panel>
  );
}

const SOURCE_FAILURES = ['EventReadFail', 'ChannelWriteFail', 'GenericProcessingFail'];
const SINK_FAILURES = ['ConnectionFailedCount', 'EventWriteFail', 'ChannelReadFail'];

interface SinksProps {
  readonly sinks: readonly AgentComponent[];
  readonly rate: CounterRate;
}

/** The panel of sinks. */
export function Sinks({ rate, sinks }: SinksProps): JSX.Element {
  const columns: readonly Column<AgentComponent>[] = [
    { key: 'name', title: 'Sink', sortBy: ({ name }) => name, cell: nameAndType },
    { key: 'state', title: 'State', cell: (one) => <State component={one} isHeld={false} /> },
    { key: 'place', title: 'To', class: 'wrap', cell: ({ place }) => place ?? '–' },
    { key: 'channels', title: 'From', cell: channelsOf },
    {
      key: 'group',
      title: 'Group',
      cell: ({ group, kind }) => (kind === 'processor' ? 'a processor' : (group ?? '–')),
    },
    {
      key: 'rate',
      title: 'Events',
      isNumber: true,
      sortBy: (one) => rate(one, 'EventDrainSuccessCount'),
      cell: (one) => rateText(rate(one, 'EventDrainSuccessCount')),
    },
    number('all', 'In all', 'EventDrainSuccessCount'),
    {
      key: 'open',
      title: 'On the way',
      isNumber: true,
      cell: ({ counters }) => count(onTheWay(counters['EventDrainAttemptCount'], counters['EventDrainSuccessCount'])),
    },
    {
      key: 'failed',
      title: 'Failed',
      isNumber: true,
      cell: ({ counters }) => count(failuresOf(counters, SINK_FAILURES)),
    },
  ];
  return (
    <Panel title={`Sinks (${sinks.filter(({ kind }) => kind === 'sink').length})`}>
      {sinks.length === 0 ? (
        <Empty>The agent has no sinks.</Empty>
      ) : (
        <SortedTable
          name="sinks"
          label="Sinks"
          columns={columns}
          rows={sinks}
          keyOf={({ kind, name }) => `${kind} ${name}`}
        />
      )}
      <Problems components={sinks} />
    </Panel>
  );
}

/** Taken and not delivered: a batch that has failed was counted as tried, so that this is an upper bound. */
function onTheWay(tried: number | undefined, delivered: number | undefined): number | undefined {
  return tried === undefined || delivered === undefined ? undefined : Math.max(0, tried - delivered);
}

function number(key: string, title: string, counter: string): Column<AgentComponent> {
  return {
    ...{ key, title, isNumber: true },
    sortBy: ({ counters }) => counters[counter] ?? null,
    cell: ({ counters }) => count(counters[counter]),
  };
}

function failuresOf(counters: AgentComponent['counters'], names: readonly string[]): number | undefined {
  const own = names.map((name) => counters[name]).filter((value) => value !== undefined);
  return own.length === 0 ? undefined : own.reduce((sum, value) => sum + value, 0);
}

/** The name of a component, and what it is. */
export function nameAndType({ name, type }: AgentComponent): ComponentChildren {
  return (
    <>
      <strong>{name}</strong> <span class="site">{type}</span>
    </>
  );
}

function channelsOf({ channels }: AgentComponent): string {
  return channels.join(', ') || '–';
}

/** In a word. */
export function State({
  component,
  isHeld,
}: {
  readonly component: AgentComponent;
  readonly isHeld: boolean;
}): JSX.Element {
  return <Mark look={LOOKS[isHeld && component.state === 'running' ? 'waiting' : component.state]} />;
}

/** Why components do not start, or fail. */
export function Problems({ components }: { readonly components: readonly AgentComponent[] }): JSX.Element {
  const own = components.filter(({ kind, problem }) => problem !== null && kind !== 'processor');
  return (
    <>
      {own.map(({ name, problem }) => (
        <p key={name} class="failure">
          <strong>{name}</strong> <span class="error-text">{problem}</span>
        </p>
      ))}
    </>
  );
}
