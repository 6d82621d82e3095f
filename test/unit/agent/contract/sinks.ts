/** What every sink promises: it gives back what it could not deliver, stands being called when there is nothing to do, and stops. */
import { expect, it } from 'vitest';
import type { Channel, Transaction } from '../../../../src/agent/channels/channel.ts';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { type SinkCounters, sinkCounters } from '../../../../src/agent/component/counters.ts';
import type { Sink, SinkContext, SinkType } from '../../../../src/agent/sinks/sink.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { configured, makeChannel } from '../channels/make.ts';
import { put, take } from '../channels/use.ts';
import { declarationContract, type Properties } from './declarations.ts';
import { endsWithin } from './entries.ts';

/** How a sink is made for its contract. */
export interface SinkFixture {
  readonly properties: () => Properties;
  /** What in its surroundings makes a delivery fail; without it only the channel's commit does, which is tried for all. */
  readonly failing?: () => Partial<SinkContext>;
}

interface Rig {
  readonly sink: Sink;
  readonly channel: Channel;
  readonly counters: SinkCounters;
}

async function open(type: SinkType, properties: Properties, changed: Partial<SinkContext> = {}): Promise<Rig> {
  const channel = makeChannel(memory, { 'keep-alive': 0 });
  await channel.start();
  const counters = sinkCounters();
  const context = { name: 'k1', log: silentLogger, clock: systemClock, counters, channel: uncommitting(channel) };
  const own = Object.keys(changed).length === 0 ? context : { ...context, channel };
  return { sink: configured(type, properties, { ...own, ...changed }), channel, counters };
}

/** The channel with transactions that do not commit. */
function uncommitting(channel: Channel): Channel {
  return {
    start: () => channel.start(),
    stop: () => channel.stop(),
    available: (timeoutMs, signal) => channel.available(timeoutMs, signal),
    whenEmpty: (signal) => channel.whenEmpty(signal),
    transactionCapacity: channel.transactionCapacity,
    get size() {
      return channel.size;
    },
    transaction(): Transaction {
      const inner = channel.transaction();
      return {
        get state() {
          return inner.state;
        },
        begin: () => inner.begin(),
        put: (event) => inner.put(event),
        take: () => inner.take(),
        rollback: () => inner.rollback(),
        close: () => inner.close(),
        commit: async () => {
          throw new Error('the channel does not commit');
        },
      };
    },
  };
}

/** Lets the sink try once; a sink that waits for somebody else is told to stop after a moment. */
async function attempt({ sink }: Rig, stop: AbortController): Promise<void> {
  const work = sink.process(stop.signal).catch(() => {});
  if (!(await endsWithin(work, 200))) stop.abort();
  expect(await endsWithin(work)).toBe(true);
}

export function sinkContract(type: SinkType, { properties, failing }: SinkFixture): void {
  declarationContract(type, properties, true);

  const failures = [{}, ...(failing === undefined ? [] : [failing])];
  it.each(failures.map((failure, i) => [i === 0 ? 'a failed commit' : 'a failed delivery', failure]))(
    'gives events back after %s',
    async (_what, failure) => {
      const rig = await open(type, properties(), typeof failure === 'function' ? failure() : {});
      await rig.sink.start();
      await put(rig.channel, 'a', 'b');
      await attempt(rig, new AbortController());
      expect(await endsWithin(rig.sink.stop())).toBe(true);
      expect(rig.counters.EventDrainSuccessCount).toBe(0);
      expect(take(rig.channel, 3).texts).toEqual(['a', 'b']);
    },
  );

  it('stands being called when there is nothing to do, and takes nothing then', async () => {
    const rig = await open(type, properties());
    await rig.sink.start();
    await rig.sink.idle?.();
    await attempt(rig, new AbortController());
    await put(rig.channel, 'a');
    const due = await rig.sink.idle?.();
    if (due !== undefined) expect(due).toBeGreaterThanOrEqual(0);
    expect(rig.channel.size).toBe(1);
    expect(await endsWithin(rig.sink.stop())).toBe(true);
    expect(take(rig.channel, 2).texts).toEqual(['a']);
  });

  it('stops when it was never started, and twice', async () => {
    const unstarted = await open(type, properties());
    expect(await endsWithin(unstarted.sink.stop())).toBe(true);
    const rig = await open(type, properties());
    await rig.sink.start();
    expect(await endsWithin(Promise.all([rig.sink.stop(), rig.sink.stop()]))).toBe(true);
  });

  it('comes to an end when it is told to stop in the middle of its work', async () => {
    const rig = await open(type, properties());
    await rig.sink.start();
    await put(rig.channel, 'a');
    const stop = new AbortController();
    const work = rig.sink.process(stop.signal).catch(() => {});
    stop.abort();
    expect(await endsWithin(Promise.all([work, rig.sink.stop()]))).toBe(true);
  });
}
