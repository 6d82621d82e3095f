/** What every channel promises: order, transactions by themselves, bounds, and waiting that ends. */
import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict';
import { ManualClock } from '../../core/clock.ts';
import { silentLogger } from '../../core/log.ts';
import type { Channel, ChannelContext } from '../channels/channel.ts';
import { channelCounters } from '../component/counters.ts';
import {
  type ContractProperties,
  type ContractTest,
  configured,
  event,
  put,
  settle,
  type TypeGiven,
  take,
  takeAll,
  textOf,
  typeOf,
} from './contract.ts';
import { declarationContract } from './declaration.ts';

/** The bounds of a channel that a test makes. */
export interface ChannelBounds {
  /** Events that it holds. */
  readonly capacity: number;
  /** Events of one transaction. */
  readonly transactionCapacity: number;
  /** How long a commit waits for room. */
  readonly keepAliveSeconds: number;
}

/** How a channel is made for its contract. */
export interface ChannelContractOptions {
  /** The properties that give a channel these bounds, and all else that it needs: anew for each test. */
  readonly properties: (bounds: ChannelBounds) => ContractProperties;
}

const BOUNDS: ChannelBounds = { capacity: 1000, transactionCapacity: 100, keepAliveSeconds: 3 };

interface Rig {
  readonly clock: ManualClock;
  /** A channel that is started, and stopped at the end. */
  open(bounds?: Partial<ChannelBounds>): Promise<Channel>;
  /** One that is not started. */
  make(bounds?: Partial<ChannelBounds>): Channel;
}

/**
 * The tests that every channel passes, the built-in ones too. Its clock stands still, so that it must wait by the one that it is given.
 * @param channel what `defineChannel` made
 * @example
 * const properties = ({ capacity, transactionCapacity, keepAliveSeconds }: ChannelBounds) => ({ capacity, transactionCapacity, 'keep-alive': keepAliveSeconds });
 * for (const { name, run } of channelContract(ring, { properties })) test(name, run);
 */
export function channelContract(
  channel: TypeGiven<'channel', ChannelContext, Channel>,
  { properties }: ChannelContractOptions,
): readonly ContractTest[] {
  const type = typeOf(channel);
  const withRig = async (run: (rig: Rig) => Promise<void>): Promise<void> => {
    const opened: Channel[] = [];
    const clock = new ManualClock(0);
    const make = (bounds: Partial<ChannelBounds> = {}): Channel => {
      const context = { name: 'c1', log: silentLogger, clock, counters: channelCounters() };
      const made = configured(type, properties({ ...BOUNDS, ...bounds }), context);
      opened.push(made);
      return made;
    };
    const open = async (bounds?: Partial<ChannelBounds>): Promise<Channel> => {
      const made = make(bounds);
      await made.start();
      return made;
    };
    try {
      await run({ clock, make, open });
    } finally {
      for (const each of opened) await each.stop();
    }
  };
  return [
    ...declarationContract(type, () => properties(BOUNDS), true),
    ...Object.entries(TESTS).map(([name, run]) => ({ name, run: () => withRig(run) })),
  ];
}

const withCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof Error && 'code' in error && error.code === code;

