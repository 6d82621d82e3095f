/** Data in a file that the driver and all executors see: it is read by whoever wants it, when it is wanted. */
import { crc32 } from 'node:zlib';
import { EventBlock } from '../avro/event-block.ts';
import type { StoredEvents } from '../avro/stored-events.ts';
import { fromBytes, fromPlain } from '../avro/stored-values.ts';
import { type Chunk, valuesChunk } from '../core/chunk.ts';
import { crc32c } from '../core/crc32c.ts';
import { StreamjobError } from '../core/errors.ts';
import { fileError } from '../core/files.ts';
import { storageOf } from '../core/storage/storages.ts';
import type { Partition } from '../graph/lineage.ts';

/** Where data lies. Plain data. */
export interface StoredPiece {
  readonly path: string;
  /** In bytes. */
  readonly offset: number;
  /** In bytes. */
  readonly length: number;
  /** How many events or values there are. */
  readonly count: number;
  /** Avro bytes of events, one behind the other; or an array of values, as Node serialises it. */
  readonly kind: 'events' | 'values';
  /** Which checksum of the bytes there is, and what it is: zlib's, or CRC32C. */
  readonly check: readonly ['crc32' | 'crc32c', number];
}

/** Where events lie that came by reference. */
export function pieceOf({ place }: StoredEvents): StoredPiece {
  const { count, crc, crc32: zlib, length, offset, path } = place;
  return { path, offset, length, count, kind: 'events', check: zlib === undefined ? ['crc32c', crc] : ['crc32', zlib] };
}

/** Data in a file, as a part of a partition. */
export class StoredChunk implements Chunk<unknown> {
  readonly piece: StoredPiece;

  constructor(piece: StoredPiece) {
    this.piece = piece;
  }

  get count(): number {
    return this.piece.count;
  }

  forEach(visit: (value: unknown) => void): void {
    this.read().forEach(visit);
  }

  /** @throws StreamjobError FILE_ACCESS, STORAGE_DAMAGED */
  read(): Chunk<unknown> {
    return this.#of(readPiece(this.piece));
  }

  /** Whether to read it takes its time. */
  get isFar(): boolean {
    return storageOf(this.piece.path).isFar;
  }

  /** The same, without that the thread waits. @throws StreamjobError FILE_ACCESS, STORAGE_DAMAGED */
  async bring(): Promise<Chunk<unknown>> {
    return this.#of(await bringPiece(this.piece));
  }

  #of(bytes: Buffer): Chunk<unknown> {
    return this.piece.kind === 'events'
      ? EventBlock.fromItems(this.piece.count, [bytes])
      : valuesChunk(fromPlain(fromBytes(bytes)) as unknown[]);
  }
}

/** A partition whose values lie in files. */
export function storedPartition(pieces: readonly StoredPiece[]): Partition<unknown> {
  return {
    size: pieces.reduce((sum, { count }) => sum + count, 0),
    chunks: pieces.map((piece) => new StoredChunk(piece)),
  };
}

/** The bytes of a piece. @throws StreamjobError FILE_ACCESS, STORAGE_DAMAGED */
export function readPiece(piece: StoredPiece): Buffer {
  const { length, offset, path } = piece;
  const storage = storageOf(path);
  const read = (): Buffer => {
    try {
      return storage.readSync(path, offset, length);
    } catch (error) {
      throw fileError(error, 'cannot read the storage', path);
    }
  };
  let bytes = read();
  if (!isWhole(piece, bytes) && storage.distrust(path, { offset, length })) bytes = read();
  if (isWhole(piece, bytes)) return bytes;
  throw damagedPiece(piece);
}

/** The same, without that the thread waits. @throws StreamjobError FILE_ACCESS, STORAGE_DAMAGED */
export async function bringPiece(piece: StoredPiece): Promise<Buffer> {
  const { length, offset, path } = piece;
  const storage = storageOf(path);
  const read = async (): Promise<Buffer> => {
    try {
      return await storage.read(path, offset, length);
    } catch (error) {
      throw fileError(error, 'cannot read the storage', path);
    }
  };
  let bytes = await read();
  if (!isWhole(piece, bytes) && storage.distrust(path, { offset, length })) bytes = await read();
  if (isWhole(piece, bytes)) return bytes;
  throw damagedPiece(piece);
}

function isWhole({ check: [kind, expected], length }: StoredPiece, bytes: Buffer): boolean {
  return bytes.length === length && (kind === 'crc32' ? crc32(bytes) : crc32c(bytes)) === expected;
}

function damagedPiece({ offset, path }: StoredPiece): StreamjobError {
  return new StreamjobError('STORAGE_DAMAGED', `the data at byte ${offset} is not what was written there`, {
    where: path,
    hint: 'look at the disk of the storage; the batch is run again',
  });
}
