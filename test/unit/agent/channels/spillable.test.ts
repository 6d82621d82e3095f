/** What the spillable memory channel promises beyond a channel: its two parts and the order across them. Its names of cases are Flume's. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spillable } from '../../../../src/agent/channels/spillable.ts';
import { Problems } from '../../../../src/agent/component/problems.ts';
import { type ChannelBounds, channelContract } from '../../../../src/agent/contracts/channels.ts';
import type { ContractProperties } from '../../../../src/agent/contracts/contract.ts';
import { type Clock, ManualClock } from '../../../../src/core/clock.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { runContract } from '../contract/entries.ts';
import { eventsOfBatches, killWriters } from './killed.ts';
import { makeSpillable, type Rig } from './spillable-rig.ts';
import { event, put, settle, take, takeAll, textOf } from './use.ts';

let directory = '';
const rigs: Rig[] = [];
beforeEach(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-spillable-'));
});
afterEach(async () => {
  for (const { channel } of rigs.splice(0)) await channel.stop();
  await fs.rm(directory, { recursive: true });
});

async function start(properties: Record<string, string | number> = {}, clock?: Clock): Promise<Rig> {
  const rig = makeSpillable(directory, { memoryCapacity: 10, overflowCapacity: 1000, ...properties }, clock);
  await rig.channel.start();
  rigs.push(rig);
  return rig;
}

/** The texts of `count` numbers. */
const texts = (from: number, count: number): string[] => Array.from({ length: count }, (_, i) => `${from + i}`);