const TESTS: Readonly<Record<string, (rig: Rig) => Promise<void>>> = {
  async 'gives events in the order they were put, with headers and bodies as they were'({ open }) {
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
    deepEqual({ ...first?.headers }, { ключ: 'é' });
    deepEqual([...(first?.body ?? [])], [0, 255, 10]);
    const rest = [taking.take(), taking.take(), taking.take(), taking.take()];
    deepEqual(rest.map(textOf), ['', 'c', 'd', undefined]);
    await taking.commit();
    taking.close();
  },

  async 'shows nothing of a transaction before it has committed, and never what was rolled back'({ open }) {
    const channel = await open();
    const transaction = channel.transaction();
    transaction.begin();
    transaction.put(event('a'));
    deepEqual(take(channel, 1).texts, []);
    await transaction.rollback();
    transaction.close();
    deepEqual(await takeAll(channel), []);
    equal(channel.size, 0);
  },

  async 'returns taken events to the head when several open transactions roll back, last begun first'({ open }) {
    const channel = await open();
    await put(channel, 'a', 'b', 'c', 'd', 'e', 'f', 'g');
    const three = [take(channel, 2), take(channel, 2), take(channel, 2)];
    for (const { transaction } of three.reverse()) await transaction.rollback();
    deepEqual(await takeAll(channel), ['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  },

  async 'keeps the order of the channel also when transactions roll back in another order'({ open }) {
    const channel = await open();
    await put(channel, 'a', 'b', 'c', 'd', 'e', 'f', 'g');
    const [first, second, third] = [take(channel, 2), take(channel, 2), take(channel, 2)];
    await first.transaction.rollback();
    await third.transaction.rollback();
    await second.transaction.commit();
    deepEqual(await takeAll(channel), ['a', 'b', 'e', 'f', 'g']);
  },

  async 'keeps its order when a transaction has taken what another one returned, and rolls back too'({ open }) {
    const channel = await open();
    await put(channel, 'a', 'b', 'c', 'd');
    const first = take(channel, 1);
    const second = channel.transaction();
    second.begin();
    deepEqual([second.take(), second.take()].map(textOf), ['b', 'c']);
    await first.transaction.rollback();
    equal(textOf(second.take()), 'a');
    await second.rollback();
    deepEqual(await takeAll(channel), ['a', 'b', 'c', 'd']);
  },

  async 'counts taken events until they are committed'({ open }) {
    const channel = await open({ capacity: 2, transactionCapacity: 2, keepAliveSeconds: 0 });
    await put(channel, 'a', 'b');
    const { transaction } = take(channel, 2);
    await rejects(put(channel, 'c'), withCode('CHANNEL_FULL'));
    await transaction.commit();
    await put(channel, 'c');
    deepEqual(await takeAll(channel, 2), ['c']);
  },

  async 'makes a commit wait keep-alive for room, and no longer'({ clock, open }) {
    const channel = await open({ capacity: 2, transactionCapacity: 2 });
    await put(channel, 'a', 'b');
    const waiting = put(channel, 'c');
    const late = rejects(put(channel, 'd', 'e'), withCode('CHANNEL_FULL'));
    await settle();
    const { transaction } = take(channel, 1);
    await transaction.commit();
    await waiting;
    clock.advance(3000);
    await late;
    deepEqual(await takeAll(channel, 2), ['b', 'c']);
  },

  async 'limits the puts and the takes of one transaction'({ open }) {
    const channel = await open({ capacity: 10, transactionCapacity: 2 });
    const transaction = channel.transaction();
    transaction.begin();
    transaction.put(event('a'));
    transaction.put(event('b'));
    throws(() => transaction.put(event('c')), withCode('TRANSACTION_FULL'));
    await transaction.commit();
    await put(channel, 'c');
    const taking = take(channel, 2);
    throws(() => taking.transaction.take(), withCode('TRANSACTION_FULL'));
    await taking.transaction.rollback();
  },

  async 'keeps to the states new, open, completed, closed'({ open }) {
    const channel = await open();
    const transaction = channel.transaction();
    const wrong = withCode('TRANSACTION_STATE');
    throws(() => transaction.put(event('a')), wrong);
    await rejects(transaction.commit(), wrong);
    transaction.begin();
    throws(() => transaction.begin(), wrong);
    throws(() => transaction.close(), wrong);
    await transaction.commit();
    throws(() => transaction.take(), wrong);
    throws(() => transaction.rollback(), wrong);
    transaction.close();
    equal(transaction.state, 'closed');
  },

  async 'wakes who waits for an event, and who waits until it is empty'({ clock, open }) {
    const channel = await open();
    const available = channel.available(Number.POSITIVE_INFINITY);
    await put(channel, 'a');
    equal(await available, true);
    let empty = false;
    const emptied = channel.whenEmpty().then(() => {
      empty = true;
    });
    const { transaction } = take(channel, 1);
    await settle();
    equal(empty, false, 'an event that is taken and not committed is still there');
    const again = channel.available(Number.POSITIVE_INFINITY);
    await transaction.rollback();
    equal(await again, true);
    deepEqual(await takeAll(channel), ['a']);
    await emptied;
    const timedOut = channel.available(1000);
    clock.advance(1000);
    equal(await timedOut, false);
  },

  async 'takes commits of many at once'({ open }) {
    const channel = await open();
    const batches = Array.from({ length: 20 }, (_, b) => Array.from({ length: 10 }, (_, i) => `${b}-${i}`));
    await Promise.all(batches.map((batch) => put(channel, ...batch)));
    const taken = [...(await takeAll(channel)), ...(await takeAll(channel))];
    deepEqual([...taken].sort(), batches.flat().sort());
    for (const batch of batches) {
      const own = taken.filter((text) => batch.includes(text));
      deepEqual(own, batch, 'the events of a transaction keep their order');
    }
  },

  async 'refuses use before start and after stop'({ make }) {
    const channel = make({ capacity: 10, transactionCapacity: 10, keepAliveSeconds: 0 });
    throws(() => channel.transaction().begin(), withCode('CHANNEL_CLOSED'));
    await channel.start();
    const transaction = channel.transaction();
    transaction.begin();
    transaction.put(event('a'));
    await channel.stop();
    await rejects(transaction.commit(), withCode('CHANNEL_CLOSED'));
    await transaction.rollback();
    equal(await channel.available(10_000), false);
    ok(channel.transactionCapacity > 0);
  },
};
