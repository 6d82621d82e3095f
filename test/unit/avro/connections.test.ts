/** Which connections a server keeps: each step has its time, there is room for so many, and quiet ones make room for new ones. */
import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { AvroRpcClient } from '../../../src/avro/client.ts';
import { freeDescriptors } from '../../../src/avro/descriptors.ts';
import { encodeStatus, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import type { RpcRequest } from '../../../src/avro/rpc-request.ts';
import { AvroRpcServer, type AvroRpcServerOptions } from '../../../src/avro/server.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';
import { call, event, frame, handshake, RawClient } from '../../kit/wire.ts';

const CLOSERS: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of CLOSERS.splice(0).reverse()) await close();
});

async function start(options: Partial<AvroRpcServerOptions> = {}) {
  const { log, lines } = collectingLogger();
  const clock = new ManualClock(0);
  const requests: RpcRequest[] = [];
  const onRequest = (request: RpcRequest): void => void requests.push(request);
  const server = await AvroRpcServer.listen({
    ...{ host: '127.0.0.1', port: 0, protocol: flumeProtocol, owner: 'test', log, clock, onRequest },
    ...options,
  });
  CLOSERS.push(() => server.close());
  let made = 0;
  /** Waits until the server has seen it, so that the order of connections is that of the calls. */
  const connect = async (): Promise<RawClient> => {
    const before = made++;
    const client = await RawClient.connect(server.address.port);
    CLOSERS.push(() => client.socket.destroy());
    await until(() => server.accepted > before);
    return client;
  };
  const shakeHands = async (): Promise<RawClient> => {
    const client = await connect();
    client.write(frame(1, handshake(), call('')));
    await client.wait(1);
    return client;
  };
  return { server, lines, clock, requests, connect, shakeHands };
}

const isAlive = async (client: RawClient): Promise<boolean> => {
  const { length } = client.replies;
  client.write(frame(99, call('')));
  return client.wait(length + 1).then(
    () => true,
    () => false,
  );
};

describe('the handshake has its time, whatever step it stands in', () => {
  const steps: [string, Buffer][] = [
    ['before the first byte', Buffer.alloc(0)],
    ['half a head of a frame', Buffer.from('00000001', 'hex')],
    ['half a frame', frame(1, handshake(), call('append', event('x'))).subarray(0, 30)],
    ['a handshake that is not known, again and again', frame(1, handshake(Buffer.alloc(16, 1)), call(''))],
    ['the beginning of a zlib stream', Buffer.from('789c', 'hex')],
  ];
  test.each(steps)('%s', async (_, bytes) => {
    const { server, clock, connect, shakeHands, lines } = await start({ handshakeTimeoutMs: 20_000 });
    const quiet = await shakeHands();
    const client = await connect();
    client.write(bytes);
    await isAlive(quiet);
    clock.advance(19_999);
    expect(server.connectionCount).toBe(2);
    clock.advance(1);
    await client.closed;
    expect(lines.some(({ message }) => /handshake within 20000 ms|whole within/.test(message))).toBe(true);
    // A sink that is quiet between two batches stays.
    clock.advance(10 * 24 * 3600 * 1000);
    expect(await isAlive(quiet)).toBe(true);
  });

  test('half a TLS handshake', async () => {
    const { readFileSync } = await import('node:fs');
    const file = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url));
    const { server, clock, connect } = await start({ tls: { key: file('key'), cert: file('cert') } });
    const client = await connect();
    client.write(Buffer.from('1603010200010001fc0303', 'hex'));
    await until(() => server.connectionCount === 1);
    clock.advance(20_000);
    await client.closed;
  });
});

test('a peer that ends its side before its handshake leaves nothing behind', async () => {
  const { server, connect } = await start();
  const client = await connect();
  client.socket.end();
  await client.closed;
  await until(() => server.connectionCount === 0);
});

test('a connection that has been quiet for idleTimeoutMs is closed, one with a request under way is not', async () => {
  const { clock, shakeHands, requests, server } = await start({ idleTimeoutMs: 60_000 });
  const quiet = await shakeHands();
  const busy = await shakeHands();
  busy.write(frame(2, call('append', event('x'))));
  await until(() => requests.length === 1);
  clock.advance(90_000);
  await quiet.closed;
  expect(server.connectionCount).toBe(1);
  requests[0]?.reply(encodeStatus('OK'));
  await busy.wait(2);
  clock.advance(90_000);
  await busy.closed;
});

