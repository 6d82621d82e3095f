/**
 * One event as bytes on disk, with a checksum, since lmdb keeps none:
 *   uint32BE crc32 of all that follows · byte version (1) · uint32BE number of headers ·
 *   per header: uint32BE length, UTF-8 of the key, uint32BE length, UTF-8 of the value · the body up to the end
 */
import { crc32 } from 'node:zlib';
import type { PlainEvent } from '../../../core/event.ts';

const VERSION = 1;
const FIXED_BYTES = 9;

/** How long the record of an event is, in bytes. */
export function recordBytes({ headers, body }: PlainEvent): number {
  let size = FIXED_BYTES + body.length;
  for (const [key, value] of Object.entries(headers)) size += 8 + Buffer.byteLength(key) + Buffer.byteLength(value);
  return size;
}

/** An event as the bytes of a record. */
export function encodeRecord(event: PlainEvent): Buffer {
  const { headers, body } = event;
  const entries = Object.entries(headers);
  const bytes = Buffer.allocUnsafe(recordBytes(event));
  bytes[4] = VERSION;
  let at = bytes.writeUInt32BE(entries.length, 5);
  for (const entry of entries) {
    for (const text of entry) {
      const length = bytes.write(text, at + 4);
      bytes.writeUInt32BE(length, at);
      at += 4 + length;
    }
  }
  bytes.set(body, at);
  bytes.writeUInt32BE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

/** The event of a record, with its own copy of the bytes; undefined when the record is damaged. */
export function decodeRecord(bytes: Uint8Array): PlainEvent | undefined {
  if (bytes.length < FIXED_BYTES) return undefined;
  const own = Buffer.from(bytes);
  if (own.readUInt32BE(0) !== crc32(own.subarray(4)) || own[4] !== VERSION) return undefined;
  // No prototype: a header may be called __proto__.
  const headers: Record<string, string> = Object.create(null);
  let at = FIXED_BYTES;
  const text = (): string => {
    const start = at + 4;
    at = start + own.readUInt32BE(at);
    return own.toString('utf8', start, at);
  };
  for (let left = own.readUInt32BE(5); left > 0; left--) {
    const key = text();
    headers[key] = text();
  }
  return { headers, body: own.subarray(at) };
}

/** Bytes that events take in the store. */
export function bytesOf(events: readonly PlainEvent[]): number {
  let bytes = 0;
  for (const event of events) bytes += recordBytes(event);
  return bytes;
}
