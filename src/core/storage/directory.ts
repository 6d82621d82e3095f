/** A storage that is a directory which the driver, the executors and all that receive see by the same path. */
import path from 'node:path';
import { systemCodeOf } from '../errors.ts';
import { nodeFiles, readOpenSync, readPartSync } from '../files.ts';
import { fs, fsSync } from '../machine.ts';
import type { Draft, Storage } from './port.ts';

/** A storage that is a directory. */
export const directoryStorage: Storage = {
  isFar: false,
  async write(file, parts) {
    try {
      const opened = await nodeFiles.create(file);
      try {
        await opened.append(parts);
      } finally {
        await opened.close();
      }
    } catch (error) {
      await fs.rm(file, { force: true }).catch(() => {});
      throw error;
    }
  },
  writeSync(file, parts) {
    try {
      fsSync.writeFileSync(file, Buffer.concat(parts), { flag: 'wx' });
    } catch (error) {
      fsSync.rmSync(file, { force: true });
      throw error;
    }
  },
  draft: (file) => new FileDraft(file),
  read: (file, offset, length) => nodeFiles.readAt(file, offset, length),
  readSync: readPartSync,
  bring: async () => false,
  distrust: () => false,
  list: (directory) => namesOf(directory, false),
  directories: (directory) => namesOf(directory, true),
  async remove(directory, names) {
    // Not rm: it looks at each file first, and a batch with states leaves a file for each of their partitions.
    for (const name of names) await fs.unlink(path.join(directory, name)).catch(unlessGone);
  },
  removeAll: (directory) => fs.rm(directory, { recursive: true, force: true }),
  makeDirectory: async (directory) => void (await fs.mkdir(directory, { recursive: true })),
  hasDirectory: (directory) =>
    fs.stat(directory).then(
      (found) => found.isDirectory(),
      () => false,
    ),
  exists: (file) =>
    fs.access(file).then(
      () => true,
      () => false,
    ),
};

/** A file that is written in its place. */
class FileDraft implements Draft {
  readonly #file: string;
  readonly #descriptor: number;

  constructor(file: string) {
    this.#file = file;
    this.#descriptor = fsSync.openSync(file, 'wx+');
  }

  append(bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += fsSync.writeSync(this.#descriptor, bytes, done, bytes.length - done, at + done);
    }
  }

  read(offset: number, length: number): Buffer {
    return readOpenSync(this.#descriptor, offset, length);
  }

  finish(): void {
    fsSync.closeSync(this.#descriptor);
  }

  drop(): void {
    fsSync.closeSync(this.#descriptor);
    fsSync.rmSync(this.#file, { force: true });
  }
}

async function namesOf(directory: string, isDirectory: boolean): Promise<string[]> {
  const found = await fs.readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    unlessGone(error);
    return [];
  });
  return found.filter((each) => each.isDirectory() === isDirectory).map(({ name }) => name);
}

/** @throws it, unless it says that there is no such file */
function unlessGone(error: unknown): void {
  if (systemCodeOf(error) !== 'ENOENT') throw error;
}
