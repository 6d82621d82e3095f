/**
 * Reads an Avro object container file: its header, and its blocks one after the other from the start of any of them.
 * Format: Avro 1.11 specification, "Object Container Files".
 */
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { MAGIC, MARK_BYTES } from '../../../avro/container.ts';
import { AvroReader } from '../../../avro/reader.ts';
import { snappyUncompress } from '../../../avro/snappy.ts';
import { messageOf, type StreamjobError } from '../../../core/errors.ts';
import { unreadable } from './deserializer.ts';

const inflateRaw = promisify(zlib.inflateRaw);
/** How many data a block has and how many bytes, as two longs, at most. */
const BLOCK_HEAD_BYTES = 20;
const FIRST_READ_BYTES = 64 * 1024;
/** A header with its schema is not longer, nor has it more entries. */
const HEADER_LIMITS = { entries: 10_000, bytes: 64 * 1024 * 1024 };
/** A block is held as a whole: one that is longer, packed or not, is refused. */
const MOST_BLOCK_BYTES = 512 * 1024 * 1024;

/** Unpacks a block's data. */
type Unpack = (packed: Buffer) => Buffer | Promise<Buffer>;

const CODECS: Readonly<Record<string, Unpack>> = {
  null: (packed) => packed,
  deflate: (packed) => inflateRaw(packed, { maxOutputLength: MOST_BLOCK_BYTES }),
  snappy: (packed) => snappyUncompress(packed, MOST_BLOCK_BYTES),
};

/** A block. */
export interface ContainerBlock {
  /** How many data it has. */
  readonly count: number;
  /** Its data, unpacked. */
  readonly data: Buffer;
  /** Its bytes in the file, with the marker that ends it. */
  readonly raw: readonly Buffer[];
  /** Where the next block begins. */
  readonly end: number;
}

/** An open container file. */
export class ContainerFile {
  /** The JSON of the data's schema. */
  readonly schema: string;
  /** Its bytes before the first block. */
  readonly header: Buffer;
  readonly #file: FileHandle;
  readonly #unpack: Unpack;
  readonly #marker: Buffer;

  private constructor(file: FileHandle, header: Buffer, metadata: ReadonlyMap<string, Buffer>) {
    this.#file = file;
    this.header = Buffer.from(header);
    this.#marker = this.header.subarray(-MARK_BYTES);
    this.#unpack = codecOf(metadata.get('avro.codec')?.toString());
    const schema = metadata.get('avro.schema');
    if (schema === undefined) throw unreadable('it is an Avro container file without a schema');
    this.schema = schema.toString();
  }

  /** Reads the header. @throws StreamjobError EVENT_UNREADABLE when it is no container file, or one that is packed in a way not known here */
  static async open(file: FileHandle): Promise<ContainerFile> {
    for (let length = FIRST_READ_BYTES; ; length *= 4) {
      const bytes = await readAt(file, 0, length);
      if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw unreadable('it is no Avro container file');
      const header = headerOf(bytes);
      if ('metadata' in header) return new ContainerFile(file, bytes.subarray(0, header.end), header.metadata);
      // What does not end within the first bytes may end within more of them.
      if (bytes.length < length || length > HEADER_LIMITS.bytes) throw damaged('its header', header.error);
    }
  }

  /**
   * The block that begins at a place; undefined at the end of the file.
   * @throws StreamjobError EVENT_UNREADABLE when it is damaged
   */
  async block(offset: number): Promise<ContainerBlock | undefined> {
    const head = await readAt(this.#file, offset, BLOCK_HEAD_BYTES);
    if (head.length === 0) return undefined;
    const what = `the block at byte ${offset}`;
    try {
      const reader = new AvroReader(head);
      const [count, size] = [reader.long(), reader.long()];
      if (count < 0 || size < 0) throw unreadable('a count or a size is negative');
      if (size > MOST_BLOCK_BYTES) throw unreadable(`it has ${size} bytes, more than ${MOST_BLOCK_BYTES}`);
      const start = offset + reader.position;
      const left = (await this.#file.stat()).size - start;
      if (size + MARK_BYTES > left)
        throw unreadable(`it has ${size} bytes and a marker, but the file has only ${left} more`);
      const bytes = await readAt(this.#file, start, size + MARK_BYTES);
      if (!bytes.subarray(size).equals(this.#marker)) throw unreadable('the marker behind it is not that of the file');
      const data = await this.#unpack(bytes.subarray(0, size));
      return { count, data, raw: [head.subarray(0, reader.position), bytes], end: start + size + MARK_BYTES };
    } catch (error) {
      throw damaged(what, error);
    }
  }
}

/** That a part of the file is damaged. */
export function damaged(what: string, cause: unknown): StreamjobError {
  return unreadable(`${what} is damaged: ${messageOf(cause)}`, undefined, cause);
}

type Header = { readonly metadata: ReadonlyMap<string, Buffer>; readonly end: number } | { readonly error: unknown };

function headerOf(bytes: Buffer): Header {
  try {
    const reader = new AvroReader(bytes, MAGIC.length);
    const metadata = reader.bytesMap(HEADER_LIMITS);
    reader.fixed(MARK_BYTES);
    return { metadata, end: reader.position };
  } catch (error) {
    return { error };
  }
}

function codecOf(name = 'null'): Unpack {
  const unpack = Object.hasOwn(CODECS, name) ? CODECS[name] : undefined;
  if (unpack !== undefined) return unpack;
  throw unreadable(
    `its codec ${name} cannot be read here, expected one of ${Object.keys(CODECS).join(', ')}`,
    'write the file with the codec deflate',
  );
}

/** Up to `length` bytes; fewer at the end of the file. */
async function readAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
