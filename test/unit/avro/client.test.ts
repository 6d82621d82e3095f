/** Whatever a peer answers, each call of a client is settled, once; the peers here are scripted byte by byte. */
import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { AvroRpcClient } from '../../../src/avro/client.ts';
import { flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { until } from '../../kit/until.ts';
import { FLUME_HASH, frame, text, varint } from '../../kit/wire.ts';

const CLOSERS: (() => void)[] = [];
afterEach(() => {
  for (const close of CLOSERS.splice(0).reverse()) close();
});

/** BOTH, no protocol, no hash, no metadata. */
const BOTH = Buffer.of(0, 0, 0, 0);
const OK = Buffer.of(0, 0, 0);

interface Peer {
  readonly port: number;
  /** The serials that were read, in order. */
  readonly serials: number[];
  readonly sockets: net.Socket[];
}

/** A peer that answers each frame with the bytes that `answer` gives for its serial and its place in the connection. */
function peer(answer: (serial: number, place: number) => Buffer | undefined): Promise<Peer> {
  const serials: number[] = [];
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    let place = 0;
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      // Our client writes frames of one buffer.
      while (bytes.length >= 12 && bytes.length >= 12 + bytes.readInt32BE(8)) {
        const serial = bytes.readInt32BE(0);
        bytes = bytes.subarray(12 + bytes.readInt32BE(8));
        serials.push(serial);
        const reply = answer(serial, place++);
        if (reply !== undefined) socket.write(reply);
      }
    });
  });
  CLOSERS.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () =>
      resolve({ port: (server.address() as net.AddressInfo).port, serials, sockets }),
    ),
  );
}

async function connect(port: number, clock = new ManualClock(0)): Promise<AvroRpcClient> {
  const client = await AvroRpcClient.connect({ host: '127.0.0.1', port, protocol: flumeProtocol, clock });
  CLOSERS.push(() => void client.close());
  return client;
}

const closing = (client: AvroRpcClient): Promise<void> => new Promise((resolve) => client.onClose(resolve));

describe('an answer that makes no sense ends the connection and all its calls', () => {
  const answers: [string, (serial: number) => Buffer, string][] = [
    ['no bytes', (serial) => frame(serial, Buffer.alloc(0)), 'PROTOCOL_ERROR'],
    ['metadata that is cut', (serial) => frame(serial, varint(5)), 'PROTOCOL_ERROR'],
    ['metadata of many entries', (serial) => frame(serial, varint(200), Buffer.alloc(1000)), 'LIMIT_EXCEEDED'],
    ['an error flag that is none', (serial) => frame(serial, Buffer.of(0, 7)), 'PROTOCOL_ERROR'],
    ['an unknown branch of the error', (serial) => frame(serial, Buffer.of(0, 1, 8)), 'PROTOCOL_ERROR'],
    ['an error text that is cut', (serial) => frame(serial, Buffer.of(0, 1, 0, 40, 65)), 'PROTOCOL_ERROR'],
    ['the serial of no call', (serial) => frame(serial + 77, OK), 'PROTOCOL_ERROR'],
    ['a frame without buffers', () => Buffer.from('0000000200000000', 'hex'), 'PROTOCOL_ERROR'],
    ['no Avro at all', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), 'FRAME_TOO_LARGE'],
  ];
  test.each(answers)('%s', async (_, answer, code) => {
    const { port } = await peer((serial, place) =>
      place === 0 ? frame(serial, BOTH) : place === 2 ? answer(serial) : undefined,
    );
    const client = await connect(port);
    const closed = closing(client);
    const outcomes = await Promise.allSettled([
      client.call('append', Buffer.alloc(0), 20_000),
      client.call('append', Buffer.alloc(0), 0),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code, where: client.remote } });
    }
    await closed;
    await expect(client.call('append', Buffer.alloc(0))).rejects.toMatchObject({ code });
  });
});

