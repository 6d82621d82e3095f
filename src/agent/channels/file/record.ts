/**
 * One event as bytes on disk, with a checksum, since lmdb keeps none:
 *   uint32BE checksum · byte version · rest
 *   version 4: the content
 *   version 5: byte length of the name, UTF-8 of the name of the key · salt (16) and check (8) of the key · nonce (12) · tag (16) ·
 *              content by AES-GCM, whose additional data is the record's number and what stands before the nonce
 *   content: the event in Avro, as it comes from a sink and goes to the next source (event-bytes.ts)
 * The checksum is the CRC-32 of the record with zeros in its place, begun with the record's number (its low 32 bits xor its high ones).
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { encodedLength, eventIn, writeEvent } from '../../../avro/event-bytes.ts';
import type { NumberedRecord } from '../../../core/database.ts';
import type { PlainEvent } from '../../../core/event.ts';
import { randomBytes } from '../../../core/machine.ts';
import type { Taken } from '../transaction.ts';
import type { DerivedKey, KeyLack, KeyMark, Keys } from './keys/keys.ts';

const [PLAIN, ENCRYPTED] = [4, 5];
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

const NO_EVENT: Unreadable = { damage: 'its content is not that of an event' };

/** How long the record of an event is, in bytes. @param keys where it is to be encrypted */
export function recordBytes(event: PlainEvent, keys?: Keys): number {
  const plain = HEAD_BYTES + encodedLength(event);
  return keys?.active === undefined ? plain : plain + overheadOf(Buffer.byteLength(keys.active));
}

/** How long the record of an event may be, however it was written. */
export function mostRecordBytes(event: PlainEvent): number {
  return recordBytes(event) + overheadOf(KEY_NAME_BYTES);
}

function overheadOf(nameBytes: number): number {
  return 1 + nameBytes + SALT_BYTES + CHECK_BYTES + NONCE_BYTES + TAG_BYTES;
}

/**
 * Events as the bytes of records, all in one piece of memory.
 * @param lengths of each, by `recordBytes`
 */
export function encodeRecords(events: readonly Taken[], lengths: readonly number[], keys: Keys): NumberedRecord[] {
  const all = Buffer.allocUnsafe(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  return events.map(({ event, seq }, i) => {
    const value = all.subarray(at, at + (lengths[i] ?? 0));
    at += value.length;
    fillRecord(value, seq, event, keys);
    return { key: seq, value };
  });
}

function fillRecord(record: Buffer, number: number, event: PlainEvent, keys: Keys): void {
  const key = keys.forNext();
  record.writeUInt32BE(0, 0);
  if (key === undefined) {
    record[4] = PLAIN;
    writeEvent(event, record, HEAD_BYTES);
  } else fillEncrypted(record, number, event, key);
  record.writeUInt32BE(crc32(record, seedOf(number)), 0);
}

function fillEncrypted(record: Buffer, number: number, event: PlainEvent, key: DerivedKey): void {
  const content = Buffer.allocUnsafe(encodedLength(event));
  writeEvent(event, content, 0);
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
}

function seedOf(number: number): number {
  return (number ^ Math.floor(number / 2 ** 32)) >>> 0;
}

/** Whether the checksum of a record is right. Its bytes are others for a moment: nobody looks at them meanwhile. */
function isWhole(number: number, record: Buffer): boolean {
  const stored = record.readUInt32BE(0);
  record.writeUInt32BE(0, 0);
  const right = crc32(record, seedOf(number));
  record.writeUInt32BE(stored, 0);
  return right === stored;
}

function numberBytes(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(number));
  return bytes;
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

/**
 * What is wrong with the bytes of a record, as far as that can be told without its key; undefined: nothing.
 * @param record in memory of its own
 */
export function damageOf(number: number, record: Buffer): string | undefined {
  if (record.length < HEAD_BYTES + 2) return 'it is too short';
  if (!isWhole(number, record)) return 'its checksum is wrong';
  return record[4] === PLAIN || record[4] === ENCRYPTED ? undefined : `its version, ${record[4]}, is not known`;
}

/** The event of a record, a view of its bytes, or why there is none. @param record in memory of its own */
export function decodeRecord(number: number, record: Buffer, keys: Keys): PlainEvent | Unreadable {
  const damage = damageOf(number, record);
  if (damage !== undefined) return { damage };
  if (record[4] !== ENCRYPTED) return eventIn(record, HEAD_BYTES) ?? NO_EVENT;
  const mark = keyMarkOf(record);
  if (mark === undefined) return { damage: 'it is too short' };
  const key = keys.of(mark);
  if (typeof key === 'string') return { lack: key, mark };
  const nonceAt = 6 + (record[5] ?? 0) + SALT_BYTES + CHECK_BYTES;
  const tagAt = nonceAt + NONCE_BYTES;
  const contentAt = tagAt + TAG_BYTES;
  if (record.length < contentAt + 2) return { damage: 'it is too short' };
  const decipher = createDecipheriv(key.algorithm, key.key, record.subarray(nonceAt, tagAt));
  decipher.setAAD(Buffer.concat([numberBytes(number), record.subarray(4, nonceAt)]));
  decipher.setAuthTag(record.subarray(tagAt, contentAt));
  try {
    const content = Buffer.concat([decipher.update(record.subarray(contentAt)), decipher.final()]);
    return eventIn(content, 0) ?? NO_EVENT;
  } catch {
    return { damage: 'it was changed or moved since it was encrypted' };
  }
}

/** The event of a record that was just made, a view of its bytes; undefined where it is encrypted. */
export function plainEventOf(record: Buffer): PlainEvent | undefined {
  return record[4] === PLAIN ? eventIn(record, HEAD_BYTES) : undefined;
}

/** Whether there is an event. */
export function isEvent(decoded: PlainEvent | Unreadable): decoded is PlainEvent {
  return 'body' in decoded;
}

/** Bytes that events take in the store. */
export function bytesOf(events: readonly PlainEvent[], keys?: Keys): number {
  let bytes = 0;
  for (const event of events) bytes += recordBytes(event, keys);
  return bytes;
}
