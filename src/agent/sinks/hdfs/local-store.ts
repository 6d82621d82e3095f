/** Files of this machine, for paths that begin with file: what is appended is synced. */
import path from 'node:path';
import { type AppendFile, type Files, fileError } from '../../../core/files.ts';
import type { Store, StoredFile } from './store.ts';

class LocalFile implements StoredFile {
  readonly #files: Files;
  readonly #path: string;
  readonly #file: AppendFile;
  #length = 0;
  #broken = false;

  constructor(files: Files, file: string, open: AppendFile) {
    this.#files = files;
    this.#path = file;
    this.#file = open;
  }

  get length(): number {
    return this.#length;
  }

  get broken(): boolean {
    return this.#broken;
  }

  async append(bytes: Buffer): Promise<void> {
    try {
      await this.#file.append([bytes]);
      await this.#file.sync();
    } catch (cause) {
      // After a failed sync nobody knows what is on disk.
      this.#broken = true;
      await this.#file.truncate(this.#length).catch(() => {});
      throw fileError(cause, `cannot write ${this.#path}`, this.#path);
    }
    this.#length += bytes.length;
  }

  async finish(target: string): Promise<void> {
    try {
      await this.#file.close();
      await this.#files.rename(this.#path, target);
      await this.#files.syncDirectory(path.dirname(target));
    } catch (cause) {
      throw fileError(cause, `cannot rename ${this.#path} to ${target}`, this.#path);
    }
  }

  async abandon(): Promise<void> {
    await this.#file.close().catch(() => {});
  }
}

/** @param files where they are: this machine's */
export function localStore(files: Files): Store {
  return {
    async create(file) {
      try {
        await files.makeDirectory(path.dirname(file));
        const open = await files.create(file);
        await files.syncDirectory(path.dirname(file)).catch(async (error: unknown) => {
          await open.close();
          throw error;
        });
        return new LocalFile(files, file, open);
      } catch (cause) {
        throw fileError(cause, `cannot make ${file}`, file);
      }
    },
  };
}
