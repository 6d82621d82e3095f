/** No peer may take more of the event loop, of memory or of connections than its share; what it takes is refused with the reason. */
import { afterEach, describe, expect, test } from 'vitest';
import { EventBlock } from '../../../src/avro/event-block.ts';
import { checkedEvents, DEFAULT_EVENT_LIMITS, EventCheck } from '../../../src/avro/event-check.ts';
import { checkedRequest, encodeStatus, type FlumeMessage, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { checkedEventBatch } from '../../../src/avro/protocols/spark-sink.ts';
import { AvroRpcServer, type AvroRpcServerOptions } from '../../../src/avro/server.ts';
import { Turns } from '../../../src/avro/turns.ts';
import { nextTurn } from '../../../src/core/turn.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';
import { call, event, frame, handshake, RawClient, text, varint } from '../../kit/wire.ts';

const OPEN: AvroRpcServer[] = [];
afterEach(async () => {
  for (const server of OPEN.splice(0)) await server.close();
});

async function start(options: Partial<AvroRpcServerOptions> = {}) {
  const { log, lines } = collectingLogger();
  const taken: EventBlock[] = [];
  const server = await AvroRpcServer.listen({
    host: '127.0.0.1',
    port: 0,
    protocol: flumeProtocol,
    owner: 'test',
    log,
    onRequest: (request) => {
      const checked = checkedRequest(request.message as FlumeMessage, request.params, DEFAULT_EVENT_LIMITS);
      if (!(checked instanceof EventBlock)) throw new Error('these are few');
      taken.push(checked);
      request.reply(encodeStatus('OK'));
    },
    ...options,
  });
  OPEN.push(server);
  return { server, lines, taken, client: await RawClient.connect(server.address.port) };
}

const times = (count: number, bytes: Buffer): Buffer => Buffer.alloc(count * bytes.length, bytes);
const ENTRY = Buffer.concat([text('k'), text('v')]);
const map = (entries: number, entry = ENTRY): Buffer =>
  Buffer.concat([varint(entries), times(entries, entry), varint(0)]);
const array = (items: number, item: Buffer): Buffer => Buffer.concat([varint(items), times(items, item), varint(0)]);
const NO_BODY = Buffer.of(0);
const SMALLEST = Buffer.of(0, 0);

describe('metadata, names and texts', () => {
  const closes: [string, Buffer, RegExp][] = [
    [
      'metadata of the handshake with many entries',
      frame(1, handshake().subarray(0, -1), map(1000), call('append', event('x'))),
      /1000 entries.*the limit is 100/,
    ],
    [
      'metadata of the handshake with many bytes',
      frame(1, handshake().subarray(0, -1), map(1, Buffer.concat([text('k'), text('v'.repeat(100_000))])), call('')),
      /the limit is 65536/,
    ],
    ['metadata of a call', frame(1, handshake(), map(1000), text('append'), event('x')), /1000 entries/],
    ['a name of a message', frame(1, handshake(), call('x'.repeat(2000))), /more than 1000/],
    [
      "a text of a client's protocol",
      frame(1, handshake(Buffer.alloc(16, 1), '['.repeat(100_000)), call('')),
      /100000 bytes, more than 65536/,
    ],
  ];
  test.each(closes)('%s beyond the limit closes the connection with the reason', async (_, bytes, reason) => {
    const { client, lines, taken } = await start();
    client.write(bytes);
    await client.closed;
    expect(lines).toHaveLength(1);
    expect(lines[0]?.message).toMatch(reason);
    expect(taken).toEqual([]);
  });
});

describe('events', () => {
  const limits = { maxEvents: 1000, maxHeaders: 20, maxHeaderBytes: 500 };
  const refused: [string, Buffer, RegExp][] = [
    ['too many events', array(1001, SMALLEST), /1001 events.*limit is 1000/],
    ['too many headers', array(1, Buffer.concat([map(21), NO_BODY])), /21 headers.*limit is 20/],
    [
      'headers of too many bytes',
      array(1, Buffer.concat([map(1, Buffer.concat([text('k'), text('v'.repeat(500))])), NO_BODY])),
      /limit is 500/,
    ],
    [
      'too many headers, in blocks of one with negative counts',
      array(
        1,
        Buffer.concat([times(21, Buffer.concat([varint(-1), varint(ENTRY.length), ENTRY])), varint(0), NO_BODY]),
      ),
      /21 headers/,
    ],
    ['too many headers in all', array(1000, Buffer.concat([map(11), NO_BODY])), /limit is 10000/],
  ];
  test.each(refused)('%s are refused', (_, bytes, reason) => {
    expect(() => checkedEvents(bytes, 0, limits)).toThrowError(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED', message: expect.stringMatching(reason) }),
    );
  });

  test('an array in very many blocks is refused', () => {
    const blocks = Buffer.concat([times(20_000, Buffer.concat([varint(1), SMALLEST])), varint(0)]);
    expect(() => checkedEvents(blocks, 0, DEFAULT_EVENT_LIMITS)).toThrowError(/10000 blocks/);
  });

  test('what is within the limits is taken, with its items as they came', () => {
    const item = Buffer.concat([map(20), text('body')]);
    const bytes = Buffer.concat([varint(2), times(2, item), varint(-1), varint(item.length), item, varint(0)]);
    const block = checkedEvents(bytes, 0, limits);
    if (!(block instanceof EventBlock)) throw new Error('these are few');
    expect(block.count).toBe(3);
    expect(Buffer.concat(block.items()).equals(times(3, item))).toBe(true);
    expect(block.toArray().map((each) => each.text())).toEqual(['body', 'body', 'body']);
  });

  test('many are looked at in slices, with turns of the event loop between them', async () => {
    const check = new EventCheck(array(90_000, SMALLEST), 0, DEFAULT_EVENT_LIMITS);
    expect(check.slice()).toBe(false);
    let turns = 0;
    let done = false;
    const other = (): void => {
      turns++;
      if (!done) setImmediate(other);
    };
    setImmediate(other);
    const block = await checkedEvents(array(90_000, Buffer.concat([map(3), NO_BODY])), 0, DEFAULT_EVENT_LIMITS);
    done = true;
    expect(block.count).toBe(90_000);
    expect(turns).toBeGreaterThan(5);
  });

  test('dropping those that came before goes in slices too', async () => {
    const block = checkedEvents(array(40_000, event('x'.repeat(20))), 0, DEFAULT_EVENT_LIMITS);
    if (!(block instanceof EventBlock)) throw new Error('these are few');
    let turns = 0;
    let done = false;
    const other = (): void => {
      turns++;
      if (!done) setImmediate(other);
    };
    setImmediate(other);
    let at = 0;
    const kept = await block.filter(() => at++ % 2 === 0);
    done = true;
    expect(kept.count).toBe(20_000);
    expect(kept.toArray()).toHaveLength(20_000);
    expect(turns).toBeGreaterThan(3);
    expect(await block.filter(() => true)).toBe(block);
  });

  test("a sink's batch is held to the limits as well, and its texts are cut", async () => {
    const batch = (message: string, sequence: string, events: Buffer): Buffer =>
      Buffer.concat([text(message), text(sequence), events]);
    await expect(checkedEventBatch(batch('', 's1', array(1001, SMALLEST)), limits)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    await expect(checkedEventBatch(batch('', 's'.repeat(2000), array(1, SMALLEST)), limits)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    const { errorMsg } = await checkedEventBatch(batch('e'.repeat(100_000), '', Buffer.of(0)), limits);
    expect(errorMsg).toBe('e'.repeat(1000));
  });

  test('a request beyond the limits is answered with the reason, and the connection goes on', async () => {
    const { client, lines, taken } = await start();
    client.write(frame(1, handshake(), call('append', Buffer.concat([map(2000), text('x')]))));
    client.write(frame(2, call('append', event('after'))));
    const replies = await client.wait(2);
    expect(replies[0]?.payload.toString('latin1')).toMatch(/2000 headers.*limit is 1000 \(raise maxHeaders/);
    expect(replies[1]?.payload.toString('hex')).toBe('000000');
    expect(lines).toHaveLength(1);
    expect(taken.map((block) => block.count)).toEqual([1]);
  });
});

describe('turns', () => {
  test('what is left over waits for a later turn, in order', async () => {
    const turns = new Turns();
    const seen: number[] = [];
    turns.spend(1_000_000);
    expect(turns.isOpen).toBe(false);
    for (const each of [1, 2, 3]) {
      turns.wait(() => {
        seen.push(each);
        turns.spend(1_000_000);
      });
    }
    expect(seen).toEqual([]);
    await until(() => seen.length === 3);
    expect(seen).toEqual([1, 2, 3]);
  });

  test('slices of many at once take one turn each', async () => {
    const seen: string[] = [];
    const work = async (name: string): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await nextTurn();
        seen.push(name);
      }
    };
    let turns = 0;
    const count = (): void => {
      turns++;
      if (seen.length < 6) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all([work('a'), work('b')]);
    expect(seen).toEqual(['a', 'b', 'a', 'b', 'a', 'b']);
    expect(turns).toBeGreaterThanOrEqual(6);
  });
});
