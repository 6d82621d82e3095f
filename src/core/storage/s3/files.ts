/**
 * Objects of S3 as files are to those that write outputs and blocks: a file is an object that is put when it is synced, directories are what keys
 * begin with. There is no rename in S3: objects are copied there, what says whose they are as the first one, `_SUCCESS` as the last one, and then removed
 * here.
 */
import { atOnce } from '../../at-once.ts';
import type { AppendFile, Files } from '../../files.ts';
import { directoryOf, placeIn, s3Place } from '../places.ts';
import { S3Storage } from './storage.ts';
import { askS3 } from './thread.ts';

/** So many are copied at a time. */
const COPIED_AT_ONCE = 16;
/** As graph/save.ts has them: by the one it is known whose a directory is, by the other that it is whole. */
const FIRST = '_MANIFEST.json';
const LAST = '_SUCCESS';

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
    const { bucket, key } = s3Place(directory);
    const before = key === '' ? '' : `${key}/`;
    const keys = await askS3({ type: 'list', bucket, prefix: `${before}${beginning}`, below: false });
    return keys.map((each) => each.slice(before.length).replace(/\/$/, '')).sort();
  },
  async makeDirectory() {},
  async remove(target) {
    await storage.remove(directoryOf(target), [s3Place(target).key.split('/').at(-1) ?? '']);
    await storage.removeAll(target);
  },
  async rename(from, to) {
    if (await storage.hasDirectory(to)) throw Object.assign(new Error(`EEXIST: ${to} is there`), { code: 'EEXIST' });
    const { bucket, key } = s3Place(from);
    const keys = await askS3({ type: 'list', bucket, prefix: `${key}/`, below: true });
    const names = keys.map((each) => each.slice(key.length + 1));
    const copy = (name: string): Promise<undefined> =>
      askS3({ type: 'copy', bucket, from: `${key}/${name}`, to: s3Place(placeIn(to, name)).key });
    const isMark = (name: string): boolean => name === FIRST || name === LAST;
    if (names.includes(FIRST)) await copy(FIRST);
    await atOnce(
      COPIED_AT_ONCE,
      names.filter((name) => !isMark(name)),
      async (name) => void (await copy(name)),
    );
    if (names.includes(LAST)) await copy(LAST);
    await storage.remove(from, names);
  },
  async syncDirectory() {},
};

/** The same, for who removes files only. */
export const s3BlockFiles: Files = {
  ...s3Files,
  remove: (file) => storage.remove(directoryOf(file), [s3Place(file).key.split('/').at(-1) ?? '']),
};

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
