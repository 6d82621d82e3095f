/**
 * A flume.conf: `<agent>.sources|channels|sinks` lists and `<agent>.<kind>.<name>.<property>`. Everything that is wrong is
 * collected with its line. Unlike Flume, which leaves a bad component out and starts the rest, a file with an error is refused.
 */
import { nearest, type Registry } from '../../core/registry.ts';
import type { Reliability } from '../../core/reliability.ts';
import type { Channel, ChannelContext } from '../channels/channel.ts';
import { channels as channelTypes } from '../channels/index.ts';
import type { ComponentType, Configured } from '../component/component-type.ts';
import { readNestedList } from '../component/nested.ts';
import { Problems } from '../component/problems.ts';
import type { Setting, Settings } from '../component/settings.ts';
import { below, lineOf } from '../component/settings.ts';
import { readTyped } from '../component/typed.ts';
import { interceptors as interceptorTypes } from '../interceptors/index.ts';
import type { Interceptor, InterceptorContext } from '../interceptors/interceptor.ts';
import { selectors as selectorTypes } from '../selectors/index.ts';
import type { Selector, SelectorContext } from '../selectors/selector.ts';
import { sinks as sinkTypes } from '../sinks/index.ts';
import { sources as sourceTypes } from '../sources/index.ts';
import type { AgentConf, ChannelConf, SinkConf, SinkGroupConf, SourceConf } from './agent-conf.ts';
import { checkBatch, checkUse, warnOfUnlisted } from './cross-checks.ts';
import { checkLevel, type Level, readLevel } from './level.ts';
import { type Property, parseProperties } from './properties.ts';
import { checkResources, type Owned } from './resources.ts';
import { ownGroups, readSinkGroups } from './sink-groups.ts';
import { substitute } from './substitute.ts';

const KINDS = ['sources', 'channels', 'sinks'] as const;
type Kind = (typeof KINDS)[number];
const NOT_YET = ['configfilters'];
/** What an agent has beside its components. */
const FURTHER = ['sinkgroups', 'reliability'];
/** Properties that belong to every component of a kind, beside its type's own. */
const COMMON: Readonly<Record<Kind, readonly RegExp[]>> = {
  sources: [/^type$/, /^channels$/, /^interceptors(\..*)?$/, /^selector\..*$/],
  channels: [/^type$/],
  sinks: [/^type$/, /^channel$/],
};

/**
 * Reads a file's text.
 * @param text the file
 * @param file its path, for `file:line`
 * @param name the agent
 * @param env where `${env:X}` comes from
 * @param asked the level of reliability that the caller wants, for a file that says none
 * @returns the agent, or undefined when there are errors; and everything that was found
 * @example
 * const { conf, problems } = readFlumeConf(text, 'flume.conf', 'a1', process.env);
 * problems.throwIfAny();
 */
export function readFlumeConf(
  text: string,
  file: string,
  name: string,
  env: Readonly<Record<string, string | undefined>>,
  asked?: Reliability | undefined,
): { readonly conf: AgentConf | undefined; readonly problems: Problems } {
  const problems = new Problems(file);
  const parsed = parseProperties(text);
  for (const { line, message } of parsed.errors) problems.error(line, message);
  for (const { key, line, by } of parsed.duplicates)
    problems.warn(line, `${key} is given again in line ${by}, which counts`);
  const reader = new ConfReader(name, resolve(parsed.entries, name, env, problems), problems, asked);
  const conf = reader.read(parsed.entries);
  return { conf: problems.errors.length > 0 ? undefined : conf, problems };
}

/** The agent's own properties with their variables put in; those of other agents in the file are none of our business. */
function resolve(
  entries: ReadonlyMap<string, Property>,
  agent: string,
  env: Readonly<Record<string, string | undefined>>,
  problems: Problems,
): Map<string, Setting> {
  const own = new Map<string, Setting>();
  const substituted = substitute(entries, env);
  for (const [key, { line }] of entries) {
    if (!key.startsWith(`${agent}.`)) continue;
    const result = substituted.get(key);
    for (const message of result?.errors ?? []) problems.error(line, `${key}: ${message}`);
    own.set(key.slice(agent.length + 1), { key, value: result?.value ?? '', line });
  }
  return own;
}

class ConfReader {
  readonly #agent: string;
  readonly #asked: Reliability | undefined;
  readonly #settings: Settings;
  readonly #problems: Problems;
  readonly #names: Readonly<Record<Kind, readonly string[]>>;