describe('spillable memory channel', () => {
  it('testspillablememorychannel/testputtake#150: keeps in memory what has room there, and does not write', async () => {
    const { channel, counters } = await start();
    await put(channel, ...texts(0, 10));
    expect(counters).toMatchObject({ ChannelCapacity: 1010, ChannelSize: 10, OverflowSize: 0 });
    expect(await takeAll(channel)).toEqual(texts(0, 10));
    expect(counters).toMatchObject({ ChannelSize: 0, EventPutSuccessCount: 10, EventTakeSuccessCount: 10 });
  });

  it('testspillablememorychannel/testoverflow#153: what has no room in memory is on disk, and memory is used again when it has room', async () => {
    const { channel, counters } = await start();
    await put(channel, ...texts(0, 6));
    await put(channel, ...texts(6, 6));
    expect(counters).toMatchObject({ ChannelSize: 12, OverflowSize: 6 });
    await put(channel, ...texts(12, 4));
    expect(counters).toMatchObject({ ChannelSize: 16, OverflowSize: 6 });
    expect(await takeAll(channel, 6)).toEqual(texts(0, 6));
    await put(channel, ...texts(16, 6));
    expect(counters).toMatchObject({ ChannelSize: 16, OverflowSize: 6 });
    expect(await takeAll(channel)).toEqual(texts(6, 16));
    expect(counters).toMatchObject({ ChannelSize: 0, OverflowSize: 0 });
  });

  it('testspillablememorychannel/testdrainorder#154: gives events in the order in which they came, wherever they are', async () => {
    const { channel } = await start({ memoryCapacity: 7 });
    const taken: string[] = [];
    let made = 0;
    for (let round = 0; round < 60; round++) {
      const count = 1 + (round % 5);
      await put(channel, ...texts(made, count));
      made += count;
      taken.push(...(await takeAll(channel, (round * 7) % 5)));
    }
    taken.push(...(await takeAll(channel, 1000)));
    expect(taken).toEqual(texts(0, made));
  });

  it('testspillablememorychannel/testdrainingonchannelboundary#155: one transaction takes from both parts, and a rollback puts all back in order', async () => {
    const { channel, counters } = await start({ memoryCapacity: 3 });
    for (const from of [0, 3, 6]) await put(channel, ...texts(from, 3));
    expect(counters.OverflowSize).toBe(6);
    expect(await takeAll(channel, 1)).toEqual(['0']);
    await put(channel, '9');
    expect(counters.OverflowSize).toBe(6);
    for (const count of [5, 9, 1, 8]) {
      const { transaction, texts: taken } = take(channel, count);
      expect(taken).toEqual(texts(1, count));
      await transaction.rollback();
      expect(channel.size).toBe(9);
    }
    const [first, second, third] = [take(channel, 3), take(channel, 3), take(channel, 2)];
    await second.transaction.rollback();
    await first.transaction.rollback();
    await third.transaction.commit();
    expect(await takeAll(channel)).toEqual([...texts(1, 6), '9']);
    expect(channel.size).toBe(0);
  });

  it('testspillablememorychannel/testrestart#152: a stop writes what is in memory to disk, between what is there, also what was taken and not delivered', async () => {
    const first = await start({ memoryCapacity: 3, overflowCapacity: 7 });
    await put(first.channel, ...texts(0, 3));
    await put(first.channel, ...texts(3, 3));
    expect(take(first.channel, 2).texts).toEqual(['0', '1']);
    const delivered = take(first.channel, 2);
    expect(delivered.texts).toEqual(['2', '3']);
    await delivered.transaction.commit();
    await put(first.channel, '6');
    await put(first.channel, ...texts(7, 2));
    await put(first.channel, ...texts(9, 3));
    const late = take(first.channel, 1);
    await first.channel.stop();
    await late.transaction.rollback();
    expect(first.lines).toContainEqual(expect.stringMatching(/^info: .* 3 events were in memory and are on disk now/));
    // More than overflowCapacity; they leave as all others do.
    const second = await start({ memoryCapacity: 3, overflowCapacity: 7 });
    expect(second.counters).toMatchObject({ ChannelSize: 10, OverflowSize: 10 });
    await put(second.channel, ...texts(12, 3));
    await expect(put(second.channel, 'x')).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    expect(await takeAll(second.channel, 10)).toEqual(['0', '1', ...texts(4, 8)]);
    expect(await takeAll(second.channel, 10)).toEqual(texts(12, 3));
  });

  it('what is on disk comes first after the next start, and numbers go on behind it', async () => {
    let made = 0;
    const taken: string[] = [];
    for (let round = 0; round < 6; round++) {
      const { channel } = await start({ memoryCapacity: 4 });
      for (let i = 0; i < 5; i++, made += 3) await put(channel, ...texts(made, 3));
      taken.push(...(await takeAll(channel, 4 + round)));
      await channel.stop();
    }
    const { channel } = await start();
    taken.push(...(await takeAll(channel, 1000)));
    expect(taken).toEqual(texts(0, made));
  });

  it('testspillablememorychannel/testcapacitywithoverflow#470: refuses what has room in neither part, and goes on when takes have made some', async () => {
    const { channel, counters } = await start({ memoryCapacity: 4, overflowCapacity: 4 });
    await put(channel, ...texts(0, 4));
    await put(channel, ...texts(4, 4));
    await expect(put(channel, '8')).rejects.toMatchObject({
      code: 'CHANNEL_FULL',
      message: expect.stringMatching(/4 of memoryCapacity, 4, .* 4 of overflowCapacity, 4, are on disk/),
    });
    expect(counters).toMatchObject({ ChannelSize: 8, EventPutAttemptCount: 9, EventPutSuccessCount: 8 });
    const open = take(channel, 1);
    await expect(put(channel, '8')).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    await open.transaction.commit();
    await put(channel, '8');
    expect(await takeAll(channel, 8)).toEqual(texts(1, 8));
  });

  it('testParallelMultipleSourcesAndSinks: loses nothing and gives nothing twice, each source in its order', async () => {
    const { channel } = await start({ memoryCapacity: 20, overflowCapacity: 100_000 });
    const sources = [0, 1, 2, 3];
    const taken: string[] = [];
    const source = async (name: number): Promise<void> => {
      for (let i = 0; i < 60; i += 3) await put(channel, ...[0, 1, 2].map((n) => `${name}/${i + n}`));
    };
    const sink = async (): Promise<void> => {
      while (taken.length < 240) {
        const { transaction, texts: some } = take(channel, 7);
        if (some.length % 2 === 0) await transaction.rollback();
        else await transaction.commit().then(() => void taken.push(...some));
        await settle();
      }
    };
    const last = async (): Promise<void> => {
      while (taken.length < 240) {
        taken.push(...(await takeAll(channel, 2)));
        await settle();
      }
    };
    await Promise.all([...sources.map(source), sink(), last()]);
    expect(taken.toSorted()).toEqual(sources.flatMap((name) => texts(0, 60).map((i) => `${name}/${i}`)).toSorted());
    expect(channel.size).toBe(0);
  });

  it('testspillablememorychannel/testrollback#156: keeps its order over rollbacks of puts and of takes', async () => {
    const { channel } = await start({ memoryCapacity: 100, overflowCapacity: 900, overflowTimeout: 0 });
    await put(channel, ...texts(0, 5));
    const putting = channel.transaction();
    putting.begin();
    for (const text of texts(5, 5)) putting.put(event(text));
    await putting.rollback();
    putting.close();
    expect(await takeAll(channel, 5)).toEqual(texts(0, 5));
    expect(await takeAll(channel, 1)).toEqual([]);
    await put(channel, ...texts(10, 5));
    const taking = take(channel, 5);
    expect(taking.texts).toEqual(texts(10, 5));
    await taking.transaction.rollback();
    taking.transaction.close();
    expect(await takeAll(channel, 5)).toEqual(texts(10, 5));
  });

  it('takes puts and takes of one transaction together, across the parts', async () => {
    const { channel, counters } = await start({ memoryCapacity: 2, overflowCapacity: 2 });
    await put(channel, 'a', 'b');
    await put(channel, 'c', 'd');
    const transaction = channel.transaction();
    transaction.begin();
    expect([transaction.take(), transaction.take(), transaction.take()].map(textOf)).toEqual(['a', 'b', 'c']);
    transaction.put(event('e'));
    transaction.put(event('f'));
    await transaction.commit();
    expect(counters).toMatchObject({ ChannelSize: 3, OverflowSize: 1 });
    expect(await takeAll(channel, 4)).toEqual(['d', 'e', 'f']);
    expect(counters).toMatchObject({ ChannelSize: 0, OverflowSize: 0 });
  });

  it('empties and wakes as a channel of one part does', async () => {
    const { channel } = await start({ memoryCapacity: 1 });
    await put(channel, 'a');
    await put(channel, 'b');
    let isEmpty = false;
    const empty = channel.whenEmpty().then(() => {
      isEmpty = true;
    });
    expect(await takeAll(channel, 1)).toEqual(['a']);
    expect(isEmpty).toBe(false);
    expect(await takeAll(channel, 1)).toEqual(['b']);
    await empty;
    const available = channel.available(Number.POSITIVE_INFINITY);
    await put(channel, 'x'.repeat(10), 'on disk');
    expect(await available).toBe(true);
  });
});

