/** A hundred thousand mutated frames against a real server: none may end it, hold memory, or disturb a well-behaved client. */
import { expect, test } from 'vitest';
import { FrameDecoder } from '../../src/avro/frames.ts';
import { readHandshakeRequest } from '../../src/avro/handshake.ts';
import { decodeEvents, encodeStatus, type FlumeMessage, flumeProtocol } from '../../src/avro/protocols/flume.ts';
import { AvroReader } from '../../src/avro/reader.ts';
import { AvroRpcServer } from '../../src/avro/server.ts';
import { until } from '../kit/until.ts';
import { call, event, events, frame, handshake, RawClient } from '../kit/wire.ts';

const FRAMES = 100_000;
const FRAMES_PER_CONNECTION = 10;
const CONNECTIONS_AT_ONCE = 32;
const MAX_PARTIAL_BYTES = 4 * 1024 * 1024;

/** A small generator with a seed, so that a failure can be run again (Steele, Lea, Flood: SplitMix, in 32 bits). */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % below;
  };
}

const SEEDS: readonly Buffer[] = [
  frame(1, handshake(), call('append', event('hello', { a: 'b' }))),
  frame(2, handshake(), call('appendBatch'), events(['one', 'two', 'three'])),
  frame(3, call('append', event('no handshake'))),
  frame(4, handshake(), call('')),
  frame(5, handshake(Buffer.alloc(16, 1), flumeProtocol.text), call('append', event('x'))),
  frame(6, ...Array.from({ length: 40 }, () => Buffer.alloc(3))),
];

const EXTREMES = [0, -1, 1, 0x7fffffff, -0x80000000, 0x00ffffff, 65_536];

function mutate(seed: Buffer, random: (below: number) => number): Buffer {
  const bytes = Buffer.from(seed);
  for (let n = 1 + random(4); n > 0; n--) {
    const at = random(bytes.length);
    switch (random(4)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 2:
        bytes.writeInt32BE(EXTREMES[random(EXTREMES.length)] ?? 0, Math.min(at, bytes.length - 4));
        break;
      default:
        bytes.copyWithin(random(bytes.length), at);
    }
  }
  return random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

test('each mutated frame by itself is read, or refused as a bad frame, handshake or message', () => {
  const random = generator(7);
  let whole = 0;
  let refused = 0;
  for (let i = 0; i < FRAMES; i++) {
    const decoder = new FrameDecoder(1024 * 1024, (_, payload) => {
      whole++;
      const reader = new AvroReader(payload);
      readHandshakeRequest(reader);
      reader.skipMap();
      reader.string();
      for (const each of decodeEvents('appendBatch', payload.subarray(reader.position)).toArray()) void each.headers;
    });
    try {
      decoder.push(mutate(SEEDS[i % SEEDS.length] ?? Buffer.alloc(1), random));
    } catch (error) {
      refused++;
      expect(error).toMatchObject({ code: expect.stringMatching(/^(PROTOCOL_ERROR|FRAME_TOO_LARGE)$/) });
    }
    expect(decoder.heldBytes).toBeLessThan(4096);
  }
  // Both kinds were met, so that the test shows something.
  expect(whole).toBeGreaterThan(FRAMES / 10);
  expect(refused).toBeGreaterThan(FRAMES / 10);
});

test('mutated frames are answered or end their connection; the server, its memory and other clients stay well', async () => {
  let taken = 0;
  const server = await AvroRpcServer.listen({
    host: '127.0.0.1',
    port: 0,
    protocol: flumeProtocol,
    owner: 'fuzz',
    maxFrameBytes: 1024 * 1024,
    maxPartialBytes: MAX_PARTIAL_BYTES,
    onRequest: (request) => {
      taken += decodeEvents(request.message as FlumeMessage, request.params).count;
      request.reply(encodeStatus('OK'));
    },
  });
  const good = await RawClient.connect(server.address.port);
  good.write(frame(1, handshake(), call('append', event('good'))));
  const random = generator(20);
  let sent = 0;
  let mostHeld = 0;
  const attack = async (): Promise<void> => {
    while (sent < FRAMES) {
      const frames = Array.from({ length: FRAMES_PER_CONNECTION }, () =>
        mutate(SEEDS[random(SEEDS.length)] ?? Buffer.alloc(1), random),
      );
      sent += frames.length;
      const client = await RawClient.connect(server.address.port);
      client.write(Buffer.concat(frames));
      client.socket.end();
      await client.closed;
      mostHeld = Math.max(mostHeld, server.partialBytes);
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS_AT_ONCE }, attack));
  good.write(frame(2, call('append', event('still good'))));
  const replies = await good.wait(2);
  expect(replies[1]?.payload.toString('hex')).toBe('000000');
  await until(() => server.connectionCount === 1);
  expect(sent).toBeGreaterThanOrEqual(FRAMES);
  expect(taken).toBeGreaterThan(2);
  expect(mostHeld).toBeLessThanOrEqual(MAX_PARTIAL_BYTES);
  expect(server.partialBytes).toBe(0);
  await server.close();
}, 120_000);
