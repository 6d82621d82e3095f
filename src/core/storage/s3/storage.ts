/** A storage in S3: a file is an object, a directory what keys begin with. Executors keep copies of what they read, and of what they write. */
import { atOnce } from '../../at-once.ts';
import { systemCodeOf } from '../../errors.ts';
import { fileError } from '../../files.ts';
import type { Copies } from '../copies.ts';
import { placeIn, s3Place } from '../places.ts';
import type { Draft, FileSize, Part, ReadHints, Storage } from '../port.ts';
import { askS3, askS3Sync } from './thread.ts';

/** Stands for a directory that is empty. */
const HERE = '.here';
/** So many whole files are brought at a time. */
const AT_ONCE = 8;

/** A storage in S3. */
export class S3Storage implements Storage {
  readonly isFar: boolean = true;
  readonly #copies: Copies | undefined;

  /** @param copies undefined: none are kept */
  constructor(copies: Copies | undefined) {
    this.#copies = copies;
  }

  async write(file: string, parts: readonly Uint8Array[]): Promise<void> {
    await askS3({ type: 'put', ...s3Place(file), body: joined(parts) });
  }

  writeSync(file: string, parts: readonly Uint8Array[]): void {
    const body = joined(parts);
    // It is not known of before it is in S3: the copy is of no use to anybody where that fails.
    this.#copies?.write(wholeOf(file), body);
    askS3Sync({ type: 'put', ...s3Place(file), body });
  }

  draft(file: string): Draft {
    return new MemoryDraft((content) => this.writeSync(file, [content]));
  }

  async read(file: string, offset: number, length: number): Promise<Buffer> {
    const copy = this.#copies?.read(partOf(file, { offset, length }), length, 0, length);
    if (copy !== undefined) return copy;
    const bytes = bufferOf(await askS3({ type: 'get', ...s3Place(file), offset, length }));
    this.#copies?.write(partOf(file, { offset, length }), bytes);
    return bytes;
  }

  readSync(file: string, offset: number, length: number, { fileBytes }: ReadHints = {}): Buffer {
    const [of, bytes, from] =
      fileBytes === undefined
        ? ([partOf(file, { offset, length }), length, 0] as const)
        : ([wholeOf(file), fileBytes, offset] as const);
    const copies = this.#copies;
    if (copies === undefined) return bufferOf(askS3Sync({ type: 'get', ...s3Place(file), offset, length }));
    const copy = copies.read(of, bytes, from, length);
    if (copy !== undefined) return copy;
    const found = bufferOf(askS3Sync({ type: 'get', ...s3Place(file), offset: offset - from, length: bytes }));
    copies.write(of, found);
    // A copy: whoever keeps a page of it must not keep the rest.
    return from === 0 && bytes === length ? found : Buffer.from(found.subarray(from, from + length));
  }

  async bring(files: readonly FileSize[]): Promise<boolean> {
    const copies = this.#copies;
    if (copies === undefined) return false;
    const left = files.filter(({ bytes, file }) => !copies.has(wholeOf(file), bytes));
    await atOnce(AT_ONCE, left, async ({ bytes, file }) => {
      const found = await askS3({ type: 'get', ...s3Place(file), offset: 0, length: bytes }).catch((error: unknown) => {
        throw fileError(error, 'cannot read the storage', file);
      });
      copies.write(wholeOf(file), found);
    });
    return true;
  }

  distrust(file: string, part?: Part): boolean {
    return this.#copies?.remove(part === undefined ? wholeOf(file) : partOf(file, part)) === true;
  }

  async list(directory: string): Promise<string[]> {
    return (await this.#namesIn(directory)).filter((name) => !name.endsWith('/') && name !== HERE);
  }

  async directories(directory: string): Promise<string[]> {
    return (await this.#namesIn(directory)).filter((name) => name.endsWith('/')).map((name) => name.slice(0, -1));
  }

  async remove(directory: string, names: readonly string[]): Promise<void> {
    const { bucket } = s3Place(directory);
    const keys = names.map((name) => s3Place(placeIn(directory, name)).key);
    if (keys.length > 0) await askS3({ type: 'remove', bucket, keys });
  }

  async removeAll(directory: string): Promise<void> {
    const { bucket, prefix } = prefixOf(directory);
    const keys = await askS3({ type: 'list', bucket, prefix, below: true });
    if (keys.length > 0) await askS3({ type: 'remove', bucket, keys });
  }

  async makeDirectory(directory: string): Promise<void> {
    await this.write(placeIn(directory, HERE), []);
  }

  async hasDirectory(directory: string): Promise<boolean> {
    const { bucket, prefix } = prefixOf(directory);
    return (await askS3({ type: 'list', bucket, prefix, below: false })).length > 0;
  }

  async exists(file: string): Promise<boolean> {
    try {
      await askS3({ type: 'size', ...s3Place(file) });
      return true;
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return false;
      throw error;
    }
  }

  async #namesIn(directory: string): Promise<string[]> {
    const { bucket, prefix } = prefixOf(directory);
    const keys = await askS3({ type: 'list', bucket, prefix, below: false });
    return keys.map((key) => key.slice(prefix.length)).filter((name) => name !== '');
  }
}

/** What the keys of a directory's files begin with. */
export function prefixOf(directory: string): { readonly bucket: string; readonly prefix: string } {
  const { bucket, key } = s3Place(directory);
  return { bucket, prefix: key === '' ? '' : `${key}/` };
}

/** A file that is in memory until it is whole. */
class MemoryDraft implements Draft {
  readonly #write: (content: Buffer) => void;
  readonly #parts: { readonly at: number; readonly bytes: Uint8Array }[] = [];

  constructor(write: (content: Buffer) => void) {
    this.#write = write;
  }

  append(bytes: Uint8Array, at: number): void {
    this.#parts.push({ at, bytes });
  }

  read(offset: number, length: number): Buffer {
    const end = offset + length;
    const found = this.#parts.filter(({ at, bytes }) => at < end && at + bytes.length > offset);
    return Buffer.concat(
      found.map(({ at, bytes }) => bytes.subarray(Math.max(0, offset - at), Math.min(bytes.length, end - at))),
    );
  }

  finish(content: Buffer): void {
    this.#parts.length = 0;
    this.#write(content);
  }

  drop(): void {
    this.#parts.length = 0;
  }
}

/** By what copies are told from each other. */
function wholeOf(file: string): string {
  return file;
}

function partOf(file: string, { length, offset }: Part): string {
  return `${file}@${offset}+${length}`;
}

/** In memory of their own, which can be given to the thread. */
function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function bufferOf({ buffer, byteLength, byteOffset }: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
