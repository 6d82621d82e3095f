/** Cases of Flume's tests of sinks, their processors and the way to the channels that are steps in words, each under its id. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { processorCounters, sinkCounters } from '../../../../src/agent/component/counters.ts';
import { failover } from '../../../../src/agent/processors/failover.ts';
import { loadBalance } from '../../../../src/agent/processors/load-balance.ts';
import type { ProcessorType, SinkProcessor } from '../../../../src/agent/processors/processor.ts';
import { ChannelProcessor } from '../../../../src/agent/runtime/channel-processor.ts';
import { replicating } from '../../../../src/agent/selectors/replicating.ts';
import { fileRoll } from '../../../../src/agent/sinks/file-roll.ts';
import { formatEvent, logger } from '../../../../src/agent/sinks/logger.ts';
import { finish, giveBack, type Sink, takeBatch } from '../../../../src/agent/sinks/sink.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { configured, makeChannel } from '../channels/make.ts';
import { event, put, settle } from '../channels/use.ts';
import { sinkRig, until } from './rig.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function channelOf(properties: Record<string, number> = {}): Promise<Channel> {
  const channel = makeChannel(memory, { 'keep-alive': 0, ...properties });
  await channel.start();
  ends.push(() => channel.stop());
  return channel;
}

describe('TestRollingFileSink', () => {
  async function roll(properties: Record<string, string | number>) {
    const directory = path.join(ownDirectory(), 'rolled');
    const rig = await sinkRig(fileRoll, { 'sink.directory': directory, 'sink.batchSize': 1, ...properties });
    ends.push(() => rig.stop());
    for (let i = 0; i < 10; i++) {
      await put(rig.channel, `Test event ${i}`);
      await until(() => rig.counters.EventDrainSuccessCount === i + 1);
      rig.clock.advance(500);
      await settle();
    }
    const names = fs.readdirSync(directory).sort();
    const lines = names.flatMap((name) => fs.readFileSync(path.join(directory, name), 'utf8').split('\n').slice(0, -1));
    return { names, lines };
  }

  const LINES = Array.from({ length: 10 }, (_, i) => `Test event ${i}`);

  it('testrollingfilesink/testappend#495: an interval makes several files', async () => {
    const { lines, names } = await roll({ 'sink.rollInterval': 1 });
    expect(names.length).toBeGreaterThan(1);
    expect(lines.sort()).toEqual(LINES);
  });

  it('testrollingfilesink/testappend2#245: without one there is one file', async () => {
    const { lines, names } = await roll({ 'sink.rollInterval': 0 });
    expect([names.length, lines]).toEqual([1, LINES]);
  });

  it('testrollingfilesink/testappend3#246: its name has prefix and extension', async () => {
    const { names } = await roll({
      'sink.rollInterval': 0,
      'sink.pathManager.prefix': 'test3-',
      'sink.pathManager.extension': 'txt',
    });
    expect(names).toEqual([expect.stringMatching(/^test3-\d+-1\.txt$/)]);
  });

  it('testrollingfilesink/testrolltime#247: or the time of the roll', async () => {
    const { names } = await roll({
      'sink.rollInterval': 1,
      'sink.pathManager': 'rolltime',
      'sink.pathManager.prefix': 'test4-',
      'sink.pathManager.extension': 'txt',
    });
    expect(names.length).toBeGreaterThan(1);
    for (const name of names) expect(name).toMatch(/^test4-\d{14}-\d+\.txt$/);
  });

  it('testrollingfilesink/testtranscapbatchsizecompatibility#496: a batch that no transaction of the channel takes fails', async () => {
    const channel = await channelOf({ capacity: 50, transactionCapacity: 5 });
    await put(channel, ...LINES.slice(0, 5));
    await put(channel, ...LINES.slice(5));
    expect(() => takeBatch(channel, 1000, sinkCounters())).not.toThrow();
    // What was taken before the transaction was full is a batch; in a flume.conf such sizes are refused before the start.
    const { readFlumeConf } = await import('../../../../src/agent/conf/flume-conf.ts');
    const conf = [
      'a1.channels = c1',
      'a1.sinks = k1',
      'a1.channels.c1.type = memory',
      'a1.channels.c1.capacity = 50',
      'a1.channels.c1.transactionCapacity = 5',
      'a1.sinks.k1.type = file_roll',
      `a1.sinks.k1.sink.directory = ${ownDirectory()}`,
      'a1.sinks.k1.sink.batchSize = 1000',
      'a1.sinks.k1.channel = c1',
    ];
    const { problems } = readFlumeConf(conf.join('\n'), 'flume.conf', 'a1', {});
    expect(problems.errors.map(({ message }) => message).join()).toContain(
      'has batches of 1000 events, expected at most 5',
    );
  });
});

describe('the logger', () => {
  it('testloggersink/testappendwithcustomsize#313: an event is logged without an error', async () => {
    const rig = await sinkRig(logger, { maxBytesToLog: 30 });
    ends.push(() => rig.stop());
    await put(rig.channel, `${'P'.repeat(24)}Test 0`);
    await until(() => rig.counters.EventDrainSuccessCount === 1);
    expect(rig.lines.join()).toContain('PPPP');
    expect(rig.counters.EventWriteFail).toBe(0);
  });

  it('testeventhelper/testprintable#314: a text is shown', () => {
    expect(formatEvent(event('Some text'), 16)).toContain('Some text');
  });

  it('testeventhelper/testnonprintable#517: what cannot be printed is a dot', () => {
    expect(formatEvent({ headers: {}, body: Buffer.from('0000000000', 'hex') }, 16)).toContain('.....');
  });
});

describe('the way to the channels', () => {
  it('testchannelprocessor/testrequiredandoptionalchannels#113: all events of a batch are in all channels', async () => {
    const names = ['ch0', 'ch1', 'ch2', 'ch3'];
    const channels = new Map<string, Channel>();
    for (const name of names) channels.set(name, await channelOf({ capacity: 200, transactionCapacity: 200 }));
    const processor = new ChannelProcessor({
      interceptors: [],
      selector: configured(replicating, { optional: 'ch2 ch3' }, { channels }),
      channels: [...channels.values()],
      log: silentLogger,
    });
    await processor.process(Array.from({ length: 101 }, (_, i) => event(String(i))));
    expect([...channels.values()].map(({ size }) => size)).toEqual([101, 101, 101, 101]);
  });

  it('testchannelprocessor/testexceptionfromgettransaction#114: what a channel throws reaches the source', async () => {
    const channel = await channelOf();
    await channel.stop();
    const processor = new ChannelProcessor({
      interceptors: [],
      selector: () => ({ required: [channel], optional: [] }),
      channels: [channel],
      log: silentLogger,
    });
    await expect(processor.process([event('x')])).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' });
  });
});

interface Far {
  /** Events that it still takes. */
  takes: number;
  taken: number;
}

