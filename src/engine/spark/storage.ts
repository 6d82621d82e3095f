/**
 * The directory of one run in the storage that the driver and all executors see: what is too large to go through the driver's plans lies
 * there, in files that nobody changes once they are written. A file's name begins with the time of the batch that it was written for; when no
 * later batch reads it any more it is removed. Nothing in it has to outlive the run.
 */
import { hostname } from 'node:os';
import { crc32 } from 'node:zlib';
import { messageOf } from '../../core/errors.ts';
import { fileError } from '../../core/files.ts';
import type { Logger } from '../../core/log.ts';
import { fsSync, uuid } from '../../core/machine.ts';
import { absolutePlace, placeIn } from '../../core/storage/places.ts';
import { storageOf } from '../../core/storage/storages.ts';
import { type DirectoryLock, lockDirectory, wasLocked } from '../../durable/lock.ts';
import type { StoredPiece } from '../stored-chunk.ts';
import { type LeaseTimes, RunLease } from './run-lease.ts';

/** Data before it is written: see StoredPiece. */
export interface EncodedPiece extends Pick<StoredPiece, 'kind' | 'count'> {
  readonly parts: readonly Uint8Array[];
}

/** The directory of one run. */
export class RunStorage {
  /** Of all runs. */
  readonly root: string;
  readonly directory: string;
  readonly #lock: Pick<DirectoryLock, 'release'>;
  readonly #log: Logger;
  #tidying: Promise<void> | undefined;

  private constructor(root: string, directory: string, lock: Pick<DirectoryLock, 'release'>, log: Logger) {
    this.root = root;
    this.directory = directory;
    this.#lock = lock;
    this.#log = log;
  }

  /**
   * Makes one, and removes those that runs on this host left behind when they were killed; in S3, those of any host, in a while.
   * @param times in S3: see RunLease @throws StreamjobError FILE_ACCESS, CONFIG_INVALID
   */
  static async open(storage: string, log: Logger, times?: LeaseTimes): Promise<RunStorage> {
    const root = absolutePlace(storage);
    const directory = placeIn(root, `${runsHere()}${uuid()}`);
    if (storageOf(root).isFar) {
      try {
        return new RunStorage(root, directory, await RunLease.take(root, directory, log, times), log);
      } catch (error) {
        throw fileError(error, 'the storage cannot be used', root);
      }
    }
    try {
      await storageOf(root).makeDirectory(directory);
    } catch (error) {
      throw fileError(error, 'cannot make a directory in the storage', root);
    }
    const lock = await lockRun(directory);
    await removeKilled(root, directory);
    return new RunStorage(root, directory, lock, log);
  }

  /**
   * Writes pieces into one new file.
   * @param time of the batch, in ms since the epoch
   * @returns where they lie, in their order @throws StreamjobError FILE_ACCESS
   */
  async write(time: number, pieces: readonly EncodedPiece[]): Promise<StoredPiece[]> {
    const file = dataFile(this.directory, time);
    try {
      await storageOf(file).write(
        file,
        pieces.flatMap(({ parts }) => parts),
      );
    } catch (error) {
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
    await storageOf(this.directory)
      .removeAll(this.directory)
      .catch((error: unknown) => {
        this.#log.warn({ err: error }, `${this.directory} cannot be removed: ${messageOf(error)}`);
      });
  }

  async #remove(before: number, ended: number, used: () => ReadonlySet<string>): Promise<void> {
    try {
      const storage = storageOf(this.directory);
      const names = await storage.list(this.directory);
      const needed = used();
      const over = names.filter((name) => {
        const [, time, kind] = /^(\d+)-(data|state)-/.exec(name) ?? [];
        if (time === undefined || needed.has(name)) return false;
        return kind === 'state' ? Number(time) <= ended : Number(time) < before;
      });
      await storage.remove(this.directory, over);
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
    storageOf(file).writeSync(
      file,
      pieces.flatMap(({ parts }) => parts),
    );
  } catch (error) {
    throw fileError(error, 'cannot write to the storage', file);
  }
  return placed(file, pieces);
}

/** Tells hosts of the same name from each other: a file of Linux; elsewhere, and where it cannot be read, the name has to do. */
const MACHINE_ID = '/etc/machine-id';

/** What the names of runs on this host are, but for their end, a UUID. */
function runsHere(): string {
  let machine = '';
  try {
    machine = `${fsSync.readFileSync(MACHINE_ID, 'utf8').trim().slice(0, 8)}-`;
  } catch {
    // There is none.
  }
  return `run-${hostname()}-${machine}`;
}

/** Whether one on another host lives cannot be seen from here; names of hosts may begin with this one's. */
async function removeKilled(root: string, own: string): Promise<void> {
  const storage = storageOf(root);
  const here = runsHere();
  for (const name of await storage.directories(root)) {
    const other = placeIn(root, name);
    if (!name.startsWith(here) || !UUID.test(name.slice(here.length)) || other === own) continue;
    // Another run may be about to begin.
    if (!(await wasLocked(other).catch(() => false))) continue;
    const left = await lockRun(other).catch(() => undefined);
    if (left === undefined) continue;
    await left.release();
    await storage.removeAll(other);
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function dataFile(directory: string, time: number): string {
  return placeIn(directory, `${time}-data-${uuid()}`);
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
