/** The cases of Flume's TestMemoryChannel and TestMemoryChannelTransaction, each under its id. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { Problems } from '../../../../src/agent/component/problems.ts';
import type { Setting } from '../../../../src/agent/component/settings.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { makeChannel } from './make.ts';
import { event, put, take, takeAll, textOf } from './use.ts';

const channels: Channel[] = [];
afterEach(async () => {
  for (const channel of channels.splice(0)) await channel.stop();
});

async function start(properties: Record<string, string | number> = {}): Promise<Channel> {
  const channel = makeChannel(memory, { 'keep-alive': 0, ...properties }, new ManualClock(0));
  await channel.start();
  channels.push(channel);
  return channel;
}

const numbers = (count: number, from = 0): string[] => Array.from({ length: count }, (_, i) => String(from + i));
/** A body of 405 bytes: it takes five slots of 100. */
const LARGE = 'x'.repeat(405);

/** Puts events in a transaction that is rolled back. */
async function putInVain(channel: Channel, ...texts: string[]): Promise<void> {
  const transaction = channel.transaction();
  transaction.begin();
  for (const text of texts) transaction.put(event(text));
  await transaction.rollback();
  transaction.close();
}

function configure(properties: Record<string, string>) {
  const settings = new Map<string, Setting>(
    Object.entries(properties).map(([key, value], i) => [key, { key, value, line: i + 1 }]),
  );
  const problems = new Problems('flume.conf');
  return { made: memory.configure(settings, { owner: 'channel c1', line: 1, problems }), problems };
}