describe('the overflow of a spillable memory channel', () => {
  it('is used after overflowTimeout, then without waiting, until overflowDeactivationThreshold per cent of memory are free', async () => {
    const clock = new ManualClock(0);
    const properties = { memoryCapacity: 4, overflowTimeout: 3, overflowDeactivationThreshold: 50 };
    const { channel, counters } = await start(properties, clock);
    await put(channel, ...texts(0, 4));
    const waits = put(channel, '4');
    await settle();
    expect(counters.ChannelSize).toBe(4);
    expect(await takeAll(channel, 1)).toEqual(['0']);
    await waits;
    expect(counters).toMatchObject({ ChannelSize: 4, OverflowSize: 0 });
    const overflows = put(channel, '5');
    await settle();
    expect(counters.OverflowSize).toBe(0);
    clock.advance(3000);
    await overflows;
    await put(channel, '6');
    expect(counters.OverflowSize).toBe(2);
    expect(await takeAll(channel, 1)).toEqual(['1']);
    await put(channel, '7');
    await put(channel, '8');
    expect(counters.OverflowSize).toBe(3);
    expect(await takeAll(channel, 2)).toEqual(['2', '3']);
    await put(channel, '9', '10');
    const waitsAgain = put(channel, '11');
    await settle();
    expect(counters.OverflowSize).toBe(3);
    clock.advance(3000);
    await waitsAgain;
    expect(counters.OverflowSize).toBe(4);
    expect(await takeAll(channel)).toEqual(texts(4, 8));
  });

  it('takes a transaction for which memory is too small at once, as a whole', async () => {
    const { channel, counters } = await start({ overflowTimeout: 3 }, new ManualClock(0));
    await put(channel, ...texts(0, 11));
    expect(counters).toMatchObject({ ChannelSize: 11, OverflowSize: 11 });
    await put(channel, 'a');
    expect(counters.OverflowSize).toBe(11);
    expect(await takeAll(channel)).toEqual([...texts(0, 11), 'a']);
  });

  it('testspillablememorychannel/testbytecapacity#471: bounds memory by bytes too, in slots of avgEventSize', async () => {
    const properties = { byteCapacity: 1250, byteCapacityBufferPercentage: 20, avgEventSize: 100 };
    const { channel, counters } = await start(properties);
    await put(channel, 'x'.repeat(101), 'y'.repeat(700));
    expect(counters.OverflowSize).toBe(0);
    await put(channel, 'z'.repeat(101));
    expect(counters.OverflowSize).toBe(1);
    await put(channel, '');
    expect(counters.OverflowSize).toBe(1);
    await takeAll(channel);
    await put(channel, 'x'.repeat(1000));
    expect(counters.OverflowSize).toBe(0);
  });

  it('is all there is when memoryCapacity is 0', async () => {
    const { channel, counters } = await start({ memoryCapacity: 0, overflowTimeout: 3 }, new ManualClock(0));
    await put(channel, 'a', 'b');
    expect(counters).toMatchObject({ ChannelCapacity: 1000, ChannelSize: 2, OverflowSize: 2 });
    expect(await takeAll(channel)).toEqual(['a', 'b']);
  });

  it('testspillablememorychannel/testcapacitydisableoverflow#151: is not there when overflowCapacity is 0: no directory is made, and a stop tells what is lost', async () => {
    const dataDirs = path.join(directory, 'data');
    const { channel, lines } = await start({ overflowCapacity: 0, dataDirs });
    expect(channel.transactionCapacity).toBe(10);
    await put(channel, ...texts(0, 10));
    await expect(put(channel, 'x')).rejects.toMatchObject({
      code: 'CHANNEL_FULL',
      message: expect.stringContaining('overflowCapacity is 0'),
      hint: expect.stringContaining('raise memoryCapacity'),
    });
    expect(await takeAll(channel, 4)).toEqual(texts(0, 4));
    await channel.stop();
    expect(lines).toEqual([expect.stringMatching(/^warn: .* stopped with 6 events in it, which are lost/)]);
    await expect(fs.stat(dataDirs)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('refuses puts when its disk has too little room, and memory goes on', async () => {
    const { channel } = await start({ memoryCapacity: 2, minimumRequiredSpace: Number.MAX_SAFE_INTEGER });
    await put(channel, 'a', 'b');
    await expect(put(channel, 'c')).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    expect(await takeAll(channel, 1)).toEqual(['a']);
    await put(channel, 'c');
    expect(await takeAll(channel)).toEqual(['b', 'c']);
  });

  it('tells at a stop what it could not keep: a restart would not find it in a directory that was moved away', async () => {
    const dataDirs = path.join(directory, 'data');
    const { channel, lines } = await start({ dataDirs });
    await put(channel, 'a', 'b');
    await fs.rename(dataDirs, `${dataDirs}.away`);
    await channel.stop();
    expect(lines).toContainEqual(expect.stringMatching(/^warn: .* 2 events .* lost; .* moved, removed or replaced/));
    await fs.rename(`${dataDirs}.away`, dataDirs);
    expect((await start({ dataDirs })).channel.size).toBe(0);
  });

  it('loses what was in memory, and nothing that was on disk, when its process is killed with -9, and holds no half transaction', async () => {
    const told = await killWriters(directory, 'spillable');
    const { channel } = await start({ overflowCapacity: 100_000 });
    const batches = eventsOfBatches(await takeAll(channel, 10_000));
    for (const events of batches.values()) expect(events).toBe(10);
    // Memory had room for the first five batches of each process; nobody took any.
    for (const ofOne of told) expect(ofOne.filter((batch) => batches.has(batch))).toEqual(ofOne.slice(5));
  });

  it('lets only one owner into its directory', async () => {
    const { channel } = await start();
    await expect(start()).rejects.toMatchObject({ code: 'CHANNEL_LOCKED' });
    await channel.stop();
    await start();
  });
});

describe('the properties of a spillable memory channel', () => {
  const read = (properties: Record<string, string>) => {
    const problems = new Problems('conf');
    const settings = new Map(Object.entries(properties).map(([key, value], i) => [key, { key, value, line: i + 1 }]));
    const made = spillable.configure(settings, { owner: 'channel c1', line: 9, problems });
    return { made, told: problems.all.map((problem) => problems.format(problem)) };
  };

  it('have the defaults of Flume', () => {
    expect(read({}).made?.resolved.values).toMatchObject({
      memoryCapacity: 10_000,
      overflowCapacity: 100_000_000,
      overflowTimeout: 3,
      overflowDeactivationThreshold: 5,
      byteCapacityBufferPercentage: 20,
      avgEventSize: 500,
      transactionCapacity: 10_000,
    });
  });

  it('are checked', () => {
    expect(read({ memoryCapacity: '-1', avgEventSize: '0', overflowDeactivationThreshold: '101' }).told).toHaveLength(
      3,
    );
    expect(read({ memoryCapacity: '0', overflowCapacity: '0' }).told).toEqual([
      expect.stringMatching(/^conf:2: channel c1: overflowCapacity is 0, expected at least 1/),
    ]);
    expect(read({ 'encryption.activeKey': 'k' }).told).toEqual([
      expect.stringContaining('needs encryption.keyProvider'),
    ]);
  });

  it("of Flume's file channel are taken, and told at the start when they have no meaning here", async () => {
    const { lines } = await start({ checkpointDir: '/x', capacity: 5, 'keep-alive': 7 });
    expect(lines).toEqual([expect.stringMatching(/^info: .*ignored.*: capacity, keep-alive, checkpointDir$/)]);
  });

  it('say what is durable, the directory that is used, and the largest transaction', () => {
    expect(read({}).made?.limits).toEqual({ durable: false, transactionCapacity: 10_000 });
    expect(read({ memoryCapacity: '0', overflowCapacity: '50' }).made?.limits).toEqual({
      durable: true,
      transactionCapacity: 50,
    });
    expect(read({ dataDirs: '/x' }).made?.resources).toEqual([{ kind: 'directory', path: '/x', property: 'dataDirs' }]);
    expect(read({ overflowCapacity: '0' }).made?.resources).toEqual([]);
  });
});

describe('SPILLABLEMEMORY, memory only', () => {
  const properties = ({ capacity, keepAliveSeconds, transactionCapacity }: ChannelBounds): ContractProperties => ({
    memoryCapacity: capacity,
    overflowCapacity: 0,
    overflowTimeout: keepAliveSeconds,
    transactionCapacity,
    dataDirs: ownDirectory(),
    minimumRequiredSpace: 0,
  });
  runContract(channelContract(spillable, { properties }));
});

describe('SPILLABLEMEMORY, both parts where the channel is large', () => {
  const properties = ({ capacity, keepAliveSeconds, transactionCapacity }: ChannelBounds): ContractProperties => ({
    memoryCapacity: capacity > 100 ? 3 : 0,
    overflowCapacity: capacity,
    // Nobody turns the clock on where the channel is large.
    overflowTimeout: capacity > 100 ? 0 : keepAliveSeconds,
    transactionCapacity,
    dataDirs: ownDirectory(),
    minimumRequiredSpace: 0,
  });
  runContract(channelContract(spillable, { properties }));
});
