/** What the components of an agent are at, worked out when somebody looks. */
import type { AgentInspection, ComponentInspection, FileProgress } from '../../core/agent-inspection.ts';
import type { Resolved } from '../component/resolved.ts';
import type { AgentConf, SinkConf, SinkGroupConf, SourceConf } from '../conf/agent-conf.ts';
import type { PartKind } from './plan.ts';
import type { Topology } from './topology.ts';

/** Whether a part of the agent runs, and why it does not start. */
export interface PartState {
  readonly isStarted: boolean;
  readonly problem: string | undefined;
}

/** A source may read very many: those with the most left to read are told one by one. */
const MOST_FILES = 100;

const NOTHING = {
  ...{ channels: [], group: undefined, interceptors: [], selector: undefined },
  ...{ files: [], filesInAll: 0, bytes: undefined },
} as const;

/** @param stateOf of a source or a channel by its name, of a sink by that of its group */
export function inspectionOf(
  conf: AgentConf,
  topology: Topology,
  stateOf: (kind: PartKind, name: string) => PartState,
): AgentInspection {
  const countersOf = (kind: string, name: string): Readonly<Record<string, number>> => ({
    ...topology.counters[`${kind}.${name}`],
  });
  const channels = conf.channels.map(({ channel, name }): ComponentInspection => {
    const { type } = channel;
    const common = { kind: 'channel', name, type, place: undefined, counters: countersOf('CHANNEL', name) } as const;
    return {
      ...NOTHING,
      ...common,
      ...stateFields(stateOf('channel', name)),
      bytes: topology.channels.get(name)?.bytes,
    };
  });
  return {
    name: conf.name,
    components: [
      ...conf.sources.map((source) => sourceFields(source, topology, stateOf('source', source.name))),
      ...channels,
      ...conf.groups.flatMap((group) => groupFields(group, conf, topology, stateOf('sink', group.name))),
    ],
  };
}

function sourceFields(
  { channels, interceptors, name, selector, source }: SourceConf,
  { counters, sources }: Topology,
  state: PartState,
): ComponentInspection {
  const made = sources.get(name);
  const files = made?.files?.() ?? [];
  return {
    ...NOTHING,
    ...{ kind: 'source', name, type: source.type, channels },
    ...stateFields(state),
    place: addressText(made?.address) ?? placeOf(source.resolved),
    interceptors: interceptors.map(({ type }) => type),
    selector: selector.type,
    counters: { ...counters[`SOURCE.${name}`] },
    files: [...files].sort((a, b) => leftOf(b) - leftOf(a)).slice(0, MOST_FILES),
    filesInAll: files.length,
  };
}

/** The processor of a group, where the file has one, and its sinks: what the processor is at, they are. */
function groupFields(
  { name, processor, sinks }: SinkGroupConf,
  conf: AgentConf,
  { counters, runners, sinks: made }: Topology,
  state: PartState,
): ComponentInspection[] {
  const isOwn = processor.type !== 'default' || sinks.length !== 1 || sinks[0] !== name;
  const common = { ...NOTHING, ...stateFields(state, runners.get(name)?.problem) };
  const members = conf.sinks.filter((sink) => sinks.includes(sink.name));
  const sinkFields = ({ channel, name: own, sink }: SinkConf): ComponentInspection => ({
    ...common,
    ...{ kind: 'sink', name: own, type: sink.type, channels: [channel], group: isOwn ? name : undefined },
    place: addressText(made.get(own)?.address) ?? placeOf(sink.resolved),
    counters: { ...counters[`SINK.${own}`] },
  });
  if (!isOwn) return members.map(sinkFields);
  const own = { kind: 'processor', name, type: processor.type, place: undefined } as const;
  return [{ ...common, ...own, counters: { ...counters[`PROCESSOR.${name}`] } }, ...members.map(sinkFields)];
}

function stateFields(
  { isStarted, problem }: PartState,
  failing?: string | undefined,
): Pick<ComponentInspection, 'state' | 'problem'> {
  if (!isStarted) return { state: 'starting', problem };
  return failing === undefined ? { state: 'running', problem } : { state: 'failing', problem: failing };
}

function addressText(address: { readonly host: string; readonly port: number } | undefined): string | undefined {
  return address === undefined ? undefined : `${address.host}:${address.port}`;
}

/** Properties that say where a component reads or sends. No others: a URL or a command may hold a password. */
const DIRECTORIES = ['spoolDir', 'sink.directory', 'hdfs.path'];

function placeOf({ values }: Resolved): string | undefined {
  const host = values['hostname'] ?? values['bind'] ?? values['host'];
  const { port } = values;
  if (typeof host === 'string' && typeof port === 'number') return `${host}:${port}`;
  const directory = DIRECTORIES.map((name) => values[name]).find((value) => typeof value === 'string');
  return typeof directory === 'string' ? directory : undefined;
}

function leftOf({ position, size }: FileProgress): number {
  return size - position;
}
