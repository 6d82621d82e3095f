/**
 * What the disk of a file channel says before each write: whether the directory is still the one that was opened, may be
 * written, and how much room is left. lmdb must not find out by itself: a write of it that fails in its own thread damages
 * the heap of the process (seen with lmdb 3.5.6: "corrupted size vs. prev_size" after a write without space).
 */
import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';
import { messageOf, StreamjobError, systemCodeOf } from '../../../core/errors.ts';

/** The file that lmdb keeps its data in. */
const DATA = 'data.mdb';
/** How long a measurement is used when there is plenty of room, in ms. */
const MEASURE_EVERY_MS = 100;
/** With less than this free, in bytes, every write is measured for itself, and lmdb writes in the calling thread. */
const AMPLE_BYTES = 256 * 1024 * 1024;

/** What was found. */
export interface DiskState {
  /** Bytes that are free for this user. */
  readonly freeBytes: number;
  /** Whether there is so much room that a write cannot fail for the lack of it. */
  readonly ample: boolean;
  /** Why nothing should be put there: the directory was moved away, or may not be written any more. */
  readonly fault: StreamjobError | undefined;
}

/** Watches the directory of one store. */
export class Disk {
  readonly #directory: string;
  readonly #owner: string;
  #identity = '';
  #state: DiskState = { freeBytes: 0, ample: false, fault: undefined };
  #measuredAt = Number.NEGATIVE_INFINITY;
  #measuring: Promise<DiskState> | undefined;

  /** @param owner for errors, e.g. `channel c1` */
  constructor(directory: string, owner: string) {
    this.#directory = directory;
    this.#owner = owner;
  }

  /** Remembers which file is the store's, once it is open. @throws StreamjobError FILE_ACCESS */
  async remember(): Promise<void> {
    try {
      this.#identity = await this.#currentIdentity();
    } catch (cause) {
      throw this.#lost(cause);
    }
  }

  /** The state of the disk, measured now, or a moment ago when there was plenty of room; never throws. */
  state(): Promise<DiskState> {
    // The monotonic time: a clock that a test turns by hand says nothing about the disk.
    if (this.#state.ample && performance.now() - this.#measuredAt < MEASURE_EVERY_MS) {
      return Promise.resolve(this.#state);
    }
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = undefined;
    });
    return this.#measuring;
  }

  async #measure(): Promise<DiskState> {
    try {
      const [stats, identity] = await Promise.all([
        fs.statfs(this.#directory),
        this.#currentIdentity(),
        fs.access(this.#directory, constants.W_OK),
      ]);
      const freeBytes = stats.bavail * stats.bsize;
      const fault = identity === this.#identity ? undefined : this.#lost();
      this.#state = { freeBytes, ample: fault === undefined && freeBytes >= AMPLE_BYTES, fault };
    } catch (cause) {
      this.#state = { freeBytes: 0, ample: false, fault: this.#lost(cause) };
    }
    this.#measuredAt = performance.now();
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
