/// <reference types="node" preserve="true" />
/** The door `streamjob/agent`: the embedded agent, components of one's own, and the client that sends events to any Avro source. */

export type { Channel, ChannelContext, Transaction, TransactionState } from './agent/channels/channel.ts';
export type { EventValidator } from './agent/channels/file/integrity/index.ts';
export { putAll } from './agent/channels/put-all.ts';
export type { Charset } from './agent/component/charset/charset.ts';
export type { Complain } from './agent/component/component.ts';
export type { LevelGiven, Limits, Resource } from './agent/component/component-type.ts';
export type { ChannelCounters, SinkCounters, SourceCounters } from './agent/component/counters.ts';
export {
  bool,
  charset,
  choice,
  type Field,
  type Fields,
  int,
  map,
  names,
  port,
  regex,
  text,
  type Values,
} from './agent/component/fields.ts';
export type { EmbeddedProperties } from './agent/embedded/configuration.ts';
export { EmbeddedAgent, type EmbeddedAgentOptions } from './agent/embedded/embedded-agent.ts';
export type { Interceptor, InterceptorContext } from './agent/interceptors/interceptor.ts';
export {
  defineChannel,
  defineInterceptor,
  defineSelector,
  defineSerializer,
  defineSink,
  defineSource,
  type OwnChannel,
  type OwnDeclaration,
  type OwnInterceptor,
  type OwnSelector,
  type OwnSerializer,
  type OwnSink,
  type OwnSource,
} from './agent/own/define.ts';
export type { RpcClientOptions } from './agent/rpc-client/options.ts';
export { RpcClient } from './agent/rpc-client.ts';
export { Agent } from './agent/runtime/agent.ts';
export type { AgentOptions } from './agent/runtime/agent-options.ts';
export type { Selection, Selector, SelectorContext } from './agent/selectors/selector.ts';
export type { FileSerializer, Serializer, SerializerContext } from './agent/serializers/serializer.ts';
export {
  type Batch,
  finish,
  giveBack,
  type Sink,
  type SinkContext,
  type SinkStatus,
  takeBatch,
} from './agent/sinks/sink.ts';
export { deliver, type Retry, type Source, type SourceChannels, type SourceContext } from './agent/sources/source.ts';
export type { ClientTls } from './avro/layers.ts';
export { type Clock, ManualClock, sleep, systemClock, type Timer } from './core/clock.ts';
export { type ErrorCode, StreamjobError } from './core/errors.ts';
export type { EventInit, PlainEvent } from './core/event.ts';
export { type Log, type Logger, silentLogger } from './core/log.ts';
export type { Reliability } from './core/reliability.ts';
