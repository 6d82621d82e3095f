import { afterEach, expect, test } from 'vitest';
import { decodeEvents, encodeStatus, type FlumeMessage, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { AvroRpcServer } from '../../../src/avro/server.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';
import { call, events, frame, handshake, RawClient } from '../../kit/wire.ts';

const REQUESTS = 400;
const OPEN: AvroRpcServer[] = [];
afterEach(async () => {
  for (const server of OPEN.splice(0)) await server.close();
});

/** A server that answers each request at once. @param stops whether reading stops now, after so many events */
async function listening(stops: (events: number) => boolean) {
  const bodies: string[] = [];
  const server = await AvroRpcServer.listen({
    host: '127.0.0.1',
    port: 0,
    protocol: flumeProtocol,
    owner: 'test',
    log: collectingLogger().log,
    pipeline: 1000,
    onRequest: (request) => {
      const taken = decodeEvents(request.message as FlumeMessage, request.params).toArray();
      bodies.push(...taken.map((each) => each.text()));
      request.reply(encodeStatus('OK'));
      if (stops(bodies.length)) server.pauseReading();
    },
  });
  OPEN.push(server);
  return { server, bodies };
}

/** A server that stops reading at the tenth request, and a client that sends many in one piece. */
async function stopsAtTheTenth() {
  const { server, bodies } = await listening((events) => events === 10);
  const client = await RawClient.connect(server.address.port);
  client.write(frame(1, handshake(), call('appendBatch', events(['0']))));
  await client.wait(1);
  const rest = Array.from({ length: REQUESTS - 1 }, (_, i) => frame(i + 2, call('appendBatch', events([`${i + 1}`]))));
  client.write(Buffer.concat(rest));
  return { server, client, bodies, all: Array.from({ length: REQUESTS }, (_, i) => `${i}`) };
}

test('what lies behind the request that stopped reading waits, though it was read with it', async () => {
  const { server, client, bodies, all } = await stopsAtTheTenth();
  await client.wait(10);
  await new Promise((resolve) => setTimeout(resolve, 50));
  // Some are in the same step of 4 KiB.
  expect(bodies.length).toBeLessThan(200);
  server.resumeReading();
  await client.wait(REQUESTS);
  expect(bodies).toEqual(all);
});

test('a peer that ends meanwhile is heard to its end', async () => {
  const { server, client, bodies, all } = await stopsAtTheTenth();
  client.socket.end();
  await client.wait(10);
  server.resumeReading();
  await until(() => bodies.length === REQUESTS);
  expect(bodies).toEqual(all);
  await client.closed;
});

test('when what one connection had read before stops the reading again, the other connections are not read', async () => {
  let stops = false;
  const { server, bodies } = await listening(() => stops);
  const [first, second] = [await RawClient.connect(server.address.port), await RawClient.connect(server.address.port)];
  for (const client of [first, second]) {
    client.write(frame(1, handshake(), call('appendBatch', events(['begin']))));
    await client.wait(1);
  }
  stops = true;
  const many = Array.from({ length: REQUESTS }, (_, i) => frame(i + 2, call('appendBatch', events([`${i}`]))));
  first.write(Buffer.concat(many));
  await until(() => bodies.length > 2);
  second.write(frame(2, call('appendBatch', events(['of the second']))));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const before = bodies.length;
  server.resumeReading();
  expect(bodies.length).toBeGreaterThan(before);
  expect(bodies.length).toBeLessThan(REQUESTS);
  // What would come of the second connection comes within some turns of the loop.
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(bodies).not.toContain('of the second');
  stops = false;
  server.resumeReading();
  await until(() => bodies.length === REQUESTS + 3);
  expect(bodies).toContain('of the second');
});
