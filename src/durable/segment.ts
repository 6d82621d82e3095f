/**
 * The files of a record log.
 *
 * On disk: `<name>-<number, 10 digits>.log`, numbers without gaps. A segment begins with 16 bytes: `SJLOG\0\0\1`, then how many
 * bytes of the segment before it were synced (uint64, little-endian). Then frames, all numbers little-endian:
 *   uint32 magic 0x314a5346 | uint32 length of the payload | uint32 CRC32C of what follows | uint64 synced | payload
 * `synced` is how many bytes of the segment were on disk when the frame was written: by it a torn tail is told from damage. A
 * frame without payload only carries it; one follows each sync.
 */

import { crc32c } from '../core/crc32c.ts';
import { messageOf, StreamjobError } from '../core/errors.ts';

/** A file of the log. */
export interface Segment {
  readonly number: number;
  readonly bytes: number;
}

const HEADER = Buffer.from('SJLOG\0\0\u0001', 'latin1');
export const HEADER_BYTES = 16;
const MAGIC = 0x314a5346;
export const FRAME_BYTES = 20;

/** How a segment begins. @param syncedBefore bytes of the segment before it that are on disk */
export function headerOf(syncedBefore: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  HEADER.copy(header);
  header.writeBigUInt64LE(BigInt(syncedBefore), 8);
  return header;
}

/** A record as it is written. @param synced bytes of the segment that are on disk */
export function frame(payload: Uint8Array, synced: number): Uint8Array[] {
  const head = Buffer.alloc(FRAME_BYTES);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(payload.length, 4);
  head.writeBigUInt64LE(BigInt(synced), 12);
  head.writeUInt32LE(crc32c(payload, crc32c(head.subarray(12))), 8);
  return payload.length === 0 ? [head] : [head, payload];
}

interface Frame {
  readonly payload: Buffer;
  readonly synced: number;
  readonly end: number;
}

/** The frame at `offset`; undefined: there is none that is whole. */
function frameAt(bytes: Buffer, offset: number): Frame | undefined {
  if (offset + FRAME_BYTES > bytes.length || bytes.readUInt32LE(offset) !== MAGIC) return undefined;
  const end = offset + FRAME_BYTES + bytes.readUInt32LE(offset + 4);
  if (end > bytes.length) return undefined;
  if (crc32c(bytes.subarray(offset + 12, end)) !== bytes.readUInt32LE(offset + 8)) return undefined;
  return {
    payload: bytes.subarray(offset + FRAME_BYTES, end),
    synced: Number(bytes.readBigUInt64LE(offset + 12)),
    end,
  };
}

/**
 * Reads a segment, calling `onRecord` with each record.
 * @param before the segment before this one, cut to what is whole in it
 * @returns where what is whole ends, how long the file is, and how many bytes were on disk for sure when its last frame was written
 * @throws StreamjobError LOG_CORRUPT
 */
export function readSegment(
  bytes: Buffer,
  file: string,
  before: Segment | undefined,
  onRecord: (payload: Buffer) => void,
): { readonly end: number; readonly size: number; readonly proven: number } {
  // Created, and nothing was ever synced in it.
  if (bytes.length < HEADER_BYTES) return { end: 0, size: bytes.length, proven: 0 };
  if (!bytes.subarray(0, 8).equals(HEADER)) {
    if (bytes.subarray(0, HEADER_BYTES).some((byte) => byte !== 0)) {
      throw corrupt(file, 'it does not begin as a log of this version does');
    }
    // A power cut before the first sync may leave zeros where the first page was never written, with later pages behind it.
    requireNothingSynced(bytes, 0, file);
    return { end: 0, size: bytes.length, proven: 0 };
  }
  const syncedBefore = Number(bytes.readBigUInt64LE(8));
  if (before !== undefined && before.bytes < syncedBefore) {
    throw corrupt(`the segment before ${file}`, `of ${syncedBefore} bytes only ${before.bytes} are whole`);
  }
  let offset = HEADER_BYTES;
  let proven = 0;
  for (let next = frameAt(bytes, offset); next !== undefined; next = frameAt(bytes, offset)) {
    try {
      if (next.payload.length > 0) onRecord(next.payload);
    } catch (error) {
      if (error instanceof StreamjobError) throw error;
      throw corrupt(file, `the record at byte ${offset} cannot be read: ${messageOf(error)}`);
    }
    offset = next.end;
    proven = next.synced;
  }
  requireNothingSynced(bytes, offset, file);
  return { end: offset, size: bytes.length, proven };
}

/** @throws StreamjobError LOG_CORRUPT when a frame behind `offset` says that what stands there was on disk */
function requireNothingSynced(bytes: Buffer, offset: number, file: string): void {
  for (let at = offset + 1; at + FRAME_BYTES <= bytes.length; at++) {
    const later = frameAt(bytes, at);
    if (later !== undefined && later.synced > offset) throw corrupt(file, `the record at byte ${offset} is damaged`);
  }
}

/** That the log is damaged. */
export function corrupt(where: string, message: string): StreamjobError {
  return new StreamjobError('LOG_CORRUPT', `the log is damaged: ${message}`, {
    where,
    hint: 'bring the directory back from a copy; or move it away to start without what it remembers, and check the disk',
  });
}
