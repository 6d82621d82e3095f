import { fc, test as property } from '@fast-check/vitest';
import avsc from 'avsc';
import { describe, expect, test } from 'vitest';
import { EventBlock } from '../../../src/avro/event-block.ts';
import { FrameDecoder } from '../../../src/avro/frames.ts';
import { decodeEvents, encodeAppend, encodeAppendBatch } from '../../../src/avro/protocols/flume.ts';
import { decodeEventBatch, encodeEventBatch } from '../../../src/avro/protocols/spark-sink.ts';
import { frame, event as rawEvent, text, varint } from '../../kit/wire.ts';

const arbitraryEvent = fc.record({
  headers: fc.dictionary(
    fc.string({ unit: 'binary' }).filter((key) => key !== '__proto__'),
    fc.string({ unit: 'binary' }),
  ),
  body: fc.uint8Array({ maxLength: 200 }),
});

/** avsc's own decoder, as the second opinion. */
const oracle = avsc.Type.forSchema({
  type: 'array',
  items: {
    type: 'record',
    name: 'E',
    fields: [
      { name: 'headers', type: { type: 'map', values: 'string' } },
      { name: 'body', type: 'bytes' },
    ],
  },
});

describe('events', () => {
  property.prop([fc.array(arbitraryEvent)])('what is encoded is decoded, by us and by avsc', (events) => {
    const bytes = encodeAppendBatch(events);
    const plain = events.map(({ headers, body }) => ({ headers: { ...headers }, body: Buffer.from(body) }));
    const decoded = decodeEvents('appendBatch', bytes).toArray();
    expect(decoded.map((e) => ({ headers: { ...e.headers }, body: Buffer.from(e.body) }))).toEqual(plain);
    const other = oracle.fromBuffer(bytes) as typeof plain;
    expect(other.map((e) => ({ headers: { ...e.headers }, body: e.body }))).toEqual(plain);
  });

  property.prop([fc.uint8Array({ maxLength: 300 })])(
    'bytes that are no events are refused, and never anything else',
    (bytes) => {
      try {
        for (const event of decodeEvents('appendBatch', Buffer.from(bytes)).toArray()) void [event.headers, event.body];
      } catch (error) {
        expect(error).toMatchObject({ code: 'PROTOCOL_ERROR' });
      }
    },
  );

  test('an array in several blocks and with negative counts is read', () => {
    const one = rawEvent('one', { k: 'v' });
    const two = rawEvent('two');
    const bytes = Buffer.concat([varint(-1), varint(one.length), one, varint(1), two, varint(0)]);
    expect(
      decodeEvents('appendBatch', bytes)
        .toArray()
        .map((e) => [e.text(), { ...e.headers }]),
    ).toEqual([
      ['one', { k: 'v' }],
      ['two', {}],
    ]);
  });

  test('a count larger than the bytes that are there is refused before anything is allocated', () => {
    expect(() => EventBlock.fromArray(varint(2 ** 40))).toThrowError(
      expect.objectContaining({ code: 'PROTOCOL_ERROR' }),
    );
  });

  test('the timestamp header is a number of ms, anything else is none', () => {
    const timestampOf = (value: string) =>
      decodeEvents('append', encodeAppend({ headers: { timestamp: value }, body: Buffer.alloc(0) })).toArray()[0]
        ?.timestamp;
    expect(timestampOf('1700000000000')).toBe(1700000000000);
    expect(timestampOf('soon')).toBeUndefined();
    expect(timestampOf('')).toBeUndefined();
  });

  test('headers named like members of Object are headers', () => {
    const bytes = Buffer.concat([varint(1), text('constructor'), text('c'), varint(0), text('body')]);
    expect(Object.entries(decodeEvents('append', bytes).toArray()[0]?.headers ?? {})).toEqual([['constructor', 'c']]);
  });

  test('a kept body does not hold the block that it came in', () => {
    const block = decodeEvents('appendBatch', encodeAppendBatch([{ headers: {}, body: Buffer.alloc(10) }]));
    expect(block.toArray()[0]?.body.buffer).not.toBe(block.bytes.buffer);
  });
});

property.prop([fc.string(), fc.string(), fc.array(arbitraryEvent)])(
  "a sink's batch comes out as it went in",
  (errorMsg, sequenceNumber, events) => {
    const batch = decodeEventBatch(encodeEventBatch({ errorMsg, sequenceNumber, events }));
    expect(batch.errorMsg).toBe(errorMsg);
    expect(batch.sequenceNumber).toBe(sequenceNumber);
    expect(batch.events.toArray().map(({ body }) => [...body])).toEqual(events.map(({ body }) => [...body]));
  },
);

property.prop([
  fc.array(fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 5 }), { maxLength: 6 }),
  fc.infiniteStream(fc.integer({ min: 1, max: 30 })),
])('frames come out the same however the bytes are split', (payloads, splits) => {
  const bytes = Buffer.concat(payloads.map((buffers, i) => frame(i + 1, ...buffers.map((b) => Buffer.from(b)))));
  const seen: [number, string][] = [];
  const decoder = new FrameDecoder(10_000, (serial, payload) => seen.push([serial, payload.toString('hex')]));
  for (let at = 0; at < bytes.length; ) {
    const size = splits.next().value;
    decoder.push(bytes.subarray(at, at + size));
    at += size;
  }
  expect(seen).toEqual(payloads.map((buffers, i) => [i + 1, Buffer.concat(buffers).toString('hex')]));
  expect(decoder.partial).toBe(false);
  expect(decoder.heldBytes).toBe(0);
});
