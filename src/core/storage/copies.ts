/**
 * Copies on the disk of this machine of what was read from a storage that is far away: files that nobody changes, so that a copy stays true. All
 * workers of an executor share a directory; a copy is there as a whole, or not at all. When they are too many, those go that were used
 * longest ago. A copy that cannot be written or read is none: the storage has the file.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { readOpenSync } from '../files.ts';
import { fsSync, uuid, wallMs } from '../machine.ts';

/** Copies of so many bytes are kept. */
const MOST_BYTES = 4 * 1024 ** 3;
/** How many bytes more, and the directory is looked at again: others write into it, too. */
const LOOK_BYTES = 64 * 1024 ** 2;
/** Whether a copy was used is noted so often, in ms. */
const NOTE_MS = 10_000;

/** Copies on the disk of this machine. */
export class Copies {
  readonly #directory: string;
  readonly #mostBytes: number;
  readonly #lookBytes: number;
  /** Written since the directory was looked at, in bytes. */
  #written = Number.POSITIVE_INFINITY;

  /** @param directory for copies only */
  constructor(directory: string, mostBytes: number = MOST_BYTES) {
    this.#directory = directory;
    this.#mostBytes = mostBytes;
    this.#lookBytes = Math.min(LOOK_BYTES, mostBytes / 16);
  }

  /** A part of a copy; undefined: there is none. @param of what, and how large it is, in bytes */
  read(of: string, bytes: number, offset: number, length: number): Buffer | undefined {
    const file = this.#fileOf(of);
    let opened: number | undefined;
    try {
      opened = fsSync.openSync(file, 'r');
      const found = fsSync.fstatSync(opened);
      if (found.size !== bytes) return undefined;
      const part = readOpenSync(opened, offset, length);
      const now = wallMs();
      if (now - found.mtimeMs > NOTE_MS) fsSync.utimesSync(file, now / 1000, now / 1000);
      return part;
    } catch {
      return undefined;
    } finally {
      if (opened !== undefined) fsSync.closeSync(opened);
    }
  }

  has(of: string, bytes: number): boolean {
    try {
      return fsSync.statSync(this.#fileOf(of)).size === bytes;
    } catch {
      return false;
    }
  }

  write(of: string, content: Uint8Array): void {
    if (content.length > this.#mostBytes / 4) return;
    const file = this.#fileOf(of);
    const own = `${file}.${uuid()}.new`;
    try {
      fsSync.mkdirSync(this.#directory, { recursive: true });
      fsSync.writeFileSync(own, content, { flag: 'wx' });
      fsSync.renameSync(own, file);
      this.#written += content.length;
      if (this.#written >= this.#lookBytes) this.#makeRoom();
    } catch {
      removed(own);
    }
  }

  /** @returns whether there was one */
  remove(of: string): boolean {
    return removed(this.#fileOf(of));
  }

  /** Removes those that were used longest ago, down to what may be kept. */
  #makeRoom(): void {
    const copies = fsSync.readdirSync(this.#directory).flatMap((name) => {
      const file = path.join(this.#directory, name);
      // Another worker removes some, too.
      const found = fsSync.statSync(file, { throwIfNoEntry: false });
      return found === undefined ? [] : [{ file, bytes: found.size, usedAt: found.mtimeMs }];
    });
    let bytes = copies.reduce((sum, each) => sum + each.bytes, 0);
    for (const each of copies.sort((a, b) => a.usedAt - b.usedAt)) {
      if (bytes + this.#lookBytes <= this.#mostBytes) break;
      fsSync.rmSync(each.file, { force: true });
      bytes -= each.bytes;
    }
    this.#written = 0;
  }

  #fileOf(of: string): string {
    return path.join(this.#directory, createHash('sha256').update(of).digest('hex').slice(0, 32));
  }
}

/** @returns whether it was there */
function removed(file: string): boolean {
  try {
    fsSync.unlinkSync(file);
    return true;
  } catch {
    return false;
  }
}
