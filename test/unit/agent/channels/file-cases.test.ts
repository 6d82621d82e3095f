/**
 * The cases of Flume's TestFileChannel and TestFileChannelRollback, each under its id. A checkpoint of Flume's is nothing that this
 * channel has: what is committed is in its database, and that is what a start reads.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { file } from '../../../../src/agent/channels/file.ts';
import { Problems } from '../../../../src/agent/component/problems.ts';
import type { Setting } from '../../../../src/agent/component/settings.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { makeChannel } from './make.ts';
import { event, put, take, takeAll, textOf } from './use.ts';

const channels = new Set<Channel>();
afterEach(async () => {
  for (const channel of channels) await channel.stop();
  channels.clear();
});

async function start(dataDirs: string, properties: Record<string, string | number> = {}): Promise<Channel> {
  const channel = makeChannel(file, { dataDirs, minimumRequiredSpace: 0, 'keep-alive': 0, ...properties });
  channels.add(channel);
  await channel.start();
  return channel;
}

/** Stops a channel and starts one on the same directory. */
async function again(
  channel: Channel,
  dataDirs: string,
  properties: Record<string, string | number> = {},
): Promise<Channel> {
  await channel.stop();
  channels.delete(channel);
  return await start(dataDirs, properties);
}

const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => String(from + i));

function putting(channel: Channel, ...texts: string[]) {
  const transaction = channel.transaction();
  transaction.begin();
  for (const text of texts) transaction.put(event(text));
  return transaction;
}

async function fill(channel: Channel): Promise<string[]> {
  const texts: string[] = [];
  for (;;) {
    const text = String(texts.length);
    try {
      await put(channel, text);
    } catch (error) {
      expect(error).toMatchObject({ code: 'CHANNEL_FULL' });
      return texts;
    }
    texts.push(text);
  }
}