test('a peer that does not read its answers is closed', async () => {
  const { server, clock, shakeHands, lines } = await start({ frameTimeoutMs: 20_000 });
  const client = await shakeHands();
  client.socket.pause();
  const pings = Buffer.concat(Array.from({ length: 10_000 }, () => frame(2, call(''))));
  // Until the buffers of both systems are full, and the server does not read any more.
  let writing = true;
  const write = (): void => {
    if (writing && !client.socket.destroyed) client.socket.write(pings, () => setImmediate(write));
  };
  write();
  await until(() => {
    clock.advance(20_000);
    return server.connectionCount === 0;
  });
  writing = false;
  expect(lines.map(({ message }) => message).join()).toContain('has not read its answers');
});

describe('room', () => {
  test('the connection that has been quiet longest goes when there are maxConnections', async () => {
    const { server, clock, shakeHands, lines } = await start({ maxConnections: 3 });
    const first = await shakeHands();
    clock.advance(10);
    const second = await shakeHands();
    clock.advance(10);
    const third = await shakeHands();
    clock.advance(10);
    expect(await isAlive(first)).toBe(true);
    const fourth = await shakeHands();
    await second.closed;
    expect(server.connectionCount).toBe(3);
    for (const client of [first, third, fourth]) expect(await isAlive(client)).toBe(true);
    expect(lines[0]?.message).toMatch(/closed for a new one.*maxConnections/);
  });

  test('those that have not finished their handshake go first', async () => {
    const { clock, shakeHands, connect } = await start({ maxConnections: 2 });
    const good = await shakeHands();
    clock.advance(5000);
    const silent = await connect();
    clock.advance(5000);
    await shakeHands();
    await silent.closed;
    expect(await isAlive(good)).toBe(true);
  });

  test('one with a request or half a request under way never goes: the new one is refused', async () => {
    const { server, shakeHands, connect, requests, lines } = await start({ maxConnections: 2 });
    const [asking, sending] = [await shakeHands(), await shakeHands()];
    asking.write(frame(2, call('append', event('x'))));
    await until(() => requests.length === 1);
    sending.write(frame(2, call('append', event('y'.repeat(100)))).subarray(0, 50));
    await until(() => server.partialBytes > 0);
    const late = await connect();
    await late.closed;
    expect(lines.some(({ message }) => message.includes('refused, since none was quiet'))).toBe(true);
    requests[0]?.reply(encodeStatus('OK'));
    await asking.wait(2);
    const next = await shakeHands();
    expect(await isAlive(next)).toBe(true);
  });

  test('an address that has its share makes room among its own', async () => {
    const { server, shakeHands } = await start({ maxConnectionsPerAddress: 2 });
    const other = net.connect({ port: server.address.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
    CLOSERS.push(() => other.destroy());
    other.write(frame(1, handshake(), call('')));
    await new Promise((resolve) => other.once('data', resolve));
    let closed = false;
    other.once('close', () => {
      closed = true;
    });
    const first = await shakeHands();
    for (let i = 0; i < 10; i++) await shakeHands();
    await first.closed;
    expect(server.connectionCount).toBe(3);
    expect(closed).toBe(false);
  });

  test('when file descriptors are short, a quiet connection goes for each new one', async () => {
    let free = 1000;
    const { server, shakeHands } = await start({ freeDescriptors: () => free });
    const first = await shakeHands();
    free = 10;
    for (let i = 0; i < 20; i++) await shakeHands();
    await first.closed;
    // The count is looked at every few connections only, while there were plenty.
    expect(server.connectionCount).toBeLessThanOrEqual(10);
  });

  test('a flood of connections is a few lines in the log', async () => {
    const { shakeHands, lines } = await start({ maxConnections: 1 });
    for (let i = 0; i < 20; i++) await shakeHands();
    expect(lines).toHaveLength(1);
  });

  test('a client of ours connects anew when its quiet connection went', async () => {
    const { server, shakeHands, requests } = await start({ maxConnections: 1 });
    const { host, port } = server.address;
    const client = await AvroRpcClient.connect({ host, port, protocol: flumeProtocol });
    await shakeHands();
    await until(() => client.closed);
    const again = await AvroRpcClient.connect({ host, port, protocol: flumeProtocol });
    const answer = again.call('append', event('x'), 20_000);
    await until(() => requests.length === 1);
    requests[0]?.reply(encodeStatus('OK'));
    await answer;
    await again.close();
  });
});

test.runIf(process.platform === 'linux')('free descriptors are counted', async () => {
  const before = freeDescriptors();
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  expect(freeDescriptors()).toBeLessThan(before);
  server.close();
});
