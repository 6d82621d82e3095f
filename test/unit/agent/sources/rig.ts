/** A source on a memory channel, and what it has put there. */

import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { type SourceCounters, sourceCounters } from '../../../../src/agent/component/counters.ts';
import { ChannelProcessor } from '../../../../src/agent/runtime/channel-processor.ts';
import type { Source, SourceType } from '../../../../src/agent/sources/source.ts';
import { type Clock, systemClock } from '../../../../src/core/clock.ts';
import type { PlainEvent } from '../../../../src/core/event.ts';
import { type Logger, silentLogger } from '../../../../src/core/log.ts';
import { configured, makeChannel } from '../channels/make.ts';

export interface Rig {
  readonly source: Source;
  readonly channel: Channel;
  readonly counters: SourceCounters;
  readonly errors: string[];
  readonly warnings: string[];
  readonly infos: string[];
  takeAll(): Promise<PlainEvent[]>;
  texts(): Promise<string[]>;
  /** Waits for `count` events, however many batches they come in. */
  next(count: number): Promise<string[]>;
}

export async function rig(
  type: SourceType,
  properties: Record<string, string | number | boolean>,
  { capacity = 100_000, clock = systemClock }: { capacity?: number; clock?: Clock } = {},
): Promise<Rig> {
  const channel = makeChannel(memory, { capacity, transactionCapacity: Math.min(capacity, 10_000), 'keep-alive': 0 });
  await channel.start();
  const counters = sourceCounters();
  const errors: string[] = [];
  const warnings: string[] = [];
  const infos: string[] = [];
  const log: Logger = {
    ...silentLogger,
    error: (_facts, message) => errors.push(message),
    warn: (_facts, message) => warnings.push(message),
    info: (_facts, message) => infos.push(message),
  };
  const processor = new ChannelProcessor({
    interceptors: [],
    selector: () => ({ required: [channel], optional: [] }),
    channels: [channel],
    log,
  });
  const source = configured(type, properties, { name: 'r1', log, clock, counters, processor });
  const takeAll = async (): Promise<PlainEvent[]> => {
    const transaction = channel.transaction();
    transaction.begin();
    const events: PlainEvent[] = [];
    while (events.length < channel.transactionCapacity) {
      const event = transaction.take();
      if (event === undefined) break;
      events.push(event);
    }
    await transaction.commit();
    transaction.close();
    return events;
  };
  const texts = async (): Promise<string[]> => (await takeAll()).map(({ body }) => Buffer.from(body).toString());
  const next = async (count: number): Promise<string[]> => {
    const all: string[] = [];
    while (all.length < count) {
      await channel.available(Number.POSITIVE_INFINITY);
      all.push(...(await texts()));
    }
    return all;
  };
  return { source, channel, counters, errors, warnings, infos, takeAll, texts, next };
}
