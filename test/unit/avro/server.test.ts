import { constants, deflateSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { decodeEvents, encodeStatus, type FlumeMessage, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import type { RpcRequest } from '../../../src/avro/rpc-request.ts';
import { AvroRpcServer, type AvroRpcServerOptions } from '../../../src/avro/server.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';
import { call, event, events, FLUME_HASH, frame, handshake, RawClient, varint } from '../../kit/wire.ts';

const OPEN: AvroRpcServer[] = [];
afterEach(async () => {
  for (const server of OPEN.splice(0)) await server.close();
});

async function start(options: Partial<AvroRpcServerOptions> = {}) {
  const { log, lines } = collectingLogger();
  const bodies: string[] = [];
  const server = await AvroRpcServer.listen({
    host: '127.0.0.1',
    port: 0,
    protocol: flumeProtocol,
    owner: 'test',
    log,
    onRequest: (request) => {
      for (const each of decodeEvents(request.message as FlumeMessage, request.params).toArray())
        bodies.push(each.text());
      request.reply(encodeStatus('OK'));
    },
    ...options,
  });
  OPEN.push(server);
  return { server, lines, bodies, client: await RawClient.connect(server.address.port) };
}

/** What a real server answers to a client whose hashes it knows: BOTH, nulls, empty metadata, no error, OK. */
const BOTH_OK = '00000000000000';

describe('handshake', () => {
  test('a known hash is answered BOTH in the seven bytes of a real server', async () => {
    const { client, bodies } = await start();
    client.write(frame(1, Buffer.concat([handshake(), call('appendBatch', events(['a', 'b']))])));
    const [reply] = await client.wait(1);
    expect(reply?.serial).toBe(1);
    expect(reply?.payload.toString('hex')).toBe(BOTH_OK);
    expect(bodies).toEqual(['a', 'b']);
  });

  test('metadata may be null', async () => {
    const { client } = await start();
    const bytes = Buffer.concat([FLUME_HASH, Buffer.of(0), FLUME_HASH, Buffer.of(0)]);
    client.write(frame(1, bytes, call('append', event('x'))));
    expect((await client.wait(1))[0]?.payload.toString('hex')).toBe(BOTH_OK);
  });

  test('an unknown hash is answered NONE with nothing after it; the resend with the text is taken', async () => {
    const { client, bodies } = await start();
    const unknown = Buffer.alloc(16, 7);
    client.write(frame(1, handshake(unknown), call('append', event('x'))));
    const none = (await client.wait(1))[0]?.payload ?? Buffer.alloc(0);
    expect(none[0]).toBe(4); // NONE
    expect(none.toString('latin1')).toContain('AvroSourceProtocol');
    expect(none.includes(FLUME_HASH)).toBe(true);
    expect(none.subarray(-1).toString('hex')).toBe('00'); // metadata null, and the end
    expect(bodies).toEqual([]);
    client.write(frame(2, handshake(unknown, flumeProtocol.text, FLUME_HASH), call('append', event('x'))));
    expect((await client.wait(2))[1]?.payload.toString('hex')).toBe(BOTH_OK);
    expect(bodies).toEqual(['x']);
  });

  test('a hash that was introduced on one connection is known on all', async () => {
    const { server, client } = await start();
    const unknown = Buffer.alloc(16, 8);
    client.write(frame(1, handshake(unknown, flumeProtocol.text), call('')));
    await client.wait(1);
    const other = await RawClient.connect(server.address.port);
    other.write(frame(1, handshake(unknown), call('append', event('y'))));
    expect((await other.wait(1))[0]?.payload.toString('hex')).toBe(BOTH_OK);
  });

  test('a wrong server hash is answered CLIENT with the text, and the call is run', async () => {
    const { client, bodies } = await start();
    client.write(frame(1, handshake(FLUME_HASH, undefined, Buffer.alloc(16)), call('append', event('x'))));
    const payload = (await client.wait(1))[0]?.payload ?? Buffer.alloc(0);
    expect(payload[0]).toBe(2); // CLIENT
    expect(payload.subarray(-3).toString('hex')).toBe('000000');
    expect(bodies).toEqual(['x']);
  });

  test('a ping is answered by the handshake alone, and then the connection is connected', async () => {
    const { client, bodies } = await start();
    client.write(frame(1, handshake(), call('')));
    expect((await client.wait(1))[0]?.payload.toString('hex')).toBe('00000000');
    client.write(frame(2, call('append', event('z'))));
    expect((await client.wait(2))[1]?.payload.toString('hex')).toBe('000000');
    expect(bodies).toEqual(['z']);
  });

  test('the text of another protocol closes the connection with the reason', async () => {
    const { client, lines } = await start();
    client.write(frame(1, handshake(Buffer.alloc(16, 9), '{"protocol":"Other","messages":{"x":{}}}'), call('x')));
    await client.closed;
    expect(lines[0]?.message).toContain('another protocol');
  });
});

describe('framing', () => {
  test('any split of the bytes gives the same requests', async () => {
    const { client, bodies } = await start();
    const bytes = Buffer.concat([
      frame(1, handshake(), call('appendBatch'), events(['one', 'two'])),
      frame(2, ...[...call('append', event('three'))].map((byte) => Buffer.of(byte)), Buffer.alloc(0)),
    ]);
    for (const byte of bytes) {
      client.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.wait(2)).map(({ serial }) => serial)).toEqual([1, 2]);
    expect(bodies).toEqual(['one', 'two', 'three']);
  });

  test('pipelined requests may be answered in any order, each with its serial', async () => {
    const requests: RpcRequest[] = [];
    const { client } = await start({ onRequest: (request) => void requests.push(request) });
    client.write(frame(1, handshake(), call('append', event('a'))));
    client.write(Buffer.concat([2, 3, 4].map((serial) => frame(serial, call('append', event('b'))))));
    await until(() => requests.length === 4);
    for (const request of requests.reverse()) request.reply(encodeStatus('OK'));
    expect((await client.wait(4)).map(({ serial }) => serial)).toEqual([4, 3, 2, 1]);
  });

  test('a connection with as many requests in flight as allowed is not read until one is answered', async () => {
    const requests: RpcRequest[] = [];
    const { server, client } = await start({ pipeline: 2, onRequest: (request) => void requests.push(request) });
    client.write(frame(1, handshake(), call('append', event('a'))));
    await until(() => requests.length === 1);
    client.write(frame(2, call('append', event('b'))));
    await until(() => requests.length === 2);
    client.write(frame(3, call('append', event('c'))));
    // The third is written and stays unread: another client's request overtakes it.
    const other = await RawClient.connect(server.address.port);
    other.write(frame(1, handshake(), call('append', event('d'))));
    await until(() => requests.length === 3);
    expect(requests.map(({ params }) => params.toString('latin1').at(-1))).toEqual(['a', 'b', 'd']);
    requests[0]?.reply(encodeStatus('OK'));
    await until(() => requests.length === 4);
  });
});

describe('bad input', () => {
  const closes: [string, Buffer, RegExp][] = [
    ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /HTTP request/],
    ['random bytes', Buffer.from('c0ffee00112233445566', 'hex'), /neither Avro RPC frames, TLS nor zlib/],
    ['listSize 0', Buffer.from('0000000100000000', 'hex'), /0 buffers/],
    ['a negative listSize', Buffer.from('00000001ffffffff', 'hex'), /-1 buffers/],
    ['a huge listSize', Buffer.from('000000017fffffff', 'hex'), /more than the limit/],
    ['a negative length', Buffer.from('0000000100000001ffffffff', 'hex'), /-1 bytes/],
    ['a huge length', Buffer.from('00000001000000017fffffff', 'hex'), /more than the limit/],
    ['a handshake that is none', frame(1, Buffer.alloc(3)), /ends in the middle/],
    ['TLS without a certificate', Buffer.from('16030100050100000100', 'hex'), /speaks TLS/],
    ['data that is no zlib stream', Buffer.from('789cffffffffffff', 'hex'), /invalid|incorrect/],
  ];
  test.each(closes)(
    '%s closes the connection with one line that names the peer and the reason',
    async (_, bytes, reason) => {
      const { server, client, lines } = await start();
      const other = await RawClient.connect(server.address.port);
      const peer = `127.0.0.1:${client.socket.localPort}`;
      client.write(bytes);
      await client.closed;
      expect(lines).toHaveLength(1);
      expect(lines[0]?.message).toMatch(reason);
      expect(lines[0]?.message).toContain(peer);
      other.write(frame(1, handshake(), call('append', event('still here'))));
      expect((await other.wait(1))[0]?.payload.toString('hex')).toBe(BOTH_OK);
    },
  );

  test('plain data where compression is demanded closes the connection', async () => {
    const { client, lines } = await start({ compression: 'deflate' });
    client.write(frame(1, handshake(), call('')));
    await client.closed;
    expect(lines[0]?.message).toContain('plain data');
  });

  test('a truncated frame is reported when its connection ends', async () => {
    const { client, lines } = await start();
    client.write(frame(1, handshake(), call('append', event('x'))).subarray(0, 40));
    client.socket.end();
    await client.closed;
    expect(lines[0]?.message).toContain('middle of a request');
  });

  test('a request that does not arrive whole in time closes the connection', async () => {
    const clock = new ManualClock(0);
    const { server, client, lines } = await start({ clock, frameTimeoutMs: 20_000 });
    client.write(frame(1, handshake(), call('append', event('x'.repeat(100)))).subarray(0, 60));
    await until(() => server.partialBytes > 0);
    clock.advance(20_000);
    await client.closed;
    expect(lines[0]?.message).toContain('20000 ms');
  });

  test('unknown messages and truncated parameters are answered with an error, and the connection goes on', async () => {
    const { client, lines, bodies } = await start();
    client.write(frame(1, handshake(), call('fetch')));
    client.write(frame(2, call('append', Buffer.of(0))));
    client.write(frame(3, call('appendBatch', varint(1_000_000_000))));
    client.write(frame(4, call('append', event('after'))));
    const replies = await client.wait(4);
    expect(replies[0]?.payload.toString('latin1')).toContain('No such remote message: fetch');
    expect(replies[1]?.payload.toString('latin1')).toContain('java.io.EOFException');
    expect(replies[2]?.payload.toString('latin1')).toContain('java.io.EOFException');
    expect(replies[3]?.payload.toString('hex')).toBe('000000');
    expect(bodies).toEqual(['after']);
    expect(lines).toHaveLength(1);
  });

  test('the memory for partial frames over all connections is bounded, and each still comes through', async () => {
    const maxPartialBytes = 100_000;
    const { server, bodies } = await start({ maxPartialBytes });
    const body = 'x'.repeat(60_000);
    const clients = await Promise.all(Array.from({ length: 6 }, () => RawClient.connect(server.address.port)));
    const bytes = frame(1, handshake(), call('append', event(body)));
    for (const client of clients) client.write(bytes.subarray(0, 50_000));
    await until(() => server.partialBytes > maxPartialBytes);
    expect(server.partialBytes).toBeLessThan(maxPartialBytes + 6 * 66_000);
    for (const client of clients) client.write(bytes.subarray(50_000));
    await Promise.all(clients.map((client) => client.wait(1)));
    expect(bodies).toHaveLength(6);
    expect(server.partialBytes).toBe(0);
  });
});

