/** Bytes of the write-ahead log with their checksum: how they are read by another thread, and how all that is read is checked. */

import { crc32c } from '../core/crc32c.ts';
import { StreamjobError } from '../core/errors.ts';
import { fileError } from '../core/files.ts';
import { storageOf } from '../core/storage/storages.ts';

/** Where bytes lie. Plain data. */
export interface CheckedPlace {
  readonly path: string;
  /** In bytes. */
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
  /** CRC32C of the bytes. */
  readonly crc: number;
}

/** @returns the bytes @throws StreamjobError LOG_CORRUPT when they are not those that were written */
export function requireWhole(bytes: Buffer, { path, offset, length, crc }: CheckedPlace): Buffer {
  if (bytes.length === length && crc32c(bytes) === crc) return bytes;
  throw damaged(path, `the block at byte ${offset} is damaged`);
}

/** Reads and checks. Blocks the thread: it is for one that has nothing else to do. @throws StreamjobError FILE_ACCESS, LOG_CORRUPT */
export function readWhole(place: CheckedPlace): Buffer {
  const { path, offset, length } = place;
  let bytes: Buffer;
  try {
    bytes = storageOf(path).readSync(path, offset, length);
  } catch (error) {
    throw fileError(error, 'cannot read the write-ahead log', path);
  }
  return requireWhole(bytes, place);
}

/** That the log is damaged. */
export function damaged(where: string, message: string): StreamjobError {
  return new StreamjobError('LOG_CORRUPT', `the write-ahead log is damaged: ${message}`, {
    where,
    hint: 'bring the directory back from a copy; or move it away to start without what it holds, and check the disk',
  });
}