describe('TestMemoryChannel', () => {
  it('testmemorychannel/testputtake#122: an event that was put is taken', async () => {
    const channel = await start();
    await put(channel, 'a');
    expect(await takeAll(channel)).toEqual(['a']);
  });

  it('testmemorychannel/testtransactionputcapacityoverload#124: the third put of a transaction of two is refused', async () => {
    const channel = await start({ capacity: 5, transactionCapacity: 2 });
    const transaction = channel.transaction();
    transaction.begin();
    transaction.put(event('a'));
    transaction.put(event('b'));
    expect(() => transaction.put(event('c'))).toThrow(expect.objectContaining({ code: 'TRANSACTION_FULL' }));
    await transaction.rollback();
    transaction.close();
  });

  it('testmemorychannel/testcapacityoverload#461: a commit for which there is no room fails', async () => {
    const channel = await start({ capacity: 5, transactionCapacity: 3 });
    await put(channel, 'a', 'b', 'c');
    await expect(put(channel, 'd', 'e', 'f')).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    expect(await takeAll(channel, 3)).toEqual(['a', 'b', 'c']);
  });

  it('testmemorychannel/testcapacitybufferemptyingaftertakecommit#125: takes make room', async () => {
    const channel = await start({ capacity: 3, transactionCapacity: 3 });
    await put(channel, 'a', 'b', 'c');
    expect(await takeAll(channel, 2)).toEqual(['a', 'b']);
    await put(channel, 'd', 'e');
    expect(await takeAll(channel, 3)).toEqual(['c', 'd', 'e']);
  });

  it('testmemorychannel/testcapacitybufferemptyingafterrollback#126: puts that are rolled back take no room', async () => {
    const channel = await start({ capacity: 3, transactionCapacity: 3 });
    await putInVain(channel, 'a', 'b', 'c');
    await put(channel, 'd', 'e', 'f');
    expect(await takeAll(channel, 3)).toEqual(['d', 'e', 'f']);
  });

  it('testmemorychannel/testbytecapacityoverload#127: bytes have a bound of their own', async () => {
    const channel = await start({ byteCapacity: 2000, byteCapacityBufferPercentage: 20 });
    await put(channel, LARGE, LARGE, LARGE);
    await expect(put(channel, LARGE, LARGE)).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
  });

  it('testmemorychannel/testbytecapacitybufferemptyingaftertakecommit#462: takes give bytes back', async () => {
    const channel = await start({ byteCapacity: 2000, byteCapacityBufferPercentage: 20 });
    await put(channel, LARGE, LARGE, LARGE);
    await expect(put(channel, LARGE)).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    expect((await takeAll(channel, 2)).length).toBe(2);
    await put(channel, LARGE, LARGE);
    expect(channel.size).toBe(3);
  });

  it('testmemorychannel/testbytecapacitybufferemptyingafterrollback#128: so do puts that are rolled back', async () => {
    const channel = await start({ byteCapacity: 2000, byteCapacityBufferPercentage: 20 });
    await putInVain(channel, LARGE, LARGE, LARGE);
    await put(channel, LARGE, LARGE, LARGE);
    expect(channel.size).toBe(3);
  });

  it('testmemorychannel/testbytecapacityafterrollback#129: all 800 bytes of 1000 less 20 % are free after a rollback', async () => {
    const channel = await start({ byteCapacity: 1000 });
    await putInVain(channel, '');
    await put(channel, ...Array.from({ length: 8 }, () => 'x'.repeat(100)));
    await expect(put(channel, 'x')).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
  });

  it('testmemorychannel/testnullemptyevent#130: an event without a body can be put', async () => {
    const channel = await start({ byteCapacity: 2000 });
    await put(channel, '', '');
    expect(await takeAll(channel)).toEqual(['', '']);
  });

  it('testmemorychannel/testputacceptsnullvalueinheader#131: headers come out as they went in', async () => {
    // There is no null in a header here: the nearest to it is an empty text.
    const channel = await start();
    const transaction = channel.transaction();
    transaction.begin();
    transaction.put({ headers: { a: '' }, body: Buffer.from('x') });
    await transaction.commit();
    transaction.close();
    const taking = channel.transaction();
    taking.begin();
    expect(taking.take()).toEqual({ headers: { a: '' }, body: Buffer.from('x') });
    await taking.commit();
    taking.close();
  });

  it('testmemorychannel/testnegativecapacities#463: negative capacities are the defaults, with a warning', () => {
    const { made, problems } = configure({ capacity: '-3', transactionCapacity: '-1' });
    expect(problems.errors).toEqual([]);
    expect(problems.all.length).toBe(2);
    expect(made?.resolved.values).toMatchObject({ capacity: 100, transactionCapacity: 100 });
  });

  it('testmemorychannel/testchannelresize#123: another capacity loses nothing of what is in it', async () => {
    const channel = await start({ capacity: 5, transactionCapacity: 5 });
    await put(channel, ...numbers(5));
    await expect(put(channel, '5')).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    configure({ capacity: '6', transactionCapacity: '5', 'keep-alive': '0' }).made?.adapt?.(channel);
    await put(channel, '5');
    configure({ capacity: '2', transactionCapacity: '2', 'keep-alive': '0' }).made?.adapt?.(channel);
    const taken: string[] = [];
    for (let i = 0; i < 6; i++) taken.push(...(await takeAll(channel, 1)));
    expect(taken).toEqual(numbers(6));
  });
});

describe('TestMemoryChannelTransaction', () => {
  it('testmemorychanneltransaction/testcommit#132: ten are taken in order, an eleventh is none', async () => {
    const channel = await start();
    await put(channel, ...numbers(10));
    expect(await takeAll(channel, 11)).toEqual(numbers(10));
  });

  it('testmemorychanneltransaction/testrollback#133: what is rolled back comes again, in order', async () => {
    const channel = await start();
    await putInVain(channel, ...numbers(10));
    const empty = channel.transaction();
    empty.begin();
    expect(textOf(empty.take())).toBeUndefined();
    await empty.rollback();
    empty.close();
    await put(channel, ...numbers(10));
    for (let i = 0; i < 2; i++) {
      const { texts, transaction } = take(channel, 11);
      expect(texts).toEqual(numbers(10));
      await transaction.rollback();
      transaction.close();
    }
  });
});
