/** What of a running agent stays when its file has changed: only what has changed is stopped and started. */
import type { Configured } from '../component/component-type.ts';
import { changedProperties } from '../component/resolved.ts';
import type { AgentConf, SinkConf, SinkGroupConf, SourceConf } from '../conf/agent-conf.ts';

/** The names of what stays. */
export interface Kept {
  readonly channels: ReadonlySet<string>;
  /** Of these channels, those that get other values while they run. */
  readonly adapted: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly sources: ReadonlySet<string>;
  /** Of these sources, those that get other interceptors, another selector or other channels; they hold while these are replaced. */
  readonly rewired: ReadonlySet<string>;
}

/** Nothing stays. */
export const NOTHING_KEPT: Kept = {
  channels: new Set(),
  adapted: new Set(),
  groups: new Set(),
  sources: new Set(),
  rewired: new Set(),
};

/** The kinds of what runs. */
export type PartKind = 'channel' | 'sink' | 'source';

/**
 * Compares an agent with what is to become of it.
 * @param runs whether a part of the agent before has been started: what has not is made anew
 */
export function keptOf(before: AgentConf, after: AgentConf, runs: (kind: PartKind, name: string) => boolean): Kept {
  const channels = new Set<string>();
  const adapted = new Set<string>();
  for (const { name, channel } of after.channels) {
    const old = before.channels.find((each) => each.name === name)?.channel;
    if (old === undefined || !runs('channel', name)) continue;
    if (isSame(old, channel)) channels.add(name);
    else if (channel.adapt !== undefined && old.type === channel.type) {
      channels.add(name);
      adapted.add(name);
    }
  }
  const groups = after.groups.filter((group) => {
    const old = before.groups.find(({ name }) => name === group.name);
    return old !== undefined && runs('sink', group.name) && isSameGroup(before, old, after, group, channels);
  });
  const sources = new Set<string>();
  const rewired = new Set<string>();
  const drops = (conf: AgentConf): boolean => conf.reliability === 'best-effort';
  for (const conf of after.sources) {
    const old = before.sources.find(({ name }) => name === conf.name);
    if (old === undefined || !runs('source', conf.name) || !isSame(old.source, conf.source)) continue;
    sources.add(conf.name);
    const isWiredSame = isSameWay(old, conf) && conf.channels.every((channel) => channels.has(channel));
    if (!isWiredSame || drops(before) !== drops(after)) rewired.add(conf.name);
  }
  return { channels, adapted, groups: new Set(groups.map(({ name }) => name)), sources, rewired };
}

function isSame(
  a: Pick<Configured<never, unknown>, 'resolved'>,
  b: Pick<Configured<never, unknown>, 'resolved'>,
): boolean {
  return changedProperties(a.resolved, b.resolved).length === 0;
}

function isSameWay(a: SourceConf, b: SourceConf): boolean {
  return (
    a.channels.join() === b.channels.join() &&
    isSame(a.selector, b.selector) &&
    a.interceptors.length === b.interceptors.length &&
    a.interceptors.every((interceptor, i) => {
      const other = b.interceptors[i];
      return other !== undefined && isSame(interceptor, other);
    })
  );
}

function isSameGroup(
  before: AgentConf,
  old: SinkGroupConf,
  after: AgentConf,
  group: SinkGroupConf,
  channels: ReadonlySet<string>,
): boolean {
  if (!isSame(old.processor, group.processor) || old.sinks.join() !== group.sinks.join()) return false;
  const sinkOf = (conf: AgentConf, sink: string): SinkConf | undefined => conf.sinks.find(({ name }) => name === sink);
  return group.sinks.every((name) => {
    const [a, b] = [sinkOf(before, name), sinkOf(after, name)];
    return (
      a !== undefined && b !== undefined && isSame(a.sink, b.sink) && a.channel === b.channel && channels.has(b.channel)
    );
  });
}

/** Whether all parts of an agent are kept. */
export function isAll({ channels, groups, sources }: AgentConf, kept: Kept): boolean {
  return (
    channels.every(({ name }) => kept.channels.has(name)) &&
    groups.every(({ name }) => kept.groups.has(name)) &&
    sources.every(({ name }) => kept.sources.has(name))
  );
}
