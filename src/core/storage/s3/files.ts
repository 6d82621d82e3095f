/**
 * Objects of S3 as files are to those that write outputs and blocks: a file is an object that is put when it is synced, directories are what keys
 * begin with. There is no rename in S3: objects are copied there, what says whose they are as the first one, `_SUCCESS` as the last one, and then removed
 * here.
 */
import { atOnce } from '../../at-once.ts';
import type { AppendFile, Files } from '../../files.ts';
import { MANIFEST, SUCCESS } from '../../output-marks.ts';
import { directoryOf, nameOf, placeIn, s3Place } from '../places.ts';
import { prefixOf, S3Storage } from './storage.ts';
import { askS3 } from './thread.ts';

/** So many are copied at a time. */
const COPIED_AT_ONCE = 16;

const storage = new S3Storage(undefined);

/** Objects of S3 as files. */
export const s3Files: Files = {
  create: async (file) => new S3File(file),
  async truncate(file) {
    throw new Error(`${file}: an object of S3 is not changed`);
  },
  read: async (file) => Buffer.from(await askS3({ type: 'get', ...s3Place(file), offset: 0, length: undefined })),
  readAt: (file, offset, length) => storage.read(file, offset, length),
  size: (file) => askS3({ type: 'size', ...s3Place(file) }),
  async list(directory, beginning = '') {
    const { bucket, prefix } = prefixOf(directory);
    const keys = await askS3({ type: 'list', bucket, prefix: `${prefix}${beginning}`, below: false });
    return keys.map((each) => each.slice(prefix.length).replace(/\/$/, '')).sort();
  },
  async makeDirectory() {},
  async remove(target) {
    await removeObject(target);
    await storage.removeAll(target);
  },
  async rename(from, to) {
    if (await storage.hasDirectory(to)) throw Object.assign(new Error(`EEXIST: ${to} is there`), { code: 'EEXIST' });
    const { bucket, prefix } = prefixOf(from);
    const keys = await askS3({ type: 'list', bucket, prefix, below: true });
    const names = keys.map((each) => each.slice(prefix.length));
    const copy = (name: string): Promise<undefined> =>
      askS3({ type: 'copy', bucket, from: `${prefix}${name}`, to: s3Place(placeIn(to, name)).key });
    const isMark = (name: string): boolean => name === MANIFEST || name === SUCCESS;
    if (names.includes(MANIFEST)) await copy(MANIFEST);
    await atOnce(
      COPIED_AT_ONCE,
      names.filter((name) => !isMark(name)),
      async (name) => void (await copy(name)),
    );
    if (names.includes(SUCCESS)) await copy(SUCCESS);
    await storage.remove(from, names);
  },
  async syncDirectory() {},
};

/** The same, for who removes files only. */
export const s3BlockFiles: Files = { ...s3Files, remove: removeObject };

function removeObject(file: string): Promise<void> {
  return storage.remove(directoryOf(file), [nameOf(file)]);
}

/** It is put when it is synced. */
class S3File implements AppendFile {
  readonly #file: string;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  constructor(file: string) {
    this.#file = file;
  }

  async append(parts: readonly Uint8Array[]): Promise<void> {
    this.#parts.push(...parts);
    this.#bytes += parts.reduce((sum, { length }) => sum + length, 0);
  }

  async sync(): Promise<void> {
    await storage.write(this.#file, this.#parts);
    // What was put is not put again.
    this.#parts = [];
  }

  async truncate(length: number): Promise<void> {
    if (length > this.#bytes) throw new Error(`${this.#file} has ${this.#bytes} bytes, not ${length}`);
  }

  async close(): Promise<void> {
    this.#parts = [];
  }
}