  constructor(agent: string, settings: Settings, problems: Problems, asked: Reliability | undefined) {
    this.#agent = agent;
    this.#asked = asked;
    this.#settings = settings;
    this.#problems = problems;
    this.#names = { sources: this.#list('sources'), channels: this.#list('channels'), sinks: this.#list('sinks') };
  }

  read(entries: ReadonlyMap<string, Property>): AgentConf | undefined {
    if (!this.#hasAgent(entries)) return undefined;
    this.#checkKeys();
    const channels = this.#names.channels.flatMap((name) => this.#channel(name));
    const byName = new Map(channels.map((conf) => [conf.name, conf.channel]));
    const sources = this.#names.sources.flatMap((name) => this.#source(name, byName));
    const sinks = this.#names.sinks.flatMap((name) => this.#sink(name, byName));
    if (this.#names.channels.length === 0)
      this.#problems.error(
        undefined,
        `agent ${this.#agent} has no channels: expected ${this.#agent}.channels = NAME …`,
      );
    if (this.#names.sources.length + this.#names.sinks.length === 0)
      this.#problems.error(undefined, `agent ${this.#agent} has no sources and no sinks`);
    const level = readLevel(this.#problems, this.#settings, this.#asked);
    const groups = this.#groups(channels, sinks, level);
    checkResources(this.#problems, owned({ sources, channels, sinks, groups }));
    // A component that is wrong is missing here, which is no further news.
    if (this.#problems.errors.length === 0) checkUse(this.#problems, this.#settings, { channels, sources, sinks });
    return { name: this.#agent, channels, sources, sinks, groups, reliability: level?.level };
  }

  #groups(channels: readonly ChannelConf[], sinks: readonly SinkConf[], level: Level | undefined): SinkGroupConf[] {
    const given = {
      agent: this.#agent,
      settings: this.#settings,
      problems: this.#problems,
      sinks: this.#names.sinks,
    };
    const groups = readSinkGroups(given);
    if (level !== undefined) checkLevel(this.#problems, level, { ...given, channels, sinks, groups });
    return [...groups, ...ownGroups(given, sinks, groups, channels, level?.level)];
  }

  #hasAgent(entries: ReadonlyMap<string, Property>): boolean {
    if (this.#settings.size > 0) return true;
    const agents = [...new Set([...entries.keys()].map((key) => key.split('.')[0] ?? ''))];
    const others = agents.length === 0 ? 'the file is empty' : `the file has: ${agents.join(', ')}`;
    this.#problems.error(undefined, `there is no agent named ${this.#agent}; ${others}`);
    return false;
  }

  /** Keys that belong to nothing: unknown kinds, components that are not listed, what is not supported yet. */
  #checkKeys(): void {
    const known = [...KINDS, ...NOT_YET, ...FURTHER];
    for (const [key, { line, key: whole }] of this.#settings) {
      const [kind = '', name] = key.split('.');
      if (NOT_YET.includes(kind)) {
        this.#problems.error(line, `${whole}: ${kind} are not supported yet`);
        continue;
      }
      const listed = KINDS.find((known) => known === kind);
      if (listed === undefined) {
        if (FURTHER.includes(kind)) continue;
        const near = nearest(kind, known);
        this.#problems.error(
          line,
          `${whole}: ${kind} is unknown, expected one of ${KINDS.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`,
        );
      } else if (name !== undefined && !this.#names[listed].includes(name)) {
        const near = nearest(name, this.#names[listed]);
        this.#problems.warn(
          line,
          `${whole} is ignored: ${name} is not in ${this.#agent}.${kind}${near === undefined ? '' : `; did you mean ${near}?`}`,
        );
      }
    }
  }

  #list(kind: Kind): readonly string[] {
    const names = (this.#settings.get(kind)?.value ?? '').split(/\s+/).filter((name) => name !== '');
    for (const name of names) {
      if (name.includes('.'))
        this.#problems.error(
          this.#settings.get(kind)?.line,
          `${this.#agent}.${kind}: the name ${name} must not have a dot`,
        );
    }
    return [...new Set(names)];
  }

  #channel(name: string): ChannelConf[] {
    const channel = this.#component('channels', name, channelTypes);
    return channel === undefined ? [] : [{ name, channel }];
  }

  #source(name: string, channels: ReadonlyMap<string, Configured<ChannelContext, Channel>>): SourceConf[] {
    const own = this.#own('sources', name);
    const setting = own.get('channels');
    const wanted = (setting?.value ?? '').split(/\s+/).filter((channel) => channel !== '');
    if (wanted.length === 0) {
      this.#problems.error(
        setting?.line ?? lineOf(own),
        `source ${name} has no channels: expected ${this.#agent}.sources.${name}.channels = NAME …`,
      );
    }
    for (const channel of wanted) this.#requireChannel(`source ${name}`, channel, setting?.line);
    const interceptors = this.#interceptors(name, own);
    const selector = this.#selector(name, own, wanted);
    const source = this.#component('sources', name, sourceTypes);
    if (source === undefined || selector === undefined || interceptors === undefined) return [];
    for (const channel of wanted) checkBatch(this.#problems, `source ${name}`, source, channel, channels.get(channel));
    return [{ name, channels: [...new Set(wanted)], source, interceptors, selector }];
  }

  #sink(name: string, channels: ReadonlyMap<string, Configured<ChannelContext, Channel>>): SinkConf[] {
    const own = this.#own('sinks', name);
    const setting = own.get('channel');
    const channel = setting?.value ?? '';
    if (channel === '')
      this.#problems.error(
        lineOf(own),
        `sink ${name} has no channel: expected ${this.#agent}.sinks.${name}.channel = NAME`,
      );
    else this.#requireChannel(`sink ${name}`, channel, setting?.line);
    const sink = this.#component('sinks', name, sinkTypes);
    if (sink === undefined) return [];
    checkBatch(this.#problems, `sink ${name}`, sink, channel, channels.get(channel));
    return [{ name, channel, sink }];
  }