test('what many small compressed requests would become does not count as memory before it is asked for', async () => {
  const maxPartialBytes = 4 * 1024 * 1024;
  const { server } = await start({ maxPartialBytes });
  // 20 MB of an unfinished frame in about 20 KB.
  const head = frame(1, Buffer.alloc(0)).subarray(0, 8);
  const length = Buffer.alloc(4);
  length.writeInt32BE(40 * 1024 * 1024);
  const bomb = deflateSync(Buffer.concat([head, length, Buffer.alloc(20 * 1024 * 1024)]), {
    finishFlush: constants.Z_SYNC_FLUSH,
  });
  const clients = await Promise.all(Array.from({ length: 10 }, () => RawClient.connect(server.address.port)));
  const before = process.memoryUsage().arrayBuffers;
  for (const client of clients) client.write(bomb);
  await until(() => server.partialBytes > maxPartialBytes);
  // A well-behaved client comes through meanwhile, and gives the inflaters many turns of the event loop to overdo it.
  const good = await RawClient.connect(server.address.port);
  for (let serial = 1; serial <= 200; serial++) {
    good.write(
      serial === 1 ? frame(1, handshake(), call('append', event('x'))) : frame(serial, call('append', event('x'))),
    );
    await good.wait(serial);
  }
  // The oldest may go on up to the limit of a frame; the other nine may not inflate their 180 MB.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(120 * 1024 * 1024);
  for (const client of clients) client.socket.destroy();
});

