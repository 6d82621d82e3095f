/** Node's `fs` on a simulated disk: what src/ uses of its calls that block. They take no simulated time. */
import type realFs from 'node:fs';
import { type BigIntStats, constants, type Dirent, type Stats } from 'node:fs';
import path from 'node:path';
import { fileSystemError } from '../errors.ts';
import { type Encoding, encodingOf, type Written } from './handle.ts';
import type { Inode } from './node.ts';
import { onlyKnown } from './promises.ts';
import { entryOf, type StatOptions, statsOf } from './stats.ts';
import type { DiskView } from './view.ts';

/** The calls for one process. */
export class SimFsSync {
  readonly constants: typeof constants = constants;
  readonly #view: DiskView;

  constructor(view: DiskView) {
    this.#view = view;
  }

  openSync = (file: string, flags = 'r'): number =>
    this.#view.callSync('open', file, (fault) => this.#view.open(file, flags, fault).fd);

  closeSync = (fd: number): void => {
    const open = this.#view.file(fd, 'close');
    this.#view.callSync('close', open.path, (fault) => this.#view.close(open, fault));
  };

  readSync = (fd: number, into: Uint8Array, offset = 0, length?: number, position?: number | null): number => {
    const open = this.#view.file(fd, 'read');
    const target = into.subarray(offset, offset + (length ?? into.length - offset));
    return this.#view.callSync('read', open.path, (fault) =>
      this.#view.read(open, target, position ?? undefined, fault),
    );
  };

  readFileSync = (file: string, options?: Encoding): Buffer | string => {
    const bytes = this.#view.callSync('read', file, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, 'read');
      const node = this.#node(file, 'open');
      if (node.kind !== 'file') throw fileSystemError('EISDIR', 'read');
      return Buffer.from(node.live.bytes);
    });
    const encoding = encodingOf(options);
    return encoding === undefined ? bytes : bytes.toString(encoding);
  };

  writeFileSync = (file: string, what: Written): void => {
    const fd = this.openSync(file, 'w');
    const open = this.#view.file(fd, 'write');
    try {
      let left: Uint8Array = Buffer.from(what);
      while (left.length > 0) {
        const piece = left;
        const write = (): number =>
          this.#view.callSync('write', file, (fault) => this.#view.write(open, piece, undefined, fault));
        left = left.subarray(write());
      }
    } finally {
      this.closeSync(fd);
    }
  };

  existsSync = (file: string): boolean => {
    try {
      this.statSync(file);
      return true;
    } catch {
      return false;
    }
  };

  statSync = (file: string, options?: StatOptions): Stats | BigIntStats => this.#stat(file, 'stat', options);

  accessSync = (file: string): void => void this.#stat(file, 'access');

  readdirSync = (directory: string, options?: { readonly withFileTypes?: boolean } | string): (string | Dirent)[] =>
    this.#view.callSync('list', directory, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, 'scandir', directory);
      const withTypes = typeof options === 'object' && options.withFileTypes === true;
      return this.#view.list(directory).map(([name, node]) => (withTypes ? entryOf(name, node, directory) : name));
    });

  mkdirSync = (directory: string, options?: { readonly recursive?: boolean }): void => {
    const { system } = this.#view.disk;
    const place = this.#view.place(directory);
    if (options?.recursive !== true) return this.#view.callSync('mkdir', directory, () => system.makeDirectory(place));
    for (let depth = 1; depth <= place.names.length; depth++) {
      const above = `/${place.names.slice(0, depth).join('/')}`;
      if (!this.existsSync(above)) this.mkdirSync(above);
    }
  };

  mkdtempSync = (prefix: string): string => {
    const directory = prefix + this.#view.process.random.bytes(3).toString('hex');
    this.mkdirSync(directory);
    return directory;
  };

  rmSync = (target: string, options: { recursive?: boolean; force?: boolean } = {}): void => {
    if (options.force === true && !this.existsSync(target)) return;
    const { system } = this.#view.disk;
    const node = this.#node(target, 'rm');
    if (node.kind !== 'directory') {
      return this.#view.callSync('unlink', target, () => system.unlink(this.#view.place(target)));
    }
    if (options.recursive !== true) throw fileSystemError('EISDIR', 'rm', target);
    for (const [name] of this.#view.list(target)) this.rmSync(path.posix.join(target, name), options);
    this.#view.callSync('unlink', target, () => system.removeDirectory(this.#view.place(target)));
  };

  #stat(file: string, syscall: string, options?: StatOptions): Stats | BigIntStats {
    return this.#view.callSync('stat', file, (fault) => {
      if (fault !== undefined) throw fileSystemError(fault, syscall, file);
      return statsOf(this.#node(file, syscall), options);
    });
  }

  #node(file: string, syscall: string): Inode {
    return this.#view.disk.system.find(this.#view.place(file), syscall);
  }
}

/** The calls as those of Node: the ones that are not simulated throw. */
export function simulatedFsSync(view: DiskView): typeof realFs {
  return onlyKnown(new SimFsSync(view), 'fs') as unknown as typeof realFs;
}
