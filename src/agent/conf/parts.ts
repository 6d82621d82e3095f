/** The channels, sources and sinks of an agent, each read from its own properties. */
import { nearest, type Registry } from '../../core/registry.ts';
import type { Channel, ChannelContext } from '../channels/channel.ts';
import { channels as channelTypes } from '../channels/index.ts';
import type { ComponentType, Configured, OwnTypes } from '../component/component-type.ts';
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
import type { Surroundings } from './lookups.ts';
import { notHere } from './not-here.ts';
import { withTlsGlobals } from './tls-globals.ts';

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

/** What components are read from. */
export interface PartsIn {
  readonly agent: string;
  readonly settings: Settings;
  readonly problems: Problems;
  /** The names that the agent lists. */
  readonly names: Readonly<Record<Kind, readonly string[]>>;
  /** Components of the user's that the file names. */
  readonly own: OwnTypes;
  /** Where what all components have in common comes from. */
  readonly given: Surroundings;
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
  readonly #ownTypes: OwnTypes;
  readonly #given: Surroundings;

  constructor({ agent, given, settings, problems, names, own }: PartsIn) {
    this.#agent = agent;
    this.#settings = settings;
    this.#problems = problems;
    this.#names = names;
    this.#ownTypes = own;
    this.#given = given;
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
      { kind: 'interceptor', prefix: 'interceptors', types: interceptorTypes, refused: notHere('interceptors') },
      own,
      {
        owner: `source ${source}`,
        problems: this.#problems,
        own: this.#ownTypes,
      },
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
      own: this.#ownTypes,
      listedAt: undefined,
    });
  }

  #component<C, I>(kind: Kind, name: string, types: Registry<ComponentType<C, I>>): Configured<C, I> | undefined {
    const owner = `${kind.slice(0, -1)} ${name}`;
    const own = this.#own(kind, name);
    const { settings, told } = withTlsGlobals(own, types.find(own.get('type')?.value ?? '')?.fields ?? {}, this.#given);
    const read = readTyped(this.#problems, {
      owner,
      settings,
      common: COMMON[kind],
      types,
      own: this.#ownTypes,
      refused: notHere(kind),
      flume: { unknown: 'ends at its start, with exit code 0', none: leftOut(owner) },
      listedAt: this.#settings.get(kind)?.line,
    });
    if (read === undefined && told !== undefined)
      this.#problems.warn(own.get('type')?.line, `${owner} has properties from outside of the file: ${told}`);
    return read;
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
