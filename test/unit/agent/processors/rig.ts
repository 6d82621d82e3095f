/** A sink processor behind its runner, on a memory channel, with a sink whose receiver takes or refuses as a test tells it. */
import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { type ProcessorCounters, processorCounters, sinkCounters } from '../../../../src/agent/component/counters.ts';
import type { ProcessorType, SinkProcessor } from '../../../../src/agent/processors/processor.ts';
import { SinkRunner } from '../../../../src/agent/runtime/sink-runner.ts';
import { finish, giveBack, type Sink, takeBatch } from '../../../../src/agent/sinks/sink.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { collectingLogger, type LoggedLine } from '../../../kit/log.ts';
import { configured, makeChannel } from '../channels/make.ts';
import { settle, textOf } from '../channels/use.ts';

/** The far side. */
export interface Receiver {
  takes: boolean;
  /** Whether deliveries wait, neither taken nor refused. */
  hangs: boolean;
  /** All that was delivered, in order. */
  readonly texts: string[];
  /** Attempts that were refused. */
  refused: number;
}

export interface ProcessorRig {
  readonly channel: Channel;
  readonly processor: SinkProcessor;
  readonly receiver: Receiver;
  readonly counters: ProcessorCounters;
  readonly clock: ManualClock;
  readonly lines: LoggedLine[];
  stop(): Promise<void>;
  /** Stops and forgets the channel too. */
  close(): Promise<void>;
}

/** A sink in batches of 10. */
function testSink(channel: Channel, receiver: Receiver): Sink {
  const counters = sinkCounters();
  return {
    start: async () => {},
    stop: async () => {},
    async process(signal) {
      const batch = takeBatch(channel, 10, counters);
      if (batch === undefined) return 'backoff';
      while (receiver.hangs && !signal.aborted) await settle();
      if (!receiver.takes) {
        receiver.refused++;
        giveBack(batch.transaction);
        throw new Error('refused');
      }
      receiver.texts.push(...batch.events.map((event) => textOf(event) ?? ''));
      await finish(batch, counters);
      return 'ready';
    },
  };
}

export async function processorRig(
  type: ProcessorType,
  properties: Record<string, string | number>,
  {
    capacity = 10_000,
    takes = true,
    sink = testSink,
  }: { readonly capacity?: number; readonly takes?: boolean; readonly sink?: typeof testSink } = {},
): Promise<ProcessorRig> {
  const clock = new ManualClock(0);
  const { log, lines } = collectingLogger();
  const channel = makeChannel(memory, { capacity, transactionCapacity: Math.min(capacity, 1000), 'keep-alive': 0 });
  await channel.start();
  const receiver: Receiver = { takes, hangs: false, texts: [], refused: 0 };
  const counters = processorCounters();
  const open = (own: Channel): Sink => sink(own, receiver);
  const sinks = [{ name: 'k1', channel, durable: false, open }];
  const processor = configured(type, properties, { name: 'k1', agent: 'a1', log, clock, counters, sinks });
  const runner = new SinkRunner({ name: 'k1', processor, clock, log });
  await runner.start();
  const stop = async (): Promise<void> => {
    let done = false;
    const stopped = runner.stop().finally(() => {
      done = true;
    });
    while (!done) {
      clock.advance(1000);
      await settle();
    }
    await stopped;
  };
  let stopping: Promise<void> | undefined;
  const once = (): Promise<void> => {
    stopping ??= stop();
    return stopping;
  };
  const close = async (): Promise<void> => {
    await once();
    await channel.stop();
  };
  return { channel, processor, receiver, counters, clock, lines, stop: once, close };
}
