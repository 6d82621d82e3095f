/**
 * One event as bytes on disk, with a checksum, since lmdb keeps none:
 *   uint32BE crc32 of all that follows, begun with the number of the record (its low 32 bits xor its high ones) · byte version · rest
 *   version 1, 2: the content; in version 1 the checksum does not have the number
 *   version 3: byte length of the name, UTF-8 of the name of the key · salt (16) and check (8) of the key · nonce (12) · tag (16) ·
 *              content by AES-GCM, whose additional data is the record's number and what stands before the nonce
 *   content: uint32BE number of headers · per header: uint32BE length, UTF-8 of the key, uint32BE length, UTF-8 of the value · the body
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { PlainEvent } from '../../../core/event.ts';
import { randomBytes } from '../../../core/machine.ts';
import type { KeyLack, KeyMark, Keys } from './keys/keys.ts';

const [UNNUMBERED, PLAIN, ENCRYPTED] = [1, 2, 3];
const HEAD_BYTES = 5;
const [SALT_BYTES, CHECK_BYTES, NONCE_BYTES, TAG_BYTES] = [16, 8, 12, 16];
/** The longest name of a key, in bytes: of an encrypted record the first 256 bytes say which key it needs. */
export const KEY_NAME_BYTES = 64;

/** Why the event of a record cannot be given out. */
export type Unreadable =
  /** Its bytes are not those that were written. */
  | { readonly damage: string }
  /** It is whole, but its key is not there. */
  | { readonly lack: KeyLack; readonly mark: KeyMark };

/** How long the record of an event is, in bytes. @param keys where it is to be encrypted */
export function recordBytes({ headers, body }: PlainEvent, keys?: Keys): number {
  let size = HEAD_BYTES + 4 + body.length;
  for (const [key, value] of Object.entries(headers)) size += 8 + Buffer.byteLength(key) + Buffer.byteLength(value);
  return keys?.active === undefined ? size : size + overheadOf(Buffer.byteLength(keys.active));
}

/** How long the record of an event may be, however it was written. */
export function mostRecordBytes(event: PlainEvent): number {
  return recordBytes(event) + overheadOf(KEY_NAME_BYTES);
}

function overheadOf(nameBytes: number): number {
  return 1 + nameBytes + SALT_BYTES + CHECK_BYTES + NONCE_BYTES + TAG_BYTES;
}

/** An event as the bytes of a record. @param number under which it is stored */
export function encodeRecord(number: number, event: PlainEvent, keys: Keys): Buffer {
  const key = keys.forNext();
  const record = Buffer.allocUnsafe(recordBytes(event, keys));
  if (key === undefined) {
    record[4] = PLAIN;
    writeContent(record, HEAD_BYTES, event);
    return sealed(number, record);
  }
  const content = Buffer.allocUnsafe(recordBytes(event) - HEAD_BYTES);
  writeContent(content, 0, event);
  record[4] = ENCRYPTED;
  record[5] = Buffer.byteLength(key.name);
  let at = 6 + record.write(key.name, 6);
  for (const part of [key.salt, key.check]) at += part.copy(record, at);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(key.algorithm, key.key, nonce);
  cipher.setAAD(Buffer.concat([numberBytes(number), record.subarray(4, at)]));
  at += nonce.copy(record, at);
  const encrypted = cipher.update(content);
  cipher.final();
  at += cipher.getAuthTag().copy(record, at);
  encrypted.copy(record, at);
  return sealed(number, record);
}

function sealed(number: number, record: Buffer): Buffer {
  record.writeUInt32BE(checksum(number, record), 0);
  return record;
}

function checksum(number: number, record: Buffer): number {
  return crc32(record.subarray(4), (number ^ Math.floor(number / 2 ** 32)) >>> 0);
}

function numberBytes(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(number));
  return bytes;
}

function writeContent(bytes: Buffer, start: number, { body, headers }: PlainEvent): void {
  const entries = Object.entries(headers);
  let at = bytes.writeUInt32BE(entries.length, start);
  for (const entry of entries) {
    for (const text of entry) {
      const length = bytes.write(text, at + 4);
      bytes.writeUInt32BE(length, at);
      at += 4 + length;
    }
  }
  bytes.set(body, at);
}

