/** A sink that is stopped comes to its end, whatever its peer does. */
import net from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { avro } from '../../../../src/agent/sinks/avro.ts';
import { put } from '../channels/use.ts';
import { avroPeer, sinkRig, until } from './rig.ts';

const CLOSERS: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of CLOSERS.splice(0)) await close();
});

it('does not wait for the handshake of a peer that answers none', async () => {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => sockets.push(socket.resume()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  CLOSERS.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as net.AddressInfo;
  const { stop, channel } = await sinkRig(avro, { hostname: '127.0.0.1', port });
  await put(channel, 'a');
  await until(() => sockets.length === 1);
  // The clock stands still.
  await stop();
  expect(channel.size).toBe(1);
});

it('waits for the answer to a request for five seconds only, with a peer that takes one at a time', async () => {
  const peer = await avroPeer(1);
  CLOSERS.push(() => peer.close());
  const { stop, channel, clock } = await sinkRig(avro, { hostname: '127.0.0.1', port: peer.port });
  await put(channel, 'a');
  await until(() => peer.waiting.length === 1);
  const stopped = stop();
  clock.advance(5000);
  await stopped;
  expect(channel.size).toBe(1);
});
