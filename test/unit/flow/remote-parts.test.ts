/** Parts of receivers on other hosts, by themselves: what they do at moments that real hosts seldom meet. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { EventBlock } from '../../../src/avro/event-block.ts';
import type { Clock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import type { BlockLog, BlockRef } from '../../../src/flow/block/block-log.ts';
import type { Receiver } from '../../../src/flow/receive/receiver.ts';
import { Channel } from '../../../src/flow/remote/channel.ts';
import { type DriverLink, RemoteIntake } from '../../../src/flow/remote/remote-intake.ts';
import { until } from '../../kit/until.ts';

/** A clock whose timers fire when the test says so, however late that is. */
class LateClock implements Clock {
  time = 0;
  readonly #timers = new Set<() => void>();

  now(): number {
    return this.time;
  }

  after(_: number, run: () => void): { cancel(): void } {
    this.#timers.add(run);
    return { cancel: () => void this.#timers.delete(run) };
  }

  /** Fires all that wait now. */
  fire(): void {
    for (const run of [...this.#timers]) {
      this.#timers.delete(run);
      run();
    }
  }
}

async function socketPair(): Promise<[Socket, Socket]> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  const theirs = new Promise<Socket>((resolve) => server.once('connection', resolve));
  const own = connect(port, '127.0.0.1');
  const pair: [Socket, Socket] = [own, await theirs];
  server.close();
  onTestFinished(() => {
    for (const socket of pair) socket.destroy();
  });
  return pair;
}

test('who was held up does not take the other side for lost before it has read what that has said', async () => {
  const [socket, other] = await socketPair();
  const clock = new LateClock();
  const closed: string[] = [];
  const channel = new Channel({ socket, clock, onMessage: () => {}, onClose: (reason) => closed.push(reason) });
  onTestFinished(() => channel.close('over'));
  // A function of the user runs for a minute: the look that was due after two seconds comes then.
  clock.time = 60_000;
  clock.fire();
  expect(closed).toEqual([]);
  other.write(Buffer.from([0, 0, 0, 2, 0x7b, 0x7d]));
  await until(() => socket.bytesRead > 0);
  // Silence counts while looks come in time.
  for (let beat = 0; beat < 6; beat++) {
    clock.time += 2000;
    clock.fire();
  }
  expect(closed).toEqual(['nothing was heard of it for 10000 ms']);
});

test('what a driver has settled is released in the blocks of that driver, though another one has come meanwhile', async () => {
  const released: string[] = [];
  const linkTo = (name: string): DriverLink => ({
    root: '/storage',
    channel: { send: () => {} } as unknown as Channel,
    blocks: {
      append: async (events: EventBlock): Promise<BlockRef> =>
        ({ file: 1, offset: 0, length: 9, count: events.count, crc: 0 }) as unknown as BlockRef,
      placeOf: () => ({ path: '/storage/receivers/blocks', offset: 0, length: 9, count: 1, crc: 0 }),
      release: async (refs: readonly BlockRef[]) => void (refs.length > 0 && released.push(name)),
    } as unknown as BlockLog,
  });
  let answerSink = (): void => {};
  const receiver = {
    name: 'a polling receiver',
    settle: () => new Promise<number>((resolve) => (answerSink = () => resolve(1))),
  } as unknown as Receiver;
  const intake = new RemoteIntake(0, receiver, silentLogger, () => {});
  intake.attach(linkTo('first'));
  intake.offer({ sequence: 1, events: EventBlock.fromItems(1, [Buffer.from([0, 0])]), bytes: 9 });
  await new Promise((resolve) => setImmediate(resolve));
  const settled = intake.settled([1], 'committed');
  // The sink has not answered yet when the driver is lost, and another one comes.
  intake.detach();
  intake.attach(linkTo('second'));
  answerSink();
  await settled;
  expect(released).toEqual(['first']);
});