/** A group of sinks that take an event at a time, as many as they may. */
async function group(
  type: ProcessorType,
  properties: Record<string, string | number>,
  far: Readonly<Record<string, Far>>,
) {
  const clock = new ManualClock(0);
  const channel = await channelOf({ capacity: 1000, transactionCapacity: 1000 });
  const open =
    (own: Far) =>
    (of: Channel): Sink => ({
      start: async () => {},
      stop: async () => {},
      async process() {
        const batch = takeBatch(of, 1, sinkCounters());
        if (batch === undefined) return 'backoff';
        if (own.takes <= 0) {
          giveBack(batch.transaction);
          throw new Error('it fails');
        }
        own.takes--;
        own.taken++;
        await finish(batch, sinkCounters());
        return 'ready';
      },
    });
  const processor: SinkProcessor = configured(type, properties, {
    name: 'g1',
    agent: 'a1',
    log: silentLogger,
    clock,
    counters: processorCounters(),
    sinks: Object.entries(far).map(([name, own]) => ({ name, channel, durable: false, open: open(own) })),
  });
  await processor.start();
  ends.push(() => processor.stop());
  const { signal } = new AbortController();
  const drain = async (): Promise<void> => {
    while (channel.size > 0) await processor.process(signal).catch(() => clock.advance(100));
  };
  const taken = (): Record<string, number> =>
    Object.fromEntries(Object.entries(far).map(([name, own]) => [name, own.taken]));
  return { channel, clock, drain, processor, signal, taken };
}

const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

describe('sink processors', () => {
  it('testfailoversinkprocessor/testfailover#115: the next one takes over, and the first comes back when its penalty is over', async () => {
    const far = { s1: { takes: 10, taken: 0 }, s2: { takes: 50, taken: 0 }, s3: { takes: 100, taken: 0 } };
    const priorities = { 'priority.s1': 3, 'priority.s2': 2, 'priority.s3': 1, maxpenalty: 10_000 };
    const { channel, clock, drain, taken } = await group(failover, priorities, far);
    await put(channel, ...texts(15));
    await drain();
    expect(taken()).toEqual({ s1: 10, s2: 5, s3: 0 });
    await put(channel, ...texts(50));
    await drain();
    expect(taken()).toEqual({ s1: 10, s2: 50, s3: 5 });
    far.s2.takes = 20;
    clock.advance(5000);
    await put(channel, ...texts(100));
    await drain();
    expect(taken()).toEqual({ s1: 10, s2: 70, s3: 85 });
  });

  it('testloadbalancingsinkprocessor/testroundrobinbackoffinitialfailure#121: one that has failed is left out of the turn', async () => {
    const far = { s1: { takes: 1000, taken: 0 }, s2: { takes: 1, taken: 0 }, s3: { takes: 1000, taken: 0 } };
    const { channel, processor, signal, taken } = await group(
      loadBalance,
      { selector: 'round_robin', backoff: 'true' },
      far,
    );
    await put(channel, ...texts(300));
    for (let i = 0; i < 3; i++) await processor.process(signal);
    for (let i = 0; i < 3; i++) await processor.process(signal);
    far.s2.takes = 1000;
    while (channel.size > 0) await processor.process(signal);
    expect(taken()).toEqual({ s1: 150, s2: 1, s3: 149 });
  });

  it('testloadbalancingsinkprocessor/testrandombackoff#460: when all are left alone it fails, until the time of one is over', async () => {
    const far = { s1: { takes: 0, taken: 0 }, s2: { takes: 50, taken: 0 }, s3: { takes: 0, taken: 0 } };
    const { channel, clock, processor, signal, taken } = await group(
      loadBalance,
      { selector: 'random', backoff: 'true' },
      far,
    );
    await put(channel, ...texts(100));
    while (far.s2.taken < 50) await processor.process(signal);
    // Both others have failed by now, in all probability; else they do so now.
    await processor.process(signal).catch(() => {});
    far.s1.takes = 1000;
    await expect(processor.process(signal)).rejects.toThrow();
    clock.advance(2100);
    while (channel.size > 0) await processor.process(signal);
    expect(taken()).toEqual({ s1: 50, s2: 50, s3: 0 });
  });
});
