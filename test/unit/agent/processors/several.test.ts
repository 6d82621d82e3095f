/** Groups of several sinks: who delivers, who is left alone and how long, and who comes back. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { processorCounters, sinkCounters } from '../../../../src/agent/component/counters.ts';
import { failover } from '../../../../src/agent/processors/failover.ts';
import { loadBalance } from '../../../../src/agent/processors/load-balance.ts';
import type { ProcessorType, SinkProcessor } from '../../../../src/agent/processors/processor.ts';
import { finish, giveBack, type Sink, takeBatch } from '../../../../src/agent/sinks/sink.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { collectingLogger } from '../../../kit/log.ts';
import { configured, makeChannel } from '../channels/make.ts';
import { put } from '../channels/use.ts';

interface Far {
  takes: boolean;
  /** Events that it took. */
  taken: number;
  /** Attempts. */
  asked: number;
  isStarted: boolean;
}

interface Group {
  readonly processor: SinkProcessor;
  readonly channel: Channel;
  readonly clock: ManualClock;
  readonly far: Readonly<Record<string, Far>>;
  readonly lines: ReturnType<typeof collectingLogger>['lines'];
  /** Puts an event, and lets the group process once. @returns what it said, or the message of its error */
  one(): Promise<string>;
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A sink that takes an event at a time. */
function sinkOf(far: Far, channel: Channel): Sink {
  const counters = sinkCounters();
  return {
    start: async () => {
      far.isStarted = true;
    },
    stop: async () => {
      far.isStarted = false;
    },
    async process() {
      far.asked++;
      const batch = takeBatch(channel, 1, counters);
      if (batch === undefined) return 'backoff';
      if (!far.takes) {
        giveBack(batch.transaction);
        throw new Error('refused');
      }
      far.taken += batch.events.length;
      await finish(batch, counters);
      return 'ready';
    },
  };
}

async function group(
  type: ProcessorType,
  properties: Record<string, string | number>,
  names = 's1 s2 s3',
): Promise<Group> {
  const clock = new ManualClock(0);
  const { log, lines } = collectingLogger();
  const channel = makeChannel(memory, { capacity: 1000, 'keep-alive': 0 });
  await channel.start();
  const far: Record<string, Far> = {};
  const sinks = names.split(' ').map((name) => {
    const own: Far = { takes: true, taken: 0, asked: 0, isStarted: false };
    far[name] = own;
    return { name, channel, durable: false, open: (of: Channel) => sinkOf(own, of) };
  });
  const counters = processorCounters();
  const processor = configured(type, properties, { name: 'g1', agent: 'a1', log, clock, counters, sinks });
  await processor.start();
  open.push(async () => {
    await processor.stop();
    await channel.stop();
  });
  const { signal } = new AbortController();
  const one = async (): Promise<string> => {
    await put(channel, 'x');
    return await processor.process(signal).catch((error: Error) => error.message);
  };
  return { processor, channel, clock, far, lines, one };
}

const taken = ({ far }: Group): number[] => Object.values(far).map((each) => each.taken);

describe('failover', () => {
  const PRIORITIES = { 'priority.s1': 1, 'priority.s2': 3, 'priority.s3': 2 };

  it('gives all to the sink of the highest priority, and to the next one when it fails', async () => {
    const rig = await group(failover, PRIORITIES);
    for (let i = 0; i < 5; i++) expect(await rig.one()).toBe('ready');
    expect(taken(rig)).toEqual([0, 5, 0]);
    (rig.far['s2'] as Far).takes = false;
    for (let i = 0; i < 5; i++) expect(await rig.one()).toBe('ready');
    expect(taken(rig)).toEqual([0, 5, 5]);
    expect(rig.far['s2']?.asked).toBe(6);
  });

  it('tries one that has failed again when its penalty is over, which doubles, and gives it all again once it delivers', async () => {
    const rig = await group(failover, { ...PRIORITIES, maxpenalty: 5000 });
    const first = rig.far['s2'] as Far;
    first.takes = false;
    await rig.one();
    const triedAfter: number[] = [];
    for (let before = first.asked, since = 0; triedAfter.length < 4; ) {
      rig.clock.advance(500);
      since += 500;
      await rig.one();
      if (first.asked === before) continue;
      triedAfter.push(since);
      [before, since] = [first.asked, 0];
    }
    expect(triedAfter).toEqual([2000, 4000, 5000, 5000]);
    first.takes = true;
    rig.clock.advance(5000);
    const before = first.taken;
    for (let i = 0; i < 3; i++) await rig.one();
    expect(first.taken).toBe(before + 3);
    expect(rig.lines.some(({ message }) => message === 'sink s2 delivers again')).toBe(true);
  });

  it('fails with the last reason when all have failed, keeps the events, and says so while none is to be tried', async () => {
    const rig = await group(failover, PRIORITIES);
    for (const far of Object.values(rig.far)) far.takes = false;
    expect(await rig.one()).toBe('refused');
    expect(await rig.one()).toContain('all sinks of the group g1 have failed');
    expect(rig.channel.size).toBe(2);
    for (const far of Object.values(rig.far)) far.takes = true;
    rig.clock.advance(2000);
    expect(await rig.one()).toBe('ready');
  });

  it('does not punish a sink that has nothing to deliver', async () => {
    const rig = await group(failover, PRIORITIES);
    expect(await rig.processor.process(new AbortController().signal)).toBe('backoff');
    expect(await rig.one()).toBe('ready');
    expect(taken(rig)).toEqual([0, 1, 0]);
  });

  it('puts sinks without a priority behind, in their order, and tells of a priority of no sink', async () => {
    const rig = await group(failover, { 'priority.s3': 0, 'priority.s4': 9 });
    await rig.one();
    for (const name of ['s3', 's1'] as const) {
      (rig.far[name] as Far).takes = false;
      await rig.one();
    }
    expect(taken(rig)).toEqual([1, 1, 1]);
    expect(rig.lines.some(({ level, message }) => level === 'warn' && message.includes('s4'))).toBe(true);
  });
});

describe('load_balance', () => {
  it.each([
    [{ s2: false }, 300, [100, 0, 200]],
    [{ s1: false, s3: false }, 10, [0, 10, 0]],
    [{}, 9, [3, 3, 3]],
  ])(
    'lets sinks take turns, and the one after a sink that fails take its share: %j',
    async (fails, events, expected) => {
      const rig = await group(loadBalance, {});
      for (const name of Object.keys(fails)) (rig.far[name] as Far).takes = false;
      for (let i = 0; i < events; i++) expect(await rig.one()).toBe('ready');
      expect(taken(rig)).toEqual(expected);
    },
  );

  it('draws sinks, and asks no more than it needs', async () => {
    const rig = await group(loadBalance, { selector: 'random' });
    (rig.far['s2'] as Far).takes = false;
    for (let i = 0; i < 300; i++) expect(await rig.one()).toBe('ready');
    const [first = 0, second, third = 0] = taken(rig);
    expect([first + third, second]).toEqual([300, 0]);
    expect(Math.min(first, third)).toBeGreaterThan(50);
  });

  it('with backoff leaves out who has failed, twice as long each time, and takes it in again', async () => {
    const rig = await group(loadBalance, { backoff: 'true', 'selector.maxTimeOut': 4000 });
    const second = rig.far['s2'] as Far;
    second.takes = false;
    for (let i = 0; i < 30; i++) await rig.one();
    expect(second.asked).toBe(1);
    for (const ms of [2000, 4000, 4000]) {
      const before = second.asked;
      rig.clock.advance(ms);
      for (let i = 0; i < 3; i++) await rig.one();
      expect(second.asked).toBe(before);
      rig.clock.advance(1);
      for (let i = 0; i < 3; i++) await rig.one();
      expect(second.asked).toBe(before + 1);
    }
    second.takes = true;
    rig.clock.advance(4001);
    for (let i = 0; i < 3; i++) await rig.one();
    expect(second.taken).toBe(1);
  });

  it('fails when all have failed, and while all are left out, and keeps the events', async () => {
    const rig = await group(loadBalance, { backoff: 'true' });
    for (const far of Object.values(rig.far)) far.takes = false;
    expect(await rig.one()).toBe('refused');
    expect(await rig.one()).toContain('left out for a while');
    expect(rig.channel.size).toBe(2);
  });
});

describe('a group of several sinks', () => {
  it('starts none when one cannot start, stops all, and hears of each channel', async () => {
    const rig = await group(failover, {});
    expect(Object.values(rig.far).every(({ isStarted }) => isStarted)).toBe(true);
    await rig.processor.stop();
    expect(Object.values(rig.far).some(({ isStarted }) => isStarted)).toBe(false);
    const { signal } = new AbortController();
    expect(await rig.processor.available(0, signal)).toBe(false);
    await put(rig.channel, 'x');
    expect(await rig.processor.available(0, signal)).toBe(true);
  });
});
