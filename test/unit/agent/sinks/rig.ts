/** A sink on a memory channel behind its runner, with a clock to turn, and an Avro server that answers as a test tells it. */

import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { type SinkCounters, sinkCounters } from '../../../../src/agent/component/counters.ts';
import { defaultProcessor } from '../../../../src/agent/processors/default.ts';
import { SinkRunner } from '../../../../src/agent/runtime/sink-runner.ts';
import type { Sink, SinkType } from '../../../../src/agent/sinks/sink.ts';
import { decodeEvents, encodeStatus, type FlumeStatus, flumeProtocol } from '../../../../src/avro/protocols/flume.ts';
import type { RpcRequest } from '../../../../src/avro/rpc-request.ts';
import { AvroRpcServer } from '../../../../src/avro/server.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import type { Files } from '../../../../src/core/files.ts';
import { type Logger, silentLogger } from '../../../../src/core/log.ts';
import { configured, makeChannel } from '../channels/make.ts';
import { settle } from '../channels/use.ts';

export interface SinkRig {
  readonly sink: Sink;
  readonly channel: Channel;
  readonly counters: SinkCounters;
  readonly clock: ManualClock;
  readonly lines: string[];
  stop(): Promise<void>;
}

export async function sinkRig(
  type: SinkType,
  properties: Record<string, string | number | boolean>,
  bounds: Record<string, number> = { capacity: 10_000, transactionCapacity: 1000, 'keep-alive': 0 },
  files?: Files,
): Promise<SinkRig> {
  const clock = new ManualClock(0);
  const channel = makeChannel(memory, bounds);
  await channel.start();
  const counters = sinkCounters();
  const lines: string[] = [];
  const keep = (_facts: object, message: string): void => {
    lines.push(message);
  };
  const log: Logger = { ...silentLogger, info: keep, warn: keep, error: keep };
  const sink = configured(type, properties, {
    name: 'k1',
    log,
    clock,
    counters,
    channel,
    ...(files === undefined ? {} : { files }),
  });
  const runner = new SinkRunner({ name: 'k1', processor: defaultProcessor(sink, channel), clock, log });
  await runner.start();
  return { sink, channel, counters, clock, lines, stop: () => runner.stop() };
}

export interface Peer {
  readonly port: number;
  readonly server: AvroRpcServer;
  /** Requests that wait for an answer, in the order they came. */
  readonly waiting: { texts: string[]; answer(status: FlumeStatus): void; request: RpcRequest }[];
  close(): Promise<void>;
}

/** `pipeline` 1: a peer that takes one request at a time, as Flume. */
export async function avroPeer(pipeline: number, port = 0): Promise<Peer> {
  const waiting: Peer['waiting'] = [];
  const server = await AvroRpcServer.listen({
    host: '127.0.0.1',
    port,
    protocol: flumeProtocol,
    owner: 'test',
    pipeline,
    onRequest: (request) => {
      const texts = decodeEvents('appendBatch', request.params)
        .toArray()
        .map((event) => event.text());
      waiting.push({ texts, request, answer: (status) => request.reply(encodeStatus(status)) });
    },
  });
  return { port: server.address.port, server, waiting, close: () => server.close() };
}

/** Waits until `condition` holds; the test's own time limit ends it when it never does. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await settle();
}
