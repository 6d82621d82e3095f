/** A thousand hosts that receive for one driver: what they cost it grows with their number, and not with its square. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../src/core/clock.ts';
import type { Delivery, Intake, Receiver } from '../../../src/flow/receive/receiver.ts';
import { Channel, type Message } from '../../../src/flow/remote/channel.ts';
import type { FromDriver } from '../../../src/flow/remote/messages.ts';
import { type HostLink, RemoteReceiver } from '../../../src/flow/remote/remote-receiver.ts';

const HOSTS = 1000;
const PLACE = { path: 'receivers/r/blocks', offset: 0, length: 10, count: 2, crc: 0 };

/** A receiver of the driver, started, with what it has told hosts and handed over. */
async function polled() {
  const own = { name: 'sinks', polling: { askAtMost: () => {} } } as unknown as Receiver;
  const receiver = new RemoteReceiver(0, own, '/storage', async () => {});
  const offered: Delivery[] = [];
  const told: { host: string; message: FromDriver }[] = [];
  const withdraw = async (sequences: readonly number[]) => sequences.slice(1);
  await receiver.start({ offer: (each: Delivery) => offered.push(each), withdraw } as unknown as Intake);
  const host = (name: string): HostLink => {
    const send = (message: FromDriver): number => told.push({ host: name, message });
    const call = async (message: FromDriver): Promise<number> => {
      send(message);
      return 2;
    };
    return { name, channel: { send, call } as unknown as Channel };
  };
  return { receiver, offered, told, host };
}

test('each host that comes learns its part at once, and all of them now and then', async () => {
  const { host, receiver, told } = await polled();
  receiver.polling?.askAtMost(() => 1_000_000);
  for (let i = 0; i < HOSTS; i++) {
    const before = told.length;
    receiver.join(host(`r${i}`));
    const last = told.slice(before).find((each) => each.host === `r${i}`);
    expect(last?.message).toEqual({ type: 'limit', input: 0, events: Math.floor(1_000_000 / (i + 1)) });
  }
  expect(told.length).toBeLessThan(15 * HOSTS);
  const parts = new Map(told.map((each) => [each.host, (each.message as { events: number }).events]));
  const all = [...parts.values()].reduce((sum, events) => sum + events, 0);
  expect(all).toBeLessThan(1_100_000);
  told.splice(0);
  receiver.tellLimit();
  expect(told.map(({ message }) => (message as { events: number }).events)).toEqual(Array(HOSTS).fill(1000));
});

test('what is not settled of a host is counted, of one that is lost, too', async () => {
  const { host, offered, receiver } = await polled();
  const [one, two] = [host('one'), host('two')];
  for (const each of [one, two]) {
    receiver.join(each);
    for (const sequence of [7, 8, 9]) receiver.take(each, { type: 'offer', input: 0, sequence, place: PLACE });
  }
  expect([receiver.openOf(one), receiver.openOf(two), offered.length]).toEqual([3, 3, 6]);
  // The intake keeps the first of those that are taken back: it is in a batch.
  await receiver.leave(one);
  expect([receiver.openOf(one), receiver.openOf(two)]).toEqual([1, 3]);
  await receiver.settle([0, 3], 'committed');
  expect([receiver.openOf(one), receiver.openOf(two)]).toEqual([0, 2]);
  await receiver.settle([0, 3], 'committed');
  expect([receiver.openOf(one), receiver.openOf(two)]).toEqual([0, 2]);
});

test('a message comes whole in whatever parts', () => {
  const socket = Object.assign(new PassThrough(), { setNoDelay: () => {} });
  const taken: Message[] = [];
  const channel = new Channel({
    socket: socket as never,
    clock: new ManualClock(0),
    onMessage: (message) => void taken.push(message),
    onClose: () => {},
  });
  const frames = [['a'.repeat(300)], ['b'], ['c'.repeat(70_000)]].map(([type]) => {
    const body = Buffer.from(JSON.stringify({ message: { type } }));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    return Buffer.concat([head, body]);
  });
  const bytes = Buffer.concat(frames);
  for (const size of [1, 3, 1000, bytes.length]) {
    taken.splice(0);
    for (let from = 0; from < bytes.length; from += size) socket.emit('data', bytes.subarray(from, from + size));
    expect(taken.map(({ type }) => type.length)).toEqual([300, 1, 70_000]);
  }
  channel.close('the test is over');
});
