/** Makes the components of an agent from its configuration and joins them: channels, the sinks behind their processors, sources. */
import type { Clock } from '../../core/clock.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { Channel } from '../channels/channel.ts';
import {
  type ChannelCounters,
  channelCounters,
  processorCounters,
  sinkCounters,
  sourceCounters,
} from '../component/counters.ts';
import type { AgentConf, ChannelConf, SinkConf, SinkGroupConf, SourceConf } from '../conf/agent-conf.ts';
import type { GroupSink, SinkProcessor } from '../processors/processor.ts';
import type { Sink } from '../sinks/sink.ts';
import type { Source } from '../sources/source.ts';
import { ChannelProcessor, type ChannelProcessorParts } from './channel-processor.ts';
import { type Kept, NOTHING_KEPT } from './plan.ts';
import { SinkRunner } from './sink-runner.ts';

/** The components of an agent, made and joined; nothing is started. */
export interface Topology {
  readonly channels: ReadonlyMap<string, Channel>;
  readonly sources: ReadonlyMap<string, Source>;
  readonly sinks: ReadonlyMap<string, Sink>;
  /** By group. */
  readonly processors: ReadonlyMap<string, SinkProcessor>;
  readonly runners: ReadonlyMap<string, SinkRunner>;
  /** The ways of the sources into their channels. */
  readonly ways: ReadonlyMap<string, ChannelProcessor>;
  /** What ways that were kept are to get, once their channels are there. */
  readonly rewired: ReadonlyMap<ChannelProcessor, ChannelProcessorParts>;
  readonly channelCounters: ReadonlyMap<Channel, ChannelCounters>;
  /** By component, e.g. `SOURCE.r1`; each is read when it is asked for. */
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What all components are given. */
export interface Surroundings {
  readonly log: Logger;
  readonly clock: Clock;
}

/** The components that there are, and which of them stay. */
export interface Before {
  readonly topology: Topology;
  readonly kept: Kept;
}

/** Makes all components but those that stay; nothing is opened or started yet. */
export function buildTopology(conf: AgentConf, surroundings: Surroundings, before?: Before): Topology {
  return new Builder(conf, surroundings, before).build();
}

class Builder {
  readonly #conf: AgentConf;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #before: Topology | undefined;
  readonly #kept: Kept;
  readonly #counters: Record<string, Readonly<Record<string, number>>> = {};
  readonly #channelCounters = new Map<Channel, ChannelCounters>();
  readonly #ways = new Map<string, ChannelProcessor>();
  readonly #rewired = new Map<ChannelProcessor, ChannelProcessorParts>();

  constructor(conf: AgentConf, { log, clock }: Surroundings, before: Before | undefined) {
    this.#conf = conf;
    this.#log = log;
    this.#clock = clock;
    this.#before = before?.topology;
    this.#kept = before?.kept ?? NOTHING_KEPT;
  }

