/**
 * The file of a file channel on its disk: whether it is still the one that was opened and may be written, how much room is left,
 * and room in it ahead of each write. lmdb must never find a disk full: a commit of it that fails damages the heap of the process
 * (seen with lmdb 3.5.6, "corrupted size vs. prev_size"). So the file is made longer, with zeros, before lmdb writes there: then
 * its own writes need no new blocks, and it is our append that is refused. (On file systems that copy on write, btrfs or zfs,
 * that is no guarantee; there minimumRequiredSpace is.)
 */

import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, StreamjobError, systemCodeOf } from '../../../core/errors.ts';
import { nodeFiles } from '../../../core/files.ts';
import { fs, fsSync, monotonicMs } from '../../../core/machine.ts';
import { DATA } from './create.ts';

/** How long a measurement is used, in ms, while at least so many bytes are free; below that each write is measured for itself. */
const MEASURE_EVERY_MS = 100;
const AMPLE_BYTES = 256 * 1024 * 1024;
/** The file grows by so many bytes at a time, when the disk has them. */
const GROW_BYTES = 1024 * 1024;

/** What must be free to open a store. */
const OPEN_BYTES = 64 * 1024;

/** What was found. */
export interface DiskState {
  /** Bytes that are free for this user. */
  readonly freeBytes: number;
  /** Why nothing should be put there: the directory was moved away, or may not be written any more. */
  readonly fault: StreamjobError | undefined;
}

/** Watches the directory of one store. */
export class Disk {
  readonly #directory: string;
  readonly #owner: string;
  #file: FileHandle | undefined;
  #identity = '';
  #fileBytes = 0;
  #growing: Promise<void> = Promise.resolve();
  #state: DiskState = { freeBytes: 0, fault: undefined };
  #measuredAt = Number.NEGATIVE_INFINITY;
  #measuring: Promise<DiskState> | undefined;

  /** @param owner for errors, e.g. `channel c1` */
  constructor(directory: string, owner: string) {
    this.#directory = directory;
    this.#owner = owner;
  }

  /**
   * To be called before lmdb opens the directory: on a disk without any room the process would end with a bus error there, as
   * lmdb maps its lock file into memory.
   * @throws StreamjobError CHANNEL_FULL, FILE_ACCESS
   */
  async requireRoomToOpen(): Promise<void> {
    const { bavail, bsize } = await fs.statfs(this.#directory).catch((cause: unknown) => {
      throw this.#lost(cause);
    });
    if (bavail * bsize < OPEN_BYTES) throw this.#noRoom(Object.assign(new Error('disk full'), { code: 'ENOSPC' }));
  }

  /** Takes hold of the store's file, once lmdb has opened it. @throws StreamjobError FILE_ACCESS */
  async open(): Promise<void> {
    try {
      // To append only: whoever made the file longer meanwhile, zeros never go over what is there.
      this.#file = await fs.open(path.join(this.#directory, DATA), 'a');
      const { dev, ino, size } = await this.#file.stat();
      this.#identity = `${dev}:${ino}`;
      this.#fileBytes = size;
      // lmdb syncs what is in its files, not that they have a name.
      await nodeFiles.syncDirectory(this.#directory);
    } catch (cause) {
      throw this.#lost(cause);
    }
  }

  async close(): Promise<void> {
    await this.#growing.catch(() => {});
    await this.#file?.close();
    this.#file = undefined;
  }

  /** How long the file is. */
  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** The state of the disk, measured now or a moment ago; never throws. */
  state(): Promise<DiskState> {
    // The monotonic time: a clock that a test turns by hand says nothing about the disk.
    const fresh = monotonicMs() - this.#measuredAt < MEASURE_EVERY_MS;
    if (fresh && this.#state.freeBytes >= AMPLE_BYTES && this.#state.fault === undefined)
      return Promise.resolve(this.#state);
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = undefined;
    });
    return this.#measuring;
  }

  /**
   * Makes the file at least `bytes` long, with blocks of the disk behind it.
   * @throws StreamjobError CHANNEL_FULL, FILE_ACCESS
   */
  async reserve(bytes: number): Promise<void> {
    if (bytes <= this.#fileBytes) return;
    const grown = this.#growing.catch(() => {}).then(() => this.#grow(bytes));
    this.#growing = grown;
    // Who waits hears of a failure; this copy is for the next in line.
    grown.catch(() => {});
    await grown;
  }

  async #grow(bytes: number): Promise<void> {
    if (bytes <= this.#fileBytes) return;
    try {
      await this.#append(Math.max(bytes - this.#fileBytes, GROW_BYTES));
    } catch (cause) {
      // A disk that has no megabyte left may have what is needed.
      if (bytes > this.#fileBytes) await this.#append(bytes - this.#fileBytes).catch(() => {});
      if (bytes > this.#fileBytes) throw this.#noRoom(cause);
    }
  }

  async #append(bytes: number): Promise<void> {
    if (this.#file === undefined) throw new Error('the file is closed');
    try {
      for (let left = bytes; left > 0; ) {
        const { bytesWritten } = await this.#file.write(Buffer.alloc(Math.min(left, GROW_BYTES)));
        left -= bytesWritten;
      }
    } finally {
      this.#fileBytes = (await this.#file.stat()).size;
    }
  }

  #noRoom(cause: unknown): StreamjobError {
    const full = ['ENOSPC', 'EDQUOT'].includes(systemCodeOf(cause) ?? '');
    return new StreamjobError(
      full ? 'CHANNEL_FULL' : 'FILE_ACCESS',
      `${this.#owner} cannot write ${this.#directory}: ${full ? 'no space is left on its disk' : messageOf(cause)}`,
      {
        where: this.#directory,
        hint: full
          ? 'free space on the disk; then it goes on by itself'
          : 'check the disk and the permissions of the directory',
        cause,
      },
    );
  }

  async #measure(): Promise<DiskState> {
    try {
      const [stats, identity] = await Promise.all([
        fs.statfs(this.#directory),
        this.#currentIdentity(),
        fs.access(this.#directory, fsSync.constants.W_OK),
      ]);
      const freeBytes = stats.bavail * stats.bsize;
      const fault = identity === this.#identity ? undefined : this.#lost();
      this.#state = { freeBytes, fault };
    } catch (cause) {
      this.#state = { freeBytes: 0, fault: this.#lost(cause) };
    }
    this.#measuredAt = monotonicMs();
    return this.#state;
  }

  async #currentIdentity(): Promise<string> {
    const { dev, ino } = await fs.stat(path.join(this.#directory, DATA));
    return `${dev}:${ino}`;
  }

  #lost(cause?: unknown): StreamjobError {
    const replaced = cause === undefined || systemCodeOf(cause) === 'ENOENT';
    return new StreamjobError(
      'FILE_ACCESS',
      replaced
        ? `${this.#owner} cannot write ${this.#directory}: the directory was moved, removed or replaced while it was in use`
        : `${this.#owner} cannot write ${this.#directory}: ${messageOf(cause)}`,
      {
        where: this.#directory,
        hint: replaced
          ? 'put the directory back, with what was in it; or restart to begin with the one that is there now'
          : 'make the directory writable again (permissions, mount); then it goes on by itself',
        ...(cause === undefined ? {} : { cause }),
      },
    );
  }
}