test('an answer that came with another one that makes no sense is heard', async () => {
  const { port } = await peer((serial, place) => {
    if (place === 0) return frame(serial, BOTH);
    return place === 2 ? Buffer.concat([frame(serial - 1, OK), frame(serial, Buffer.of(0, 7))]) : undefined;
  });
  const client = await connect(port);
  const [first, second] = await Promise.allSettled([
    client.call('append', Buffer.alloc(0)),
    client.call('append', Buffer.alloc(0)),
  ]);
  expect(first).toMatchObject({ status: 'fulfilled' });
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'PROTOCOL_ERROR' } });
});

describe('a handshake', () => {
  const NONE = Buffer.concat([varint(2), varint(1), text('{}'), varint(1), FLUME_HASH, varint(0)]);
  const cases: [string, (serial: number) => Buffer, string][] = [
    ['an unknown match', (serial) => frame(serial, Buffer.of(20, 0, 0, 0)), 'PROTOCOL_ERROR'],
    ['NONE, again and again', (serial) => frame(serial, NONE), 'HANDSHAKE_FAILED'],
    ['NONE without the hash to answer to', (serial) => frame(serial, Buffer.of(4, 0, 0, 0)), 'HANDSHAKE_FAILED'],
    [
      'the text of another protocol',
      (serial) => frame(serial, Buffer.of(2, 2), text('{"messages":{"x":{}}}'), Buffer.of(0, 0)),
      'HANDSHAKE_FAILED',
    ],
    ['a cut one', (serial) => frame(serial, Buffer.of(0, 2, 100)), 'PROTOCOL_ERROR'],
    ['the serial of no call', (serial) => frame(serial + 1, BOTH), 'PROTOCOL_ERROR'],
    [
      'a huge protocol',
      (serial) => frame(serial, Buffer.of(2, 2), text(' '.repeat(100_000)), Buffer.of(0, 0)),
      'LIMIT_EXCEEDED',
    ],
  ];
  test.each(cases)('that answers with %s fails the connecting', async (_, answer, code) => {
    const { port } = await peer((serial) => answer(serial));
    await expect(connect(port)).rejects.toMatchObject({ code });
  });
});

describe('time limits', () => {
  const half = (serial: number): Buffer => frame(serial, Buffer.alloc(100)).subarray(0, 50);

  test('half an answer ends a call that has no limit of its own', async () => {
    const { port } = await peer((serial, place) => (place === 0 ? frame(serial, BOTH) : half(serial)));
    const clock = new ManualClock(0);
    const client = await connect(port, clock);
    const answer = client.call('append', Buffer.alloc(0), 0);
    const failed = expect(answer).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
    await until(() => {
      clock.advance(60_000);
      return client.closed;
    });
    await failed;
  });

  test('answers to younger calls do not prolong the wait for an older one', async () => {
    const { port } = await peer((serial, place) =>
      place === 0 ? frame(serial, BOTH) : place === 1 ? undefined : frame(serial, OK),
    );
    const clock = new ManualClock(0);
    const client = await connect(port, clock);
    const first = client.call('append', Buffer.alloc(0), 20_000);
    const failed = expect(first).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
    for (let i = 0; i < 4; i++) {
      await client.call('append', Buffer.alloc(0), 20_000);
      clock.advance(5000);
    }
    await failed;
  });

  test('a call waits its whole time after the one before it was answered', async () => {
    const { port, serials, sockets } = await peer((serial, place) => (place === 0 ? frame(serial, BOTH) : undefined));
    const clock = new ManualClock(0);
    const client = await connect(port, clock);
    const calls = [1, 2].map(() => client.call('append', Buffer.alloc(0), 20_000));
    await until(() => serials.length === 3);
    clock.advance(19_000);
    sockets[0]?.write(frame(serials[1] ?? 0, OK));
    await calls[0];
    clock.advance(19_000);
    sockets[0]?.write(frame(serials[2] ?? 0, OK));
    await calls[1];
  });
});

test('close ends in time with a peer that reads nothing', async () => {
  const { port, sockets } = await peer((serial) => frame(serial, BOTH));
  const client = await connect(port);
  sockets[0]?.pause();
  const failed = expect(client.call('append', Buffer.alloc(32 * 1024 * 1024))).rejects.toMatchObject({
    code: 'CONNECTION_CLOSED',
  });
  await client.close();
  await failed;
});
