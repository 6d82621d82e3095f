/** An agent as its flume.conf describes it, with every property read and checked. */

import type { Reliability } from '../../core/reliability.ts';
import type { Channel, ChannelContext } from '../channels/channel.ts';
import type { Configured } from '../component/component-type.ts';
import type { Interceptor, InterceptorContext } from '../interceptors/interceptor.ts';
import type { ProcessorContext, SinkProcessor } from '../processors/processor.ts';
import type { Selector, SelectorContext } from '../selectors/selector.ts';
import type { Sink, SinkContext } from '../sinks/sink.ts';
import type { Source, SourceContext } from '../sources/source.ts';

/** A source of an agent. */
export interface SourceConf {
  readonly name: string;
  readonly channels: readonly string[];
  readonly source: Configured<SourceContext, Source>;
  readonly interceptors: readonly Configured<InterceptorContext, Interceptor>[];
  readonly selector: Configured<SelectorContext, Selector>;
}

/** A sink of an agent. */
export interface SinkConf {
  readonly name: string;
  readonly channel: string;
  readonly sink: Configured<SinkContext, Sink>;
}

/** A channel of an agent. */
export interface ChannelConf {
  readonly name: string;
  readonly channel: Configured<ChannelContext, Channel>;
}

/** Sinks that one processor drives. */
export interface SinkGroupConf {
  /** The group's name, or the sink's when it is in none. */
  readonly name: string;
  readonly sinks: readonly string[];
  readonly processor: Configured<ProcessorContext, SinkProcessor>;
  /** The line of its processor, if the file has one. */
  readonly line: number | undefined;
}

/** An agent whose file is right. */
export interface AgentConf {
  readonly name: string;
  readonly channels: readonly ChannelConf[];
  readonly sources: readonly SourceConf[];
  readonly sinks: readonly SinkConf[];
  /** Every sink is in exactly one of them. */
  readonly groups: readonly SinkGroupConf[];
  /** The level that was asked for, if one was. */
  readonly reliability: Reliability | undefined;
}
