/**
 * A disk as one process sees it: its open files, and its calls, which are asked of the kernel and done some time later. A call that is
 * under way when the process is killed is done then or never, as the seed says, and nobody hears of it: a process is not gone before its
 * calls are, so that whoever comes after it meets none of them.
 */
import path from 'node:path';
import { fileSystemError, type SystemCode } from '../errors.ts';
import type { End, SimProcess } from '../process.ts';
import type { Owner } from '../scheduler.ts';
import type { SimDisk } from './disk.ts';
import type { DiskCall } from './faults.ts';
import type { Place } from './file-system.ts';
import type { FileNode, Inode } from './node.ts';

/** A file that a process has open. */
export interface OpenFile {
  readonly fd: number;
  readonly node: Inode;
  readonly path: string;
  readonly flags: OpenFlags;
  /** Where the next read or write without a position is. */
  position: number;
}

/** What a file is opened for. */
export interface OpenFlags {
  readonly read: boolean;
  readonly write: boolean;
  readonly append: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
}

/** Descriptors below are stdin, stdout and stderr. */
const FIRST_FD = 3;
const OWN_FILES = /^\/proc\/self\/fd(?:\/(\d+)(\/.*)?)?$/;

/** A disk as one process sees it. */
export class DiskView {
  readonly disk: SimDisk;
  readonly process: SimProcess;
  readonly #kernel: Owner;
  readonly #files = new Map<number, OpenFile>();
  /** Calls that are under way, in the order in which they were asked. */
  readonly #underWay = new Set<() => void>();

