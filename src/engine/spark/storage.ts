/**
 * The directory of one run in the storage that the driver and all executors see: what is too large to go through the driver's plans lies
 * there, in files that nobody changes once they are written. A file's name begins with the time of the batch that it was written for; when no
 * later batch reads it any more it is removed. Nothing in it has to outlive the run.
 */
import { hostname } from 'node:os';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { messageOf, systemCodeOf } from '../../core/errors.ts';
import { fileError, nodeFiles } from '../../core/files.ts';
import type { Logger } from '../../core/log.ts';
import { fs, fsSync, uuid } from '../../core/machine.ts';
import { type DirectoryLock, lockDirectory } from '../../durable/lock.ts';
import type { StoredPiece } from '../stored-chunk.ts';

/** Data before it is written: see StoredPiece. */
export interface EncodedPiece extends Pick<StoredPiece, 'kind' | 'count'> {
  readonly parts: readonly Uint8Array[];
}

/** The directory of one run. */
export class RunStorage {
  /** Of all runs. */
  readonly root: string;
  readonly directory: string;
  readonly #lock: DirectoryLock;
  readonly #log: Logger;
  #tidying: Promise<void> | undefined;

  private constructor(root: string, directory: string, lock: DirectoryLock, log: Logger) {
    this.root = root;
    this.directory = directory;
    this.#lock = lock;
    this.#log = log;
  }

  /** Makes one, and removes those that runs on this host left behind when they were killed. @throws StreamjobError FILE_ACCESS */
  static async open(root: string, log: Logger): Promise<RunStorage> {
    const ours = `run-${hostname()}-`;
    const directory = path.resolve(root, `${ours}${uuid()}`);
    try {
      await fs.mkdir(directory, { recursive: true });
    } catch (error) {
      throw fileError(error, 'cannot make a directory in the storage', root);
    }
    const lock = await lockRun(directory);
    for (const name of await fs.readdir(root)) {
      // Whether one on another host lives cannot be seen from here.
      const other = path.resolve(root, name);
      if (!name.startsWith(ours) || other === directory) continue;
      const left = await lockRun(other).catch(() => undefined);
      if (left === undefined) continue;
      await left.release();
      await fs.rm(other, { recursive: true, force: true });
    }
    return new RunStorage(path.resolve(root), directory, lock, log);
  }

  /**
   * Writes pieces into one new file.
   * @param time of the batch, in ms since the epoch
   * @returns where they lie, in their order @throws StreamjobError FILE_ACCESS
   */
  async write(time: number, pieces: readonly EncodedPiece[]): Promise<StoredPiece[]> {
    const file = dataFile(this.directory, time);
    try {
      const opened = await nodeFiles.create(file);
      try {
        await opened.append(pieces.flatMap(({ parts }) => parts));
      } finally {
        await opened.close();
      }
    } catch (error) {
      await fs.rm(file, { force: true }).catch(() => {});
      throw fileError(error, 'cannot write to the storage', file);
    }
    return placed(file, pieces);
  }

  /**
   * Removes what is not needed any more. It never throws, and nobody waits for it.
   * @param before files of batches before this time are removed, in ms since the epoch
   * @param ended files of states of batches up to this time are removed, too
   * @param used names of files that stay in any case; asked when it is known which files there are
   */
  tidy(before: number, ended: number, used: () => ReadonlySet<string>): void {
    this.#tidying ??= this.#remove(before, ended, used).finally(() => {
      this.#tidying = undefined;
    });
  }

  /** Removes the directory. */
  async close(): Promise<void> {
    await this.#tidying;
    await this.#lock.release();
    await fs.rm(this.directory, { recursive: true, force: true }).catch((error: unknown) => {
      this.#log.warn({ err: error }, `${this.directory} cannot be removed: ${messageOf(error)}`);
    });
  }

  async #remove(before: number, ended: number, used: () => ReadonlySet<string>): Promise<void> {
    try {
      const names = await fs.readdir(this.directory);
      const needed = used();
      for (const name of names) {
        const [, time, kind] = /^(\d+)-(data|state)-/.exec(name) ?? [];
        if (time === undefined || needed.has(name)) continue;
        if (kind === 'state' ? Number(time) > ended : Number(time) >= before) continue;
        // Not rm: it looks at each file first, and a batch with states leaves a file for each of their partitions.
        await fs.unlink(path.join(this.directory, name)).catch(unlessGone);
      }
    } catch (error) {
      // The next batch tries it again.
      this.#log.warn({ err: error }, `files of the storage cannot be removed: ${messageOf(error)}`);
    }
  }
}

/** The same, by a worker, which has nothing else to do meanwhile. @param directory of the run */
export function writePieces(directory: string, time: number, pieces: readonly EncodedPiece[]): StoredPiece[] {
  const file = dataFile(directory, time);
  try {
    fsSync.writeFileSync(file, Buffer.concat(pieces.flatMap(({ parts }) => parts)), { flag: 'wx' });
  } catch (error) {
    fsSync.rmSync(file, { force: true });
    throw fileError(error, 'cannot write to the storage', file);
  }
  return placed(file, pieces);
}

/** @throws it, unless it says that there is no such file */
function unlessGone(error: unknown): void {
  if (systemCodeOf(error) !== 'ENOENT') throw error;
}

function dataFile(directory: string, time: number): string {
  return path.join(directory, `${time}-data-${uuid()}`);
}

/** Where pieces lie that are in a file one behind the other. */
function placed(file: string, pieces: readonly EncodedPiece[]): StoredPiece[] {
  let offset = 0;
  return pieces.map(({ count, kind, parts }) => {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const check = ['crc32', parts.reduce((crc, part) => crc32(part, crc), 0)] as const;
    offset += length;
    return { path: file, offset: offset - length, length, count, kind, check };
  });
}

function lockRun(directory: string): Promise<DirectoryLock> {
  return lockDirectory(directory, 'the run', {
    code: 'FILE_ACCESS',
    message: `another run uses ${directory}`,
    hint: 'it is not removed',
  });
}