test('a connection that is opened while reading has stopped is not read either', async () => {
  const { server, bodies } = await start();
  server.pauseReading();
  const late = await RawClient.connect(server.address.port);
  late.write(frame(1, handshake(), call('append', event('late'))));
  const { server: other } = await start();
  const bystander = await RawClient.connect(other.address.port);
  for (let serial = 1; serial <= 50; serial++) {
    bystander.write(serial === 1 ? frame(1, handshake(), call('')) : frame(serial, call('')));
    await bystander.wait(serial);
  }
  expect(bodies).toEqual([]);
  server.resumeReading();
  await late.wait(1);
  expect(bodies).toEqual(['late']);
});

test('a client whose serial is past 16 million is understood', async () => {
  const { client, bodies } = await start();
  client.write(frame(0x01000001, handshake(), call('append', event('x'))));
  expect((await client.wait(1))[0]?.serial).toBe(0x01000001);
  expect(bodies).toEqual(['x']);
});

describe('ip filter', () => {
  test('the first rule that fits decides', async () => {
    const { client } = await start({ ipFilter: 'deny:ip:127.*,allow:ip:*' });
    await client.closed;
    const { client: allowed } = await start({ ipFilter: 'allow:ip:127.0.0.?,deny:ip:*' });
    allowed.write(frame(1, handshake(), call('')));
    expect(await allowed.wait(1)).toHaveLength(1);
  });

  test('a rule that is none is refused with the rule', async () => {
    await expect(start({ ipFilter: 'permit:ip:*' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

test('a port in use is refused with what to do', async () => {
  const { server } = await start();
  await expect(start({ port: server.address.port })).rejects.toMatchObject({ code: 'PORT_IN_USE' });
});
