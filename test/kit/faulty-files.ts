/**
 * Files of this machine with faults: the n-th write, sync, truncation or rename fails; and `powerCut` takes away what was not synced, as the
 * kernel would (a kill -9 takes nothing away: what was written is the kernel's).
 */
import fs from 'node:fs';
import path from 'node:path';
import { type AppendFile, type Files, nodeFiles } from '../../src/core/files.ts';

export type FaultyOperation = 'append' | 'sync' | 'rename' | 'create' | 'syncDirectory' | 'truncate' | 'remove';

interface Fault {
  readonly operation: FaultyOperation;
  /** Fails when this many more have been asked for. */
  after: number;
  /** How many fail from then on. */
  times: number;
  readonly code: string;
}

export class FaultyFiles implements Files {
  /** Bytes of each file that are on disk. */
  readonly #synced = new Map<string, number>();
  /** Files whose names are not on disk. */
  readonly #unnamed = new Set<string>();
  readonly #faults: Fault[] = [];
  readonly counts: Record<FaultyOperation, number> = {
    append: 0,
    sync: 0,
    rename: 0,
    create: 0,
    syncDirectory: 0,
    truncate: 0,
    remove: 0,
  };
  #cut = false;
  #readable: Promise<void> = Promise.resolve();
  #syncable: Promise<void> = Promise.resolve();
  /** How many reads of a part of a file have been asked for. */
  reads = 0;

  /** Reads of parts of files wait from now on. @returns lets them go on */
  holdReads(): () => void {
    let release = (): void => {};
    this.#readable = new Promise((resolve) => {
      release = resolve;
    });
    return () => release();
  }

  /** Syncs of files wait from now on. @returns lets them go on */
  holdSyncs(): () => void {
    let release = (): void => {};
    this.#syncable = new Promise((resolve) => {
      release = resolve;
    });
    return () => release();
  }

  /** Lets an operation fail. @param after how many succeed before @param times how many fail then */
  fail(operation: FaultyOperation, after = 0, times = 1, code = 'EIO'): void {
    this.#faults.push({ operation, after, times, code });
  }

  /** No more faults. */
  heal(): void {
    this.#faults.length = 0;
  }

  /** The machine goes dark: what was not synced is gone, and nothing more is written by those who hold files open. */
  powerCut(): void {
    this.#cut = true;
    for (const file of this.#unnamed) fs.rmSync(file, { recursive: true, force: true });
    for (const [file, length] of this.#synced) if (fs.existsSync(file)) fs.truncateSync(file, length);
  }

  /** The process is killed: what was written stays, and its objects, which live on in a test, do nothing more. */
  kill(): void {
    this.#cut = true;
  }

  async create(file: string): Promise<AppendFile> {
    this.#step('create');
    const inner = await nodeFiles.create(file);
    this.#unnamed.add(file);
    this.#synced.set(file, 0);
    let written = 0;
    return {
      append: async (parts) => {
        const whole = Buffer.concat(parts);
        try {
          this.#step('append');
        } catch (error) {
          // A disk that fills up takes a part of it.
          const part = whole.subarray(0, Math.floor(whole.length / 2));
          if (!this.#cut) await inner.append([part]);
          written += part.length;
          throw error;
        }
        await inner.append([whole]);
        written += whole.length;
      },
      sync: async () => {
        await this.#syncable;
        this.#step('sync');
        await inner.sync();
        this.#synced.set(file, written);
      },
      truncate: async (length) => {
        this.#step('truncate');
        await inner.truncate(length);
        written = length;
        this.#synced.set(file, Math.min(length, this.#synced.get(file) ?? 0));
      },
      close: () => inner.close(),
    };
  }

  async truncate(file: string, length: number, from?: number): Promise<void> {
    this.#step('truncate');
    await nodeFiles.truncate(file, length, from);
    this.#synced.set(file, length);
  }

  async remove(target: string): Promise<void> {
    this.#step('remove');
    await nodeFiles.remove(target);
    this.#unnamed.delete(target);
    this.#synced.delete(target);
  }

  async rename(from: string, to: string): Promise<void> {
    this.#step('rename');
    await nodeFiles.rename(from, to);
    for (const each of [...this.#synced.keys()].filter(
      (name) => name === from || name.startsWith(`${from}${path.sep}`),
    )) {
      this.#synced.set(to + each.slice(from.length), this.#synced.get(each) ?? 0);
      this.#synced.delete(each);
      this.#unnamed.delete(each);
    }
    this.#unnamed.add(to);
  }

  async syncDirectory(directory: string): Promise<void> {
    this.#step('syncDirectory');
    await nodeFiles.syncDirectory(directory);
    for (const file of [...this.#unnamed])
      if (path.dirname(file) === path.resolve(directory)) this.#unnamed.delete(file);
  }

  read = (file: string): Promise<Buffer> => nodeFiles.read(file);
  readAt = async (file: string, offset: number, length: number): Promise<Buffer> => {
    this.reads++;
    await this.#readable;
    return nodeFiles.readAt(file, offset, length);
  };
  size = (file: string): Promise<number> => nodeFiles.size(file);
  list = (directory: string, beginning?: string): Promise<string[]> => nodeFiles.list(directory, beginning);
  makeDirectory = (directory: string): Promise<void> => nodeFiles.makeDirectory(directory);

  #alive(): void {
    if (this.#cut) throw Object.assign(new Error('EIO: the process is gone'), { code: 'EIO' });
  }

  #step(operation: FaultyOperation): void {
    this.#alive();
    this.counts[operation]++;
    for (const fault of this.#faults) {
      if (fault.operation !== operation || fault.times === 0) continue;
      if (fault.after > 0) {
        fault.after--;
        continue;
      }
      fault.times--;
      throw Object.assign(new Error(`${fault.code}: a fault of the test in ${operation}`), { code: fault.code });
    }
  }
}
