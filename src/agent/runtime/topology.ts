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
import type { AgentConf, SinkConf, SinkGroupConf, SourceConf } from '../conf/agent-conf.ts';
import type { GroupSink, SinkProcessor } from '../processors/processor.ts';
import type { Sink } from '../sinks/sink.ts';
import type { Source } from '../sources/source.ts';
import { ChannelProcessor } from './channel-processor.ts';
import { SinkRunner } from './sink-runner.ts';

/** The components of an agent, made and joined; nothing is started. */
export interface Topology {
  readonly channels: ReadonlyMap<string, Channel>;
  readonly sources: ReadonlyMap<string, Source>;
  readonly sinks: ReadonlyMap<string, Sink>;
  readonly processors: readonly SinkProcessor[];
  readonly runners: ReadonlyMap<string, SinkRunner>;
  /** By component, e.g. `SOURCE.r1`; each is read when it is asked for. */
  readonly counters: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What all components are given. */
export interface Surroundings {
  readonly log: Logger;
  readonly clock: Clock;
}

/** Makes all components; nothing is opened or started yet. */
export function buildTopology(conf: AgentConf, surroundings: Surroundings): Topology {
  return new Builder(conf, surroundings).build();
}

class Builder {
  readonly #conf: AgentConf;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #counters: Record<string, Readonly<Record<string, number>>> = {};
  readonly #channelCounters = new Map<Channel, ChannelCounters>();

  constructor(conf: AgentConf, { log, clock }: Surroundings) {
    this.#conf = conf;
    this.#log = log;
    this.#clock = clock;
  }

  build(): Topology {
    const channels = new Map<string, Channel>();
    for (const { name, channel } of this.#conf.channels) {
      const counters = channelCounters();
      this.#track(`CHANNEL.${name}`, counters);
      const made = channel.create({ name, log: this.#log, clock: this.#clock, counters });
      this.#channelCounters.set(made, counters);
      channels.set(name, made);
    }
    const sinks = new Map<string, Sink>();
    const made = this.#conf.groups.map((group) => ({
      name: group.name,
      processor: this.#makeProcessor(group, channels, sinks),
    }));
    const runners = new Map(
      made.map((part) => [part.name, new SinkRunner({ ...part, clock: this.#clock, log: this.#log })]),
    );
    const sources = new Map(this.#conf.sources.map((conf) => [conf.name, this.#makeSource(conf, channels)]));
    const processors = made.map(({ processor }) => processor);
    return { channels, sources, sinks, processors, runners, counters: this.#counters };
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

  #makeSource(conf: SourceConf, channels: ReadonlyMap<string, Channel>): Source {
    const { name } = conf;
    const counters = sourceCounters();
    this.#track(`SOURCE.${name}`, counters);
    const own = new Map(conf.channels.map((channel) => [channel, required(channels, channel)]));
    const processor = new ChannelProcessor({
      interceptors: conf.interceptors.map((interceptor) => interceptor.create({ clock: this.#clock, log: this.#log })),
      selector: conf.selector.create({ channels: own }),
      channels: [...own.values()],
      log: this.#log,
      dropping: this.#conf.reliability === 'best-effort',
      onDrop: (channel, events) => {
        const dropped = this.#channelCounters.get(channel);
        if (dropped !== undefined) dropped.EventDropCount += events;
      },
    });
    return conf.source.create({ name, log: this.#log, clock: this.#clock, counters, processor });
  }

  #track<T extends object>(name: string, counters: T & { readonly [K in keyof T]: number }): void {
    this.#counters[name] = counters;
  }
}

function required<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  // Validation has made sure that it is there.
  if (value === undefined) throw new StreamjobError('CONFIG_INVALID', `there is no component ${name}`);
  return value;
}