  /** @param kernel of the host: it does what was asked also when the process is gone */
  constructor(disk: SimDisk, process: SimProcess, kernel: Owner) {
    this.disk = disk;
    this.process = process;
    this.#kernel = kernel;
    process.onEnd((end) => this.#ended(end));
  }

  /**
   * Asks the kernel for something.
   * @param about what it is about, for the trace and for faults
   * @param effect does it, some time later; it is given how the call has to fail
   */
  call<T>(call: DiskCall, about: string, effect: (fault: SystemCode | undefined) => T): Promise<T> {
    const { disk, process } = this;
    return new Promise((resolve, reject) => {
      if (!process.alive) return;
      let settle = (): void => {};
      const run = (): void => {
        this.#underWay.delete(run);
        try {
          const value = effect(disk.faultOf(call, about));
          settle = () => resolve(value);
        } catch (error) {
          settle = () => reject(error);
        }
      };
      this.#underWay.add(run);
      process.scheduler.after(disk.duration(call), this.#kernel, call, about, () => {
        if (!this.#underWay.has(run)) return;
        run();
        process.scheduler.enter(process, call, settle);
      });
    });
  }

  /** Does it at once, as calls do that block the process. @throws what the effect throws, and when the process was killed */
  callSync<T>(call: DiskCall, about: string, effect: (fault: SystemCode | undefined) => T): T {
    if (!this.process.alive) throw new Error(`${this.process.name} was killed: it calls no files any more`);
    return effect(this.disk.faultOf(call, about));
  }

  /** Where a path leads to; also one by a directory that is open, `/proc/self/fd/NUMBER/…`. */
  place(file: string): Place {
    const own = OWN_FILES.exec(file);
    const open = own?.[1] === undefined ? undefined : this.#files.get(Number(own[1]));
    const from = open?.node.kind === 'directory' ? open.node : this.disk.system.root;
    const rest = open?.node.kind === 'directory' ? (own?.[2] ?? '/') : file;
    return { from, names: path.posix.resolve('/', rest).split('/').filter(Boolean), path: file };
  }

  /** Names in a directory with what they stand for; the process's own descriptors in `/proc/self/fd`. @throws ENOENT, ENOTDIR */
  list(directory: string): [string, Inode][] {
    const { system } = this.disk;
    if (directory === '/proc/self/fd') return [...this.#files.values()].map(({ fd, node }) => [String(fd), node]);
    const node = system.find(this.place(directory), 'scandir');
    if (node.kind !== 'directory') throw fileSystemError('ENOTDIR', 'scandir', directory);
    return system.list(node);
  }

  /** @throws ENOENT, EEXIST, EISDIR, ENOSPC, or the fault */
  open(file: string, how: string, fault: SystemCode | undefined): OpenFile {
    if (fault !== undefined) throw fileSystemError(fault, 'open', file);
    const flags = flagsOf(how);
    const node = this.#node(file, flags);
    if (node.kind === 'file' && flags.truncate) this.disk.system.truncate(node, 0);
    let fd = FIRST_FD;
    while (this.#files.has(fd)) fd++;
    const open: OpenFile = { fd, node, path: file, flags, position: 0 };
    // A process that was killed meanwhile holds nothing.
    if (!this.process.alive) return open;
    this.#files.set(fd, open);
    if (node.kind === 'file') node.opens++;
    return open;
  }

  /** @throws EBADF */
  file(fd: number, syscall: string): OpenFile {
    const open = this.#files.get(fd);
    if (open === undefined) throw fileSystemError('EBADF', syscall);
    return open;
  }

  /** @throws EBADF, or the fault: the file is closed all the same */
  close(open: OpenFile, fault: SystemCode | undefined): void {
    if (this.#files.get(open.fd) !== open) throw fileSystemError('EBADF', 'close');
    this.#files.delete(open.fd);
    this.disk.system.closed(open.node);
    if (fault !== undefined) throw fileSystemError(fault, 'close');
  }

  /** Reads into a buffer. @param position undefined: where the last read or write ended @returns how many bytes */
  read(open: OpenFile, into: Uint8Array, position: number | undefined, fault: SystemCode | undefined): number {
    const file = this.#usable(open, 'read', fault);
    const from = position ?? open.position;
    const bytes = file.live.bytes.subarray(from, from + into.length);
    into.set(bytes);
    if (position === undefined) open.position += bytes.length;
    return bytes.length;
  }

  /** Writes, at the end when the file was opened to append. @returns how many bytes @throws ENOSPC, EBADF, or the fault */
  write(open: OpenFile, bytes: Uint8Array, position: number | undefined, fault: SystemCode | undefined): number {
    const file = this.#usable(open, 'write', undefined);
    const at = open.flags.append ? file.live.size : (position ?? open.position);
    const written = this.disk.write(file, at, bytes, fault);
    if (position === undefined) open.position = at + written;
    return written;
  }

  #usable(open: OpenFile, syscall: 'read' | 'write', fault: SystemCode | undefined): FileNode {
    const closed = this.process.alive && this.#files.get(open.fd) !== open;
    if (closed || !open.flags[syscall]) throw fileSystemError('EBADF', syscall);
    if (fault !== undefined) throw fileSystemError(fault, syscall);
    if (open.node.kind !== 'file') throw fileSystemError('EISDIR', syscall);
    return open.node;
  }

  #node(file: string, flags: OpenFlags): Inode {
    const { system } = this.disk;
    const place = this.place(file);
    if (!flags.create) {
      const node = system.find(place, 'open');
      if (node.kind === 'directory' && flags.write) throw fileSystemError('EISDIR', 'open', file);
      return node;
    }
    const { directory, name, node } = system.parent(place, 'open');
    if (node === undefined) return system.create(directory, name, file);
    if (flags.exclusive) throw fileSystemError('EEXIST', 'open', file);
    if (node.kind === 'directory') throw fileSystemError('EISDIR', 'open', file);
    return node;
  }

  /** The kernel closes what a process had open; after a power cut there is nothing to close. */
  #ended(end: End): void {
    for (const run of [...this.#underWay]) if (end === 'kill' && this.process.random.chance(0.5)) run();
    this.#underWay.clear();
    if (end === 'kill') for (const { node } of this.#files.values()) this.disk.system.closed(node);
    this.#files.clear();
  }
}

/** @throws TypeError for flags that Node does not know, or that are not simulated */
function flagsOf(how: string): OpenFlags {
  const match = /^(r|w|a)(x?)(\+?)$/.exec(how);
  if (match === null || how.startsWith('rx')) throw new TypeError(`the simulated disk does not know the flags ${how}`);
  const [, kind, exclusive, plus] = match;
  return {
    read: kind === 'r' || plus === '+',
    write: kind !== 'r' || plus === '+',
    append: kind === 'a',
    create: kind !== 'r',
    exclusive: exclusive === 'x',
    truncate: kind === 'w',
  };
}