  #interceptors(source: string, own: Settings): Configured<InterceptorContext, Interceptor>[] | undefined {
    const names = (own.get('interceptors')?.value ?? '').split(/\s+/).filter((name) => name !== '');
    warnOfUnlisted(this.#problems, below(own, 'interceptors.'), names, `the interceptors of source ${source}`);
    return readNestedList(
      { kind: 'interceptor', prefix: 'interceptors', types: interceptorTypes },
      own,
      `source ${source}`,
      this.#problems,
    );
  }

  #selector(
    source: string,
    own: Settings,
    channels: readonly string[],
  ): Configured<SelectorContext, Selector> | undefined {
    const settings = new Map(below(own, 'selector.'));
    for (const [key, { line, value }] of settings) {
      if (!/^(?:optional|default|(?:mapping|optional)\..+)$/.test(key)) continue;
      for (const name of value.split(/\s+/).filter((channel) => channel !== '' && !channels.includes(channel))) {
        this.#problems.error(
          line,
          `selector.${key} names the channel ${name}, which is not one of the channels of source ${source}`,
        );
      }
    }
    const line = lineOf(own);
    if (!settings.has('type')) settings.set('type', { key: 'selector.type', value: 'replicating', line: line ?? 0 });
    return readTyped(this.#problems, {
      owner: `selector of source ${source}`,
      settings,
      common: [/^type$/],
      types: selectorTypes,
      listedAt: undefined,
    });
  }

  #component<C, I>(kind: Kind, name: string, types: Registry<ComponentType<C, I>>): Configured<C, I> | undefined {
    return readTyped(this.#problems, {
      owner: `${kind.slice(0, -1)} ${name}`,
      settings: this.#own(kind, name),
      common: COMMON[kind],
      types,
      listedAt: this.#settings.get(kind)?.line,
    });
  }

  #own(kind: Kind, name: string): Settings {
    return below(this.#settings, `${kind}.${name}.`);
  }

  #requireChannel(owner: string, channel: string, line: number | undefined): void {
    if (this.#names.channels.includes(channel)) return;
    const near = nearest(channel, this.#names.channels);
    const known =
      this.#names.channels.length === 0 ? 'there are none' : `known channels: ${this.#names.channels.join(', ')}`;
    this.#problems.error(
      line,
      `${owner}: there is no channel ${channel}, ${known}${near === undefined ? '' : `; did you mean ${near}?`}`,
    );
  }
}

/** All components of an agent that may take something of the machine, in the order of their kinds. */
function owned({ sources, channels, sinks, groups }: Omit<AgentConf, 'name' | 'reliability'>): Owned[] {
  return [
    ...sources.map(({ name, source }) => ({ owner: `source ${name}`, part: source })),
    ...channels.map(({ name, channel }) => ({ owner: `channel ${name}`, part: channel })),
    ...sinks.map(({ name, sink }) => ({ owner: `sink ${name}`, part: sink })),
    ...groups.map(({ name, processor }) => ({ owner: `the processor of ${name}`, part: processor })),
  ];
}
