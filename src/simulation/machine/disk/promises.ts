/** Node's `fs/promises` on a simulated disk: what src/ uses of it. Anything else is not there, and says so when it is called. */
import { type BigIntStats, constants, type Dirent, type Stats } from 'node:fs';
import type realFs from 'node:fs/promises';
import path from 'node:path';
import { fileSystemError } from '../errors.ts';
import { type Encoding, SimFileHandle, type Written } from './handle.ts';
import { below, entryOf, type StatOptions, statsOf } from './stats.ts';
import type { DiskView } from './view.ts';

interface ListOptions {
  readonly withFileTypes?: boolean;
  readonly recursive?: boolean;
}

const BLOCK_BYTES = 4096;
/** What a disk without a limit says that it has: 1 TiB. */
const AMPLE_BLOCKS = 2 ** 28;

/** The calls for one process. */
export class SimFs {
  readonly constants: typeof constants = constants;
  readonly #view: DiskView;

  constructor(view: DiskView) {
    this.#view = view;
  }

  open = async (file: string, flags = 'r'): Promise<SimFileHandle> =>
    new SimFileHandle(this.#view, await this.#view.call('open', file, (fault) => this.#view.open(file, flags, fault)));

  readFile = (file: string, options?: Encoding): Promise<Buffer | string> =>
    this.#with(file, 'r', (handle) => handle.readFile(options));

  writeFile = (file: string, what: Written, options?: { readonly flag?: string }): Promise<void> =>
    this.#with(file, options?.flag ?? 'w', (handle) => handle.writeFile(what));

  appendFile = (file: string, what: Written): Promise<void> =>
    this.#with(file, 'a', (handle) => handle.writeFile(what));

  truncate = (file: string, length = 0): Promise<void> => this.#with(file, 'r+', (handle) => handle.truncate(length));

  stat = (file: string, options?: StatOptions): Promise<Stats | BigIntStats> => this.#stat(file, 'stat', options);

  /** There are no symbolic links. */
  lstat = (file: string, options?: StatOptions): Promise<Stats | BigIntStats> => this.#stat(file, 'lstat', options);

  /** Everybody may do everything. */
  access = async (file: string): Promise<void> => void (await this.#stat(file, 'access'));

  statfs = (file: string): Promise<{ bsize: number; blocks: number; bfree: number; bavail: number }> =>
    this.#view.call('stat', file, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, 'statfs', file);
      const { system } = this.#view.disk;
      system.find(this.#view.place(file), 'statfs');
      const blocks = Math.min(AMPLE_BLOCKS, Math.floor(system.capacity / BLOCK_BYTES));
      const free = Math.max(0, blocks - Math.ceil(system.used / BLOCK_BYTES));
      return { bsize: BLOCK_BYTES, blocks, bfree: free, bavail: free };
    });

  readdir = (directory: string, options?: ListOptions | string): Promise<(string | Dirent)[]> =>
    this.#view.call('list', directory, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, 'scandir', directory);
      const { withFileTypes = false, recursive = false } = typeof options === 'object' ? options : {};
      const entries = this.#view.list(directory);
      const all = recursive
        ? below(entries, (each) => this.#view.disk.system.list(each))
        : entries.map(([name, node]) => [name, node, ''] as const);
      return all.map(([name, node, above]) =>
        withFileTypes ? entryOf(name, node, path.join(directory, above)) : above + name,
      );
    });

  /** @returns with `recursive`, the first directory that was made */
  mkdir = async (directory: string, options?: { readonly recursive?: boolean }): Promise<string | undefined> => {
    if (options?.recursive !== true) return void (await this.#makeDirectory(directory));
    const missing: string[] = [];
    for (let at = path.posix.resolve('/', directory); ; at = path.posix.dirname(at)) {
      const found = await this.stat(at).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOTDIR') throw fileSystemError('ENOTDIR', 'mkdir', directory);
        if (error.code !== 'ENOENT') throw error;
        return undefined;
      });
      if (found?.isDirectory() === false) {
        throw fileSystemError(missing.length === 0 ? 'EEXIST' : 'ENOTDIR', 'mkdir', directory);
      }
      if (found !== undefined) break;
      missing.unshift(at);
    }
    let first: string | undefined;
    for (const each of missing) {
      const made = await this.#makeDirectory(each).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          // Somebody else was faster.
          if (error.code !== 'EEXIST') throw error;
          return false;
        },
      );
      if (made) first ??= each;
    }
    return first;
  };

  unlink = (file: string): Promise<void> =>
    this.#view.call('unlink', file, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, 'unlink', file);
      this.#view.disk.system.unlink(this.#view.place(file));
    });

  rmdir = (directory: string): Promise<void> =>
    this.#view.call('unlink', directory, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, 'rmdir', directory);
      this.#view.disk.system.removeDirectory(this.#view.place(directory));
    });

  rm = async (target: string, options: { recursive?: boolean; force?: boolean } = {}): Promise<void> => {
    try {
      const stats = await this.lstat(target);
      if (!stats.isDirectory()) return await this.unlink(target);
      if (options.recursive !== true) throw fileSystemError('EISDIR', 'rm', target);
      for (const name of await this.readdir(target)) await this.rm(path.posix.join(target, String(name)), options);
      await this.rmdir(target);
    } catch (error) {
      if (options.force !== true || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  };

  rename = (from: string, to: string): Promise<void> =>
    this.#view.call('rename', `${from} ${to}`, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, 'rename', from, to);
      this.#view.disk.system.rename(this.#view.place(from), this.#view.place(to));
    });

  link = (from: string, to: string): Promise<void> =>
    this.#view.call('link', `${from} ${to}`, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, 'link', from, to);
      this.#view.disk.system.link(this.#view.place(from), this.#view.place(to));
    });

  #makeDirectory(directory: string): Promise<void> {
    return this.#view.call('mkdir', directory, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, 'mkdir', directory);
      this.#view.disk.system.makeDirectory(this.#view.place(directory));
    });
  }

  #stat(file: string, syscall: string, options?: StatOptions): Promise<Stats | BigIntStats> {
    return this.#view.call('stat', file, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, syscall, file);
      return statsOf(this.#view.disk.system.find(this.#view.place(file), syscall), options);
    });
  }

  async #with<T>(file: string, flags: string, use: (handle: SimFileHandle) => Promise<T>): Promise<T> {
    const handle = await this.open(file, flags);
    try {
      return await use(handle);
    } finally {
      await handle.close();
    }
  }
}

/** The calls as those of Node: the ones that are not simulated throw. */
export function simulatedFs(view: DiskView): typeof realFs {
  return onlyKnown(new SimFs(view), 'fs/promises') as unknown as typeof realFs;
}

/** An object that says so when something is asked of it that it does not have. */
export function onlyKnown<T extends object>(known: T, module: string): T {
  return new Proxy(known, {
    get(target, name) {
      if (name in target) return Reflect.get(target, name);
      throw new Error(`${module}.${String(name)} is not simulated: add it in test/simulation/machine`);
    },
  });
}
