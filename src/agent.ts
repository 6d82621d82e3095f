/// <reference types="node" preserve="true" />
/** The door `streamjob/agent`: the embedded agent, and the client that sends events to any Avro source. */

export type { EventValidator } from './agent/channels/file/integrity/index.ts';
export type { EmbeddedProperties } from './agent/embedded/configuration.ts';
export { EmbeddedAgent, type EmbeddedAgentOptions } from './agent/embedded/embedded-agent.ts';
export type { RpcClientOptions } from './agent/rpc-client/options.ts';
export { RpcClient } from './agent/rpc-client.ts';
export { Agent } from './agent/runtime/agent.ts';
export type { AgentOptions } from './agent/runtime/agent-options.ts';
export type { ClientTls } from './avro/layers.ts';
export { type Clock, systemClock } from './core/clock.ts';
export { type ErrorCode, StreamjobError } from './core/errors.ts';
export type { EventInit, PlainEvent } from './core/event.ts';
export { type Log, type Logger, silentLogger } from './core/log.ts';
export type { Reliability } from './core/reliability.ts';
