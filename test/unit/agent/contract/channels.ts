/** What every channel promises, as a function: a new channel gets its tests by one call. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { event, put, settle, take, takeAll, textOf } from '../channels/use.ts';

export interface ChannelSpec {
  readonly capacity: number;
  readonly transactionCapacity: number;
  readonly keepAliveSeconds: number;
  readonly clock: ManualClock;
}

export type MakeChannel = (spec: ChannelSpec) => Promise<Channel>;

export function channelConformance(name: string, make: MakeChannel): void {
  describe(`channel conformance: ${name}`, () => {
    const opened: Channel[] = [];
    const clock = new ManualClock(0);
    const open = async (spec: Partial<ChannelSpec> = {}): Promise<Channel> => {
      const channel = await make({ capacity: 1000, transactionCapacity: 100, keepAliveSeconds: 3, clock, ...spec });
      opened.push(channel);
      await channel.start();
      return channel;
    };
    afterEach(async () => {
      for (const channel of opened.splice(0)) await channel.stop();
    });

    it('gives events in the order they were put, with headers and bodies as they were', async () => {
      const channel = await open();
      const transaction = channel.transaction();
      transaction.begin();
      transaction.put({ headers: { ключ: 'é', __proto__: 'x' }, body: Buffer.from([0, 255, 10]) });
      transaction.put(event(''));
      await transaction.commit();
      transaction.close();
      await put(channel, 'c', 'd');
      const taking = channel.transaction();
      taking.begin();
      const first = taking.take();
      expect({ ...first?.headers }).toEqual({ ключ: 'é' });
      expect([...(first?.body ?? [])]).toEqual([0, 255, 10]);
      expect([taking.take(), taking.take(), taking.take(), taking.take()].map(textOf)).toEqual([
        '',
        'c',
        'd',
        undefined,
      ]);
      await taking.commit();
      taking.close();
    });

    it('shows nothing of a transaction before it has committed, and never what was rolled back', async () => {
      const channel = await open();
      const transaction = channel.transaction();
      transaction.begin();
      transaction.put(event('a'));
      expect(take(channel, 1).texts).toEqual([]);
      await transaction.rollback();
      transaction.close();
      expect(await takeAll(channel)).toEqual([]);
      expect(channel.size).toBe(0);
    });

    it('returns taken events to the head when several open transactions roll back, last begun first', async () => {
      const channel = await open();
      await put(channel, 'a', 'b', 'c', 'd', 'e', 'f', 'g');
      const open3 = [take(channel, 2), take(channel, 2), take(channel, 2)];
      for (const { transaction } of open3.reverse()) await transaction.rollback();
      expect(await takeAll(channel)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
    });

    it('keeps the order of the channel also when transactions roll back in another order', async () => {
      const channel = await open();
      await put(channel, 'a', 'b', 'c', 'd', 'e', 'f', 'g');
      const [first, second, third] = [take(channel, 2), take(channel, 2), take(channel, 2)];
      await first.transaction.rollback();
      await third.transaction.rollback();
      await second.transaction.commit();
      expect(await takeAll(channel)).toEqual(['a', 'b', 'e', 'f', 'g']);
    });

    it('keeps its order when a transaction has taken what another one returned, and rolls back too', async () => {
      const channel = await open();
      await put(channel, 'a', 'b', 'c', 'd');
      const first = take(channel, 1);
      const second = channel.transaction();
      second.begin();
      expect([second.take(), second.take()].map(textOf)).toEqual(['b', 'c']);
      await first.transaction.rollback();
      expect(textOf(second.take())).toBe('a');
      await second.rollback();
      expect(await takeAll(channel)).toEqual(['a', 'b', 'c', 'd']);
    });

    it('counts taken events until they are committed', async () => {
      const channel = await open({ capacity: 2, transactionCapacity: 2, keepAliveSeconds: 0 });
      await put(channel, 'a', 'b');
      const { transaction } = take(channel, 2);
      await expect(put(channel, 'c')).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
      await transaction.commit();
      await put(channel, 'c');
      expect(await takeAll(channel, 2)).toEqual(['c']);
    });

    it('makes a commit wait keep-alive for room, and no longer', async () => {
      const channel = await open({ capacity: 2, transactionCapacity: 2 });
      await put(channel, 'a', 'b');
      const waiting = put(channel, 'c');
      const late = expect(put(channel, 'd', 'e')).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
      await settle();
      const { transaction } = take(channel, 1);
      await transaction.commit();
      await waiting;
      clock.advance(3000);
      await late;
      expect(await takeAll(channel, 2)).toEqual(['b', 'c']);
    });

    it('limits the puts and the takes of one transaction', async () => {
      const channel = await open({ capacity: 10, transactionCapacity: 2 });
      const transaction = channel.transaction();
      transaction.begin();
      transaction.put(event('a'));
      transaction.put(event('b'));
      expect(() => transaction.put(event('c'))).toThrow(/capacity 2 full/);
      await transaction.commit();
      await put(channel, 'c');
      const taking = take(channel, 2);
      expect(() => taking.transaction.take()).toThrow(/capacity 2 full/);
      await taking.transaction.rollback();
    });

    it('keeps to the states new, open, completed, closed', async () => {
      const channel = await open();
      const transaction = channel.transaction();
      const wrong = { code: 'TRANSACTION_STATE' };
      expect(() => transaction.put(event('a'))).toThrow(expect.objectContaining(wrong));
      await expect(transaction.commit()).rejects.toMatchObject(wrong);
      transaction.begin();
      expect(() => transaction.begin()).toThrow(expect.objectContaining(wrong));
      expect(() => transaction.close()).toThrow(expect.objectContaining(wrong));
      await transaction.commit();
      expect(() => transaction.take()).toThrow(expect.objectContaining(wrong));
      expect(() => transaction.rollback()).toThrow(expect.objectContaining(wrong));
      transaction.close();
      expect(transaction.state).toBe('closed');
    });

    it('wakes who waits for an event, and who waits until it is empty', async () => {
      const channel = await open();
      const available = channel.available(Number.POSITIVE_INFINITY);
      await put(channel, 'a');
      expect(await available).toBe(true);
      let empty = false;
      const emptied = channel.whenEmpty().then(() => {
        empty = true;
      });
      const { transaction } = take(channel, 1);
      await settle();
      expect(empty).toBe(false);
      const again = channel.available(Number.POSITIVE_INFINITY);
      await transaction.rollback();
      expect(await again).toBe(true);
      expect(await takeAll(channel)).toEqual(['a']);
      await emptied;
      const timedOut = channel.available(1000);
      clock.advance(1000);
      expect(await timedOut).toBe(false);
    });

    it('takes commits of many at once', async () => {
      const channel = await open();
      const batches = Array.from({ length: 20 }, (_, b) => Array.from({ length: 10 }, (_, i) => `${b}-${i}`));
      await Promise.all(batches.map((batch) => put(channel, ...batch)));
      const taken = [...(await takeAll(channel)), ...(await takeAll(channel))];
      expect(taken.toSorted()).toEqual(batches.flat().toSorted());
      for (const batch of batches) expect(taken.filter((text) => batch.includes(text))).toEqual(batch);
    });

    it('refuses use before start and after stop', async () => {
      const channel = await make({ capacity: 10, transactionCapacity: 10, keepAliveSeconds: 0, clock });
      expect(() => channel.transaction().begin()).toThrow(expect.objectContaining({ code: 'CHANNEL_CLOSED' }));
      await channel.start();
      const transaction = channel.transaction();
      transaction.begin();
      transaction.put(event('a'));
      await channel.stop();
      await expect(transaction.commit()).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' });
      await transaction.rollback();
      expect(await channel.available(10_000)).toBe(false);
    });
  });
}
