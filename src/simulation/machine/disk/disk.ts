/**
 * The disk of a simulated host: its file system, how long its calls take, and what goes wrong with it. A process has a view of it
 * (view.ts); whoever builds a world looks at it and puts files there by `put`, `text` and `paths`.
 */
import path from 'node:path';
import { fileSystemError, type SystemCode } from '../errors.ts';
import type { Random } from '../random.ts';
import { cutPower } from './crash.ts';
import { type DiskCall, type DiskFaults, type DiskTimes, FaultPlan, type PlannedFault, USUAL_TIMES } from './faults.ts';
import { FileSystem, type Place } from './file-system.ts';
import type { DirectoryNode, FileNode, Inode } from './node.ts';

/** A disk. It outlives the processes of its host, and power cuts. */
export class SimDisk {
  readonly system: FileSystem;
  readonly #random: Random;
  readonly #plan = new FaultPlan();
  /** Faults that stay; a world sets them. */
  readonly faults: DiskFaults = {
    eio: {},
    slow: { chance: 0, ms: 0 },
    ignoresSync: false,
    ignoresDirectorySync: false,
  };
  /** How long calls take; a world sets it. */
  times: DiskTimes = USUAL_TIMES;

  /** @param wallMs the host's clock, for times of files */
  constructor(random: Random, wallMs: () => number) {
    this.#random = random;
    this.system = new FileSystem(wallMs, random.fork('order').bits());
    for (const directory of ['/tmp', '/data']) this.makeDirectory(directory);
  }

  /** How many bytes fit: what is written beyond fails with ENOSPC. */
  set capacity(bytes: number) {
    this.system.capacity = bytes;
  }

  /** Lets certain calls fail. */
  fail(fault: PlannedFault): void {
    this.#plan.add(fault);
  }

  /** Takes all faults away. */
  heal(): void {
    this.#plan.clear();
    this.faults.eio = {};
    this.faults.slow = { chance: 0, ms: 0 };
    this.faults.ignoresSync = false;
    this.faults.ignoresDirectorySync = false;
  }

  /** The power of the host goes: what was not synced is lost, in part or not, as the seed says. */
  cutPower(): void {
    cutPower(this.system, this.#random);
  }

  /** How long a call takes, in ms. */
  duration(call: DiskCall): number {
    const { slow } = this.faults;
    const usual = this.#random.between(...(call === 'sync' ? this.times.sync : this.times.call));
    return this.#random.chance(slow.chance) ? usual + this.#random.between(0, slow.ms) : usual;
  }

  /** How a call fails, if it does. */
  faultOf(call: DiskCall, about: string): SystemCode | undefined {
    const planned = this.#plan.next(call, about);
    return planned ?? (this.#random.chance(this.faults.eio[call] ?? 0) ? 'EIO' : undefined);
  }

  /** Writes; with a fault only a part. @returns how many bytes were written @throws ENOSPC, or the fault */
  write(file: FileNode, offset: number, bytes: Uint8Array, fault: SystemCode | undefined): number {
    if (fault === undefined) return this.system.write(file, offset, bytes);
    const part = bytes.subarray(0, this.#random.int(bytes.length + 1));
    if (part.length > 0) this.system.write(file, offset, part);
    throw fileSystemError(fault, 'write');
  }

  /**
   * Syncs what was changed up to `order`. When it fails, the kernel may take what it could not write for written: it is never tried
   * again (fsync(2), and what PostgreSQL found in 2018).
   * @throws the fault
   */
  sync(node: Inode, order: number, syscall: string, fault: SystemCode | undefined): void {
    if (fault !== undefined) {
      if (node.kind === 'file' && this.#random.chance(0.5)) node.changes = node.changes.filter((c) => c.order > order);
      throw fileSystemError(fault, syscall);
    }
    const ignored = node.kind === 'file' ? this.faults.ignoresSync : this.faults.ignoresDirectorySync;
    if (!ignored) this.system.sync(node, order);
  }

  /**
   * Turns bits over in a file, at places of the seed, where it lies and unnoticed.
   * @param within how many bytes at the front of the file they lie in; left out: all
   * @throws ENOENT
   */
  flipBits(file: string, count = 1, within: number = Number.POSITIVE_INFINITY): void {
    const node = this.#file(file);
    const bytes = Math.min(node.live.size, within);
    for (let i = 0; i < count && bytes > 0; i++) {
      const at = this.#random.int(bytes);
      const flipped = Buffer.of((node.live.bytes[at] ?? 0) ^ (1 << this.#random.int(8)));
      node.live.write(at, flipped);
      if (at < node.durable.size) node.durable.write(at, flipped);
    }
  }

  /** Puts a file there, durably, as if it had always been; directories above it are made. */
  put(file: string, content: string | Uint8Array): void {
    this.makeDirectory(path.posix.dirname(file));
    const place = this.#place(file);
    const { directory, name, node } = this.system.parent(place, 'open');
    const bytes = Buffer.from(content);
    const target = node?.kind === 'file' ? node : this.system.create(directory, name, file);
    this.system.truncate(target, 0);
    if (bytes.length > 0) this.system.write(target, 0, bytes);
    this.system.sync(target, this.system.order);
    this.system.sync(directory, this.system.order);
  }

  /** Makes a directory and those above it, durably. */
  makeDirectory(directory: string): void {
    const { names } = this.#place(directory);
    for (let depth = 1; depth <= names.length; depth++) {
      const place = this.#place(`/${names.slice(0, depth).join('/')}`);
      const { directory: above, node } = this.system.parent(place, 'mkdir');
      if (node === undefined) this.system.makeDirectory(place);
      this.system.sync(above, this.system.order);
    }
  }

  /** What a file holds, as processes see it. @throws ENOENT */
  bytes(file: string): Buffer {
    return Buffer.from(this.#file(file).live.bytes);
  }

  /** What is on its platters of a file, under the name that processes see: a power cut must not take it away. @throws ENOENT */
  durableBytes(file: string): Buffer {
    return Buffer.from(this.#file(file).durable.bytes);
  }

  /** What a file holds as processes see it, as a text. @throws ENOENT */
  text(file: string): string {
    return this.bytes(file).toString();
  }

  /** The paths of all files in a directory and those below it, sorted. @throws ENOENT */
  paths(directory = '/'): string[] {
    const found: string[] = [];
    const collect = (at: DirectoryNode, above: string): void => {
      for (const [name, node] of at.live) {
        if (node.kind === 'directory') collect(node, `${above}${name}/`);
        else found.push(above + name);
      }
    };
    const node = this.system.find(this.#place(directory), 'scandir');
    if (node.kind === 'directory') collect(node, directory.endsWith('/') ? directory : `${directory}/`);
    return found.sort();
  }

  #file(file: string): FileNode {
    const node = this.system.find(this.#place(file), 'open');
    if (node.kind !== 'file') throw fileSystemError('EISDIR', 'read', file);
    return node;
  }

  #place(file: string): Place {
    const names = path.posix.resolve('/', file).split('/').filter(Boolean);
    return { from: this.system.root, names, path: file };
  }
}