  build(): Topology {
    const channels = new Map(this.#conf.channels.map((conf) => [conf.name, this.#channel(conf)]));
    const sinks = new Map<string, Sink>();
    const processors = new Map<string, SinkProcessor>();
    const runners = new Map<string, SinkRunner>();
    for (const group of this.#conf.groups) {
      const { name } = group;
      const kept = this.#kept.groups.has(name) ? this.#before?.runners.get(name) : undefined;
      const processor =
        kept === undefined ? this.#makeProcessor(group, channels, sinks) : required(this.#before?.processors, name);
      processors.set(name, processor);
      runners.set(name, kept ?? new SinkRunner({ name, processor, clock: this.#clock, log: this.#log }));
      if (kept !== undefined) this.#keepGroup(group, sinks);
    }
    const sources = new Map(this.#conf.sources.map((conf) => [conf.name, this.#source(conf, channels)]));
    const [counters, channelCounters] = [this.#counters, this.#channelCounters];
    const [ways, rewired] = [this.#ways, this.#rewired];
    return { channels, sources, sinks, processors, runners, ways, rewired, channelCounters, counters };
  }

  #channel({ name, channel }: ChannelConf): Channel {
    const kept = this.#kept.channels.has(name) ? this.#before?.channels.get(name) : undefined;
    const counters = (kept && this.#before?.channelCounters.get(kept)) ?? channelCounters();
    this.#track(`CHANNEL.${name}`, counters);
    const made = kept ?? channel.create({ name, log: this.#log, clock: this.#clock, counters });
    this.#channelCounters.set(made, counters);
    return made;
  }

  #keepGroup({ name, sinks }: SinkGroupConf, made: Map<string, Sink>): void {
    this.#keepCounters(`PROCESSOR.${name}`);
    for (const sink of sinks) {
      this.#keepCounters(`SINK.${sink}`);
      made.set(sink, required(this.#before?.sinks, sink));
    }
  }

  #keepCounters(name: string): void {
    const counters = this.#before?.counters[name];
    if (counters !== undefined) this.#counters[name] = counters;
  }

  #makeProcessor(
    { name, sinks: members, processor }: SinkGroupConf,
    channels: ReadonlyMap<string, Channel>,
    made: Map<string, Sink>,
  ): SinkProcessor {
    const counters = processorCounters();
    // The default processor has nothing to count.
    if (processor.type !== 'default') this.#track(`PROCESSOR.${name}`, counters);
    const sinks = this.#conf.sinks
      .filter((sink) => members.includes(sink.name))
      .map((sink) => this.#groupSink(sink, channels, made));
    return processor.create({ name, agent: this.#conf.name, log: this.#log, clock: this.#clock, counters, sinks });
  }

  #groupSink(conf: SinkConf, channels: ReadonlyMap<string, Channel>, made: Map<string, Sink>): GroupSink {
    const { name, channel: own, sink } = conf;
    return {
      name,
      channel: required(channels, own),
      durable: this.#conf.channels.find((channel) => channel.name === own)?.channel.limits.durable === true,
      open: (channel) => {
        const counters = sinkCounters();
        this.#track(`SINK.${name}`, counters);
        const opened = sink.create({ name, log: this.#log, clock: this.#clock, counters, channel });
        made.set(name, opened);
        return opened;
      },
    };
  }

  #source(conf: SourceConf, channels: ReadonlyMap<string, Channel>): Source {
    const { name } = conf;
    const kept = this.#kept.sources.has(name) ? this.#before?.sources.get(name) : undefined;
    if (kept === undefined) return this.#makeSource(conf, channels);
    this.#keepCounters(`SOURCE.${name}`);
    const way = required(this.#before?.ways, name);
    this.#ways.set(name, way);
    if (this.#kept.rewired.has(name)) this.#rewired.set(way, this.#wayOf(conf, channels));
    return kept;
  }

  #makeSource(conf: SourceConf, channels: ReadonlyMap<string, Channel>): Source {
    const { name } = conf;
    const counters = sourceCounters();
    this.#track(`SOURCE.${name}`, counters);
    const processor = new ChannelProcessor(this.#wayOf(conf, channels));
    this.#ways.set(name, processor);
    return conf.source.create({ name, log: this.#log, clock: this.#clock, counters, processor });
  }

  #wayOf(conf: SourceConf, channels: ReadonlyMap<string, Channel>): ChannelProcessorParts {
    const own = new Map(conf.channels.map((channel) => [channel, required(channels, channel)]));
    return {
      interceptors: conf.interceptors.map((interceptor) => interceptor.create({ clock: this.#clock, log: this.#log })),
      selector: conf.selector.create({ channels: own }),
      channels: [...own.values()],
      log: this.#log,
      dropping: this.#conf.reliability === 'best-effort',
      onDrop: (channel, events) => {
        const dropped = this.#channelCounters.get(channel);
        if (dropped !== undefined) dropped.EventDropCount += events;
      },
    };
  }

  #track<T extends object>(name: string, counters: T & { readonly [K in keyof T]: number }): void {
    this.#counters[name] = counters;
  }
}

function required<T>(map: ReadonlyMap<string, T> | undefined, name: string): T {
  const value = map?.get(name);
  // Validation has made sure that it is there.
  if (value === undefined) throw new StreamjobError('CONFIG_INVALID', `there is no component ${name}`);
  return value;
}
