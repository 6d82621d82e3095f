/** The files that are held open: no more than a number of them, whatever number is tailed. */
import type { FileHandle } from 'node:fs/promises';
import { systemCodeOf } from '../../../core/errors.ts';
import { fs } from '../../../core/machine.ts';
import { type FileState, fileState } from './directory.ts';
import type { Tail } from './tail.ts';

/** Open files by the keys of their tails; the one that was used last is the last. */
export class OpenFiles {
  readonly #most: number;
  readonly #files = new Map<string, FileHandle>();

  /** @param most how many may be open; when one more is needed, the one that was used least recently is closed */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many are open. */
  get size(): number {
    return this.#files.size;
  }

  has(tail: Tail): boolean {
    return this.#files.has(tail.key);
  }

  /**
   * The open file of a tail; it is opened when it is not.
   * @returns undefined when its path leads to another file by now, or to none
   * @throws system errors
   */
  async open(tail: Tail): Promise<FileHandle | undefined> {
    const open = this.#files.get(tail.key);
    this.#files.delete(tail.key);
    for (const key of this.#files.keys()) {
      if (this.#files.size < this.#most) break;
      await this.#close(key);
    }
    const file = open ?? (await openSame(tail));
    if (file !== undefined) this.#files.set(tail.key, file);
    return file;
  }

  /** The state of a file that is open, also when no name leads to it any more. @throws system errors */
  async state(tail: Tail): Promise<FileState | undefined> {
    const stats = await this.#files.get(tail.key)?.stat({ bigint: true });
    return stats === undefined ? undefined : fileState(stats);
  }

  async close(tail: Tail): Promise<void> {
    await this.#close(tail.key);
  }

  async closeAll(): Promise<void> {
    for (const key of [...this.#files.keys()]) await this.#close(key);
  }

  async #close(key: string): Promise<void> {
    const file = this.#files.get(key);
    this.#files.delete(key);
    // It was only read: that it cannot be closed (a network file system that is gone) changes nothing.
    await file?.close().catch(() => {});
  }
}

async function openSame(tail: Tail): Promise<FileHandle | undefined> {
  let file: FileHandle;
  try {
    file = await fs.open(tail.path, 'r');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  let same = false;
  try {
    same = fileState(await file.stat({ bigint: true }))?.key === tail.key;
  } finally {
    if (!same) await file.close();
  }
  return same ? file : undefined;
}