/** What a record says of its key; undefined: it is not encrypted, or damaged. @param head its first 256 bytes, or all of it */
export function keyMarkOf(head: Buffer): KeyMark | undefined {
  if (head[4] !== ENCRYPTED) return undefined;
  const nameBytes = head[5] ?? 0;
  const nameEnd = 6 + nameBytes;
  if (nameBytes > KEY_NAME_BYTES || head.length < nameEnd + SALT_BYTES + CHECK_BYTES) return undefined;
  const checkAt = nameEnd + SALT_BYTES;
  return {
    name: head.toString('utf8', 6, nameEnd),
    salt: head.subarray(nameEnd, checkAt),
    check: head.subarray(checkAt, checkAt + CHECK_BYTES),
  };
}

/** What is wrong with the bytes of a record, as far as that can be told without its key; undefined: nothing. */
export function damageOf(number: number, record: Buffer): string | undefined {
  if (record.length < HEAD_BYTES + 4) return 'it is too short';
  const stored = record.readUInt32BE(0);
  const version = record[4] ?? 0;
  if (version === UNNUMBERED ? stored !== crc32(record.subarray(4)) : stored !== checksum(number, record))
    return 'its checksum is wrong';
  return version >= UNNUMBERED && version <= ENCRYPTED ? undefined : `its version, ${version}, is not known`;
}

/** The event of a record, with its own copy of the bytes, or why there is none. */
export function decodeRecord(number: number, bytes: Uint8Array, keys: Keys): PlainEvent | Unreadable {
  const record = Buffer.from(bytes);
  const damage = damageOf(number, record);
  if (damage !== undefined) return { damage };
  if (record[4] !== ENCRYPTED)
    return readContent(record, HEAD_BYTES) ?? { damage: 'its content is not that of an event' };
  const mark = keyMarkOf(record);
  if (mark === undefined) return { damage: 'it is too short' };
  const key = keys.of(mark);
  if (typeof key === 'string') return { lack: key, mark };
  const nonceAt = 6 + (record[5] ?? 0) + SALT_BYTES + CHECK_BYTES;
  const tagAt = nonceAt + NONCE_BYTES;
  const contentAt = tagAt + TAG_BYTES;
  if (record.length < contentAt + 4) return { damage: 'it is too short' };
  const decipher = createDecipheriv(key.algorithm, key.key, record.subarray(nonceAt, tagAt));
  decipher.setAAD(Buffer.concat([numberBytes(number), record.subarray(4, nonceAt)]));
  decipher.setAuthTag(record.subarray(tagAt, contentAt));
  try {
    const content = Buffer.concat([decipher.update(record.subarray(contentAt)), decipher.final()]);
    return readContent(content, 0) ?? { damage: 'its content is not that of an event' };
  } catch {
    return { damage: 'it was changed or moved since it was encrypted' };
  }
}

/** Whether there is an event. */
export function isEvent(decoded: PlainEvent | Unreadable): decoded is PlainEvent {
  return 'body' in decoded;
}

function readContent(bytes: Buffer, start: number): PlainEvent | undefined {
  // No prototype: a header may be called __proto__.
  const headers: Record<string, string> = Object.create(null);
  let at = start + 4;
  const text = (): string => {
    const from = at + 4;
    at = from + (at + 4 <= bytes.length ? bytes.readUInt32BE(at) : bytes.length);
    return bytes.toString('utf8', from, at);
  };
  for (let left = bytes.readUInt32BE(start); left > 0 && at <= bytes.length; left--) {
    const key = text();
    headers[key] = text();
  }
  return at > bytes.length ? undefined : { headers, body: bytes.subarray(at) };
}

/** Bytes that events take in the store. */
export function bytesOf(events: readonly PlainEvent[], keys?: Keys): number {
  let bytes = 0;
  for (const event of events) bytes += recordBytes(event, keys);
  return bytes;
}
