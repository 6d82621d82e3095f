/**
 * Flume events as the bytes that stand for them on the wire and in the store of a file channel, which are the same: an Avro map of
 * strings for the headers, then the body as Avro bytes (Avro 1.11 specification, "Binary Encoding"; the record AvroFlumeEvent of
 * Flume's flume.avdl). Written by hand, since an agent does little else: an event that came over the wire is copied as it is.
 */
import type { PlainEvent } from '../core/event.ts';
import { FlumeEvent } from './event-block.ts';
import { AvroReader } from './reader.ts';
import { longLength, writeLong } from './writer.ts';

/** An Avro map without entries. */
const NO_HEADERS_BYTES = 1;

/** How many bytes an event is encoded in. */
export function encodedLength(event: PlainEvent): number {
  if (event instanceof FlumeEvent) return event.encodedLength;
  const { length } = event.body;
  return headersLength(event.headers) + longLength(length) + length;
}

/**
 * Writes an event.
 * @param target has `encodedLength(event)` bytes from `at` on
 * @returns where it ends
 */
export function writeEvent(event: PlainEvent, target: Buffer, at: number): number {
  if (event instanceof FlumeEvent) return event.copyEncoded(target, at);
  const { body } = event;
  const start = writeLong(body.length, target, writeHeaders(event.headers, target, at));
  target.set(body, start);
  return start + body.length;
}

/** Events behind each other, as an Avro array of them. */
export function encodeEvents(events: readonly PlainEvent[]): Buffer {
  const count = events.length;
  let length = count === 0 ? 1 : longLength(count) + 1;
  for (const event of events) length += encodedLength(event);
  const bytes = Buffer.allocUnsafe(length);
  let at = count === 0 ? 0 : writeLong(count, bytes, 0);
  for (const event of events) at = writeEvent(event, bytes, at);
  bytes[at] = 0;
  return bytes;
}

/**
 * The event that stands in `bytes` from `start` to their end: a view of them.
 * @returns undefined when that is no event
 */
export function eventIn(bytes: Buffer, start: number): FlumeEvent | undefined {
  const reader = new AvroReader(bytes, start);
  try {
    reader.skipMap();
    const length = reader.skip();
    const end = reader.position;
    return end === bytes.length ? new FlumeEvent(bytes, start, end - length, end) : undefined;
  } catch {
    return undefined;
  }
}

function headersLength(headers: Readonly<Record<string, string>>): number {
  const keys = Object.keys(headers);
  if (keys.length === 0) return NO_HEADERS_BYTES;
  let length = longLength(keys.length) + NO_HEADERS_BYTES;
  for (const key of keys) length += textLength(key) + textLength(headers[key] ?? '');
  return length;
}

function writeHeaders(headers: Readonly<Record<string, string>>, target: Buffer, start: number): number {
  const keys = Object.keys(headers);
  let at = start;
  if (keys.length > 0) {
    at = writeLong(keys.length, target, at);
    for (const key of keys) at = writeText(headers[key] ?? '', target, writeText(key, target, at));
  }
  target[at] = 0;
  return at + 1;
}

function textLength(text: string): number {
  const length = Buffer.byteLength(text);
  return longLength(length) + length;
}

function writeText(text: string, target: Buffer, start: number): number {
  const at = writeLong(Buffer.byteLength(text), target, start);
  return at + target.write(text, at);
}
