/** The channels, sources and sinks of an agent, each read from its own properties. */
import { nearest, type Registry } from '../../core/registry.ts';
import type { Channel, ChannelContext } from '../channels/channel.ts';
import { channels as channelTypes } from '../channels/index.ts';
import type { ComponentType, Configured } from '../component/component-type.ts';
import { readNestedList } from '../component/nested.ts';
import type { Problems } from '../component/problems.ts';
import type { Settings } from '../component/settings.ts';
import { below, lineOf } from '../component/settings.ts';
import { readTyped } from '../component/typed.ts';
import { interceptors as interceptorTypes } from '../interceptors/index.ts';
import type { Interceptor, InterceptorContext } from '../interceptors/interceptor.ts';
import { selectors as selectorTypes } from '../selectors/index.ts';
import type { Selector, SelectorContext } from '../selectors/selector.ts';
import { sinks as sinkTypes } from '../sinks/index.ts';
import { sources as sourceTypes } from '../sources/index.ts';
import type { ChannelConf, SinkConf, SourceConf } from './agent-conf.ts';
import { checkBatch, warnOfUnlisted } from './cross-checks.ts';

/** The kinds of components that an agent lists. */
export const KINDS = ['sources', 'channels', 'sinks'] as const;
/** One of them. */
export type Kind = (typeof KINDS)[number];

/** Properties that belong to every component of a kind, beside its type's own. */
const COMMON: Readonly<Record<Kind, readonly RegExp[]>> = {
  sources: [/^type$/, /^channels$/, /^interceptors(\..*)?$/, /^selector\..*$/],
  channels: [/^type$/],
  sinks: [/^type$/, /^channel$/],
};

const NO_ASYNC_HBASE =
  'its client is one for HBase 1; use hbase2 with rest = URL: SimpleHBase2EventSerializer has the properties of SimpleAsyncHbaseEventSerializer; timeout is callTimeout, and async.* is left out';

/** Types that Flume has and that are not to come, by their names in small letters, each with what to do instead. */
const REFUSED: Readonly<Partial<Record<Kind, Readonly<Record<string, string>>>>> = {
  sinks: {
    asynchbase: NO_ASYNC_HBASE,
    'org.apache.flume.sink.hbase.asynchbasesink': NO_ASYNC_HBASE,
  },
};

/** What components are read from. */
export interface PartsIn {
  readonly agent: string;
  readonly settings: Settings;
  readonly problems: Problems;
  /** The names that the agent lists. */
  readonly names: Readonly<Record<Kind, readonly string[]>>;
}

function leftOut(owner: string): string {
  return `leaves ${owner} out and starts the rest`;
}

/** Reads components one by one; what is wrong with them goes to the problems, and a list is empty then. */
export class PartReader {
  readonly #agent: string;
  readonly #settings: Settings;
  readonly #problems: Problems;
  readonly #names: Readonly<Record<Kind, readonly string[]>>;

  constructor({ agent, settings, problems, names }: PartsIn) {
    this.#agent = agent;
    this.#settings = settings;
    this.#problems = problems;
    this.#names = names;
  }

  /** A channel. */
  channel(name: string): ChannelConf[] {
    const channel = this.#component('channels', name, channelTypes);
    return channel === undefined ? [] : [{ name, channel }];
  }

  /** A source with its interceptors and its selector. @param channels those that were read */
  source(name: string, channels: ReadonlyMap<string, Configured<ChannelContext, Channel>>): SourceConf[] {
    const own = this.#own('sources', name);
    const setting = own.get('channels');
    const wanted = (setting?.value ?? '').split(/\s+/).filter((channel) => channel !== '');
    if (wanted.length === 0) {
      this.#problems.error(
        setting?.line ?? lineOf(own),
        `source ${name} has no channels: expected ${this.#agent}.sources.${name}.channels = NAME …`,
        leftOut(`source ${name}`),
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

  /** A sink. @param channels those that were read */
  sink(name: string, channels: ReadonlyMap<string, Configured<ChannelContext, Channel>>): SinkConf[] {
    const own = this.#own('sinks', name);
    const setting = own.get('channel');
    const channel = setting?.value ?? '';
    if (channel === '')
      this.#problems.error(
        lineOf(own),
        `sink ${name} has no channel: expected ${this.#agent}.sinks.${name}.channel = NAME`,
        leftOut(`sink ${name}`),
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
      refused: REFUSED[kind] ?? {},
      flume: { unknown: 'ends at its start, with exit code 0', none: leftOut(`${kind.slice(0, -1)} ${name}`) },
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
      owner.startsWith('source') ? `leaves ${owner} out, unless it has another channel` : leftOut(owner),
    );
  }
}
