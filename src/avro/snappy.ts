/**
 * Snappy as Avro's container files have it: a block's data compressed, and the CRC-32 of the data behind them, its highest byte first.
 * Format: "Snappy compressed format description" of Google, 2011; Avro 1.11 specification, "snappy".
 */
import zlib from 'node:zlib';
import { StreamjobError } from '../core/errors.ts';
import { AvroReader } from './reader.ts';

const CRC_BYTES = 4;
const HASH_BITS = 14;
/** Copies from farther back would need longer elements than they are worth. */
const FARTHEST = 65_535;
const SHORTEST_COPY = 4;
const LONGEST_COPY = 64;

/** Compresses a block. @example snappyUncompress(snappyCompress(data), data.length) // data */
export function snappyCompress(data: Buffer): Buffer {
  const parts: Buffer[] = [varint(data.length)];
  const seen = new Int32Array(1 << HASH_BITS).fill(-1);
  let literal = 0;
  let at = 0;
  while (at + SHORTEST_COPY <= data.length) {
    const word = data.readUInt32LE(at);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const before = seen[slot] ?? -1;
    seen[slot] = at;
    if (before < 0 || at - before > FARTHEST || data.readUInt32LE(before) !== word) {
      at++;
      continue;
    }
    let end = at + SHORTEST_COPY;
    while (end < data.length && data[end] === data[before + end - at]) end++;
    if (at > literal) parts.push(...literalOf(data.subarray(literal, at)));
    parts.push(copyOf(at - before, end - at));
    at = end;
    literal = at;
  }
  if (data.length > literal) parts.push(...literalOf(data.subarray(literal)));
  const crc = Buffer.alloc(CRC_BYTES);
  crc.writeUInt32BE(zlib.crc32(data));
  return Buffer.concat([...parts, crc]);
}

/**
 * The data of a compressed block.
 * @param most the most bytes that they may have
 * @throws StreamjobError PROTOCOL_ERROR when it is damaged or has more
 */
export function snappyUncompress(block: Buffer, most: number): Buffer {
  if (block.length < CRC_BYTES) throw damaged('it is too short for its checksum');
  const reader = new AvroReader(block.subarray(0, -CRC_BYTES));
  const length = readVarint(reader);
  if (length > most) throw damaged(`it unpacks to ${length} bytes, more than ${most}`);
  const data = Buffer.alloc(length);
  let filled = 0;
  while (reader.left > 0) {
    const tag = reader.fixed(1)[0] ?? 0;
    const kind = tag & 3;
    const size = kind === 0 ? literalSize(tag, reader) : kind === 1 ? ((tag >> 2) & 7) + SHORTEST_COPY : (tag >> 2) + 1;
    if (filled + size > length) throw damaged('it unpacks to more bytes than it says');
    if (kind === 0) reader.fixed(size).copy(data, filled);
    else {
      const offset = offsetOf(tag, reader);
      if (offset === 0 || offset > filled) throw damaged('it copies from before its start');
      // Byte after byte: what is copied may be what this copy has just written.
      for (let i = 0; i < size; i++) data[filled + i] = data[filled + i - offset] ?? 0;
    }
    filled += size;
  }
  if (filled !== length) throw damaged('it unpacks to fewer bytes than it says');
  if (zlib.crc32(data) !== block.readUInt32BE(block.length - CRC_BYTES)) throw damaged('its checksum is another');
  return data;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.of(...bytes, left);
    bytes.push((left % 128) | 128);
  }
}

function readVarint(reader: AvroReader): number {
  let value = 0;
  for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
    const byte = reader.fixed(1)[0] ?? 0;
    value += (byte & 127) * scale;
    if (byte < 128) return value;
  }
  throw damaged('its length is no number');
}

/** Lengths of 60 and more stand in one to four bytes of their own. */
function literalOf(bytes: Buffer): Buffer[] {
  const last = bytes.length - 1;
  if (last < 60) return [Buffer.of(last << 2), bytes];
  const length = Buffer.alloc(4);
  length.writeUInt32LE(last);
  const needed = last < 2 ** 8 ? 1 : last < 2 ** 16 ? 2 : last < 2 ** 24 ? 3 : 4;
  return [Buffer.of((59 + needed) << 2), length.subarray(0, needed), bytes];
}

function literalSize(tag: number, reader: AvroReader): number {
  const size = tag >> 2;
  return size < 60 ? size + 1 : littleEndian(reader.fixed(size - 59)) + 1;
}

function copyOf(offset: number, length: number): Buffer {
  const bytes: number[] = [];
  for (let left = length; left > 0; left -= LONGEST_COPY)
    bytes.push(((Math.min(left, LONGEST_COPY) - 1) << 2) | 2, offset & 255, offset >> 8);
  return Buffer.from(bytes);
}

function offsetOf(tag: number, reader: AvroReader): number {
  if ((tag & 3) === 1) return ((tag >> 5) << 8) | (reader.fixed(1)[0] ?? 0);
  return littleEndian(reader.fixed((tag & 3) === 2 ? 2 : 4));
}

function littleEndian(bytes: Buffer): number {
  return bytes.readUIntLE(0, bytes.length);
}

function damaged(why: string): StreamjobError {
  return new StreamjobError('PROTOCOL_ERROR', `a block that snappy packed is damaged: ${why}`);
}