describe('TestFileChannel', () => {
  it('testfilechannel/testfailafterputcheckpointcommit#134: two transactions that commit before a stop are there after it', async () => {
    const directory = ownDirectory();
    const channel = await start(directory);
    const [one, two] = [putting(channel, 'a', 'b', 'c'), putting(channel, 'd', 'e', 'f')];
    await one.commit();
    await two.commit();
    one.close();
    two.close();
    expect((await takeAll(await again(channel, directory))).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('testfilechannel/testfailaftertakebeforecommit#464: what was taken without a commit is there after a restart', async () => {
    const directory = ownDirectory();
    const channel = await start(directory);
    await put(channel, ...numbers(5));
    expect([take(channel, 2).texts, take(channel, 3).texts]).toEqual([numbers(2), numbers(3, 2)]);
    expect(await takeAll(await again(channel, directory))).toEqual(numbers(5));
  });

  it('testfilechannel/testreconfigure#135: a full channel refuses, and a restart has all that it took', async () => {
    const directory = ownDirectory();
    const channel = await start(directory, { capacity: 30, transactionCapacity: 30 });
    const texts = await fill(channel);
    expect(texts).toHaveLength(30);
    expect(await takeAll(await again(channel, directory, { capacity: 40, transactionCapacity: 40 }), 40)).toEqual(
      texts,
    );
  });

  it('testfilechannel/testput#136: single puts and several in one', async () => {
    const channel = await start(ownDirectory());
    expect(await takeAll(channel)).toEqual([]);
    for (const text of numbers(5)) await put(channel, text);
    await put(channel, ...numbers(5, 5));
    expect(await takeAll(channel)).toEqual(numbers(10));
  });

  it('testfilechannel/testputconvertsnullvaluetoemptystrinheader#465: an empty header comes out as one', async () => {
    const channel = await start(ownDirectory());
    const transaction = channel.transaction();
    transaction.begin();
    transaction.put({ headers: { a: '' }, body: Buffer.from('x') });
    await transaction.commit();
    transaction.close();
    const taking = channel.transaction();
    taking.begin();
    expect({ ...taking.take()?.headers }).toEqual({ a: '' });
    await taking.commit();
    taking.close();
  });

  it('testfilechannel/testcommitafternoputtake#137: a commit of nothing leaves nothing', async () => {
    const directory = ownDirectory();
    const channel = await start(directory);
    const transaction = putting(channel);
    await transaction.commit();
    transaction.close();
    expect(await takeAll(await again(channel, directory))).toEqual([]);
  });

  it('testfilechannel/testcapacity#138: what was taken and rolled back still takes room', async () => {
    const channel = await start(ownDirectory(), { capacity: 5, transactionCapacity: 5 });
    await put(channel, ...numbers(5));
    const { transaction } = take(channel, 1);
    await transaction.rollback();
    transaction.close();
    await expect(put(channel, 'x')).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    expect(await takeAll(channel, 5)).toEqual(numbers(5));
  });

  it('testfilechannel/testracefoundinflume1432#139: a put that waits for room goes on when there is some, and the channel opens again', async () => {
    const directory = ownDirectory();
    const properties = { capacity: 10, transactionCapacity: 10, 'keep-alive': 10 };
    const channel = await start(directory, properties);
    await put(channel, ...numbers(10));
    const waits = put(channel, 'x');
    expect(await takeAll(channel, 1)).toEqual(['0']);
    await waits;
    expect(await takeAll(await again(channel, directory, properties), 10)).toEqual([...numbers(9, 1), 'x']);
  });

  it('testfilechannel/testlocking#140: a second channel on the same directory does not open', async () => {
    const directory = ownDirectory();
    await start(directory);
    const second = makeChannel(file, { dataDirs: directory, minimumRequiredSpace: 0 });
    await expect(second.start()).rejects.toMatchObject({ code: 'CHANNEL_LOCKED' });
  });

  it('testfilechannel/testtaketransactioncrossingcheckpoint#141: what was taken and committed stays away', async () => {
    const directory = ownDirectory();
    const channel = await start(directory, { capacity: 20, transactionCapacity: 20 });
    await put(channel, ...numbers(20));
    const { transaction } = take(channel, 1);
    await transaction.commit();
    transaction.close();
    expect(await takeAll(await again(channel, directory, { capacity: 20, transactionCapacity: 20 }), 20)).toEqual(
      numbers(19, 1),
    );
  });

  it('testfilechannel/testputforcecheckpointcommitreplay#142: one put, one commit, one event', async () => {
    const directory = ownDirectory();
    const channel = await start(directory, { capacity: 2, transactionCapacity: 2 });
    const transaction = putting(channel, 'a');
    await transaction.commit();
    transaction.close();
    expect(await takeAll(await again(channel, directory, { capacity: 2, transactionCapacity: 2 }))).toEqual(['a']);
  });

  it('testfilechannel/testreferencecounts#143: a rollback of many takes brings them all again', async () => {
    const channel = await start(ownDirectory(), { maxFileSize: 150 });
    await put(channel, ...numbers(15));
    const { transaction } = take(channel, 10);
    await transaction.rollback();
    transaction.close();
    expect(await takeAll(channel)).toEqual(numbers(15));
  });

  it('testfilechannel/testthreaded#466: ten that put and ten that take get exactly what was put', async () => {
    const channel = await start(ownDirectory(), { 'keep-alive': 10 });
    const puts = Array.from({ length: 10 }, async (_, producer) => {
      for (let i = 0; i < 20; i++) {
        const texts = producer % 2 === 0 ? [`${producer}-${i}`] : numbers(5).map((n) => `${producer}-${i}-${n}`);
        await put(channel, ...texts);
      }
    });
    const expected = 5 * 20 + 5 * 20 * 5;
    const got: string[] = [];
    const takes = Array.from({ length: 10 }, async () => {
      while (got.length < expected) {
        got.push(...(await takeAll(channel, 7)));
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    await Promise.all([...puts, ...takes]);
    expect(got).toHaveLength(expected);
    expect(new Set(got).size).toBe(expected);
  });

  it('testfilechannel/testrollbackincompletetransaction#467: sizes after rollbacks', async () => {
    const channel = await start(ownDirectory());
    const first = putting(channel, ...numbers(100));
    await first.rollback();
    first.close();
    expect(channel.size).toBe(0);
    await put(channel, ...numbers(100));
    const { transaction } = take(channel, 100);
    await transaction.rollback();
    transaction.close();
    expect(channel.size).toBe(100);
  });
});

it('testfilechannel/testnegativecapacities#468: negative capacities are the defaults, with a warning', () => {
  const properties = { dataDirs: ownDirectory(), capacity: '-3', transactionCapacity: '-1', checkpointInterval: '-2' };
  const settings = new Map<string, Setting>(
    Object.entries(properties).map(([key, value], i) => [key, { key, value, line: i + 1 }]),
  );
  const problems = new Problems('flume.conf');
  const made = file.configure(settings, { owner: 'channel c1', line: 1, problems });
  expect([problems.errors, problems.all.length]).toEqual([[], 3]);
  expect(made?.resolved.values).toMatchObject({ capacity: 1_000_000, transactionCapacity: 10_000 });
});

describe('TestFileChannelRollback', () => {
  it('testfilechannelrollback/testrollbackafternoputtake#146: a rollback of nothing leaves nothing', async () => {
    const directory = ownDirectory();
    const channel = await start(directory);
    const transaction = putting(channel);
    await transaction.rollback();
    transaction.close();
    expect(await takeAll(await again(channel, directory))).toEqual([]);
  });

  it('testfilechannelrollback/testrollbacksimulatedcrash#147: what was rolled back is not there after a restart', async () => {
    const directory = ownDirectory();
    const channel = await start(directory);
    await put(channel, ...numbers(50));
    const transaction = putting(channel, 'rolled back');
    await transaction.rollback();
    transaction.close();
    expect(await takeAll(await again(channel, directory))).toEqual(numbers(50));
  });

  it('testfilechannelrollback/testrollbacksimulatedcrashwithsink#148: and what a sink took is not either', async () => {
    const directory = ownDirectory();
    const channel = await start(directory);
    for (let i = 0; i < 10; i++) await put(channel, ...numbers(10, i * 10));
    const taken: string[] = [];
    while (taken.length < 99) taken.push(...(await takeAll(channel, Math.min(10, 99 - taken.length))));
    expect(taken).toEqual(numbers(99));
    const transaction = putting(channel, 'rolled back');
    await transaction.rollback();
    transaction.close();
    const after = await again(channel, directory);
    const taking = after.transaction();
    taking.begin();
    expect([textOf(taking.take()), textOf(taking.take())]).toEqual(['99', undefined]);
    await taking.commit();
    taking.close();
  });
});
