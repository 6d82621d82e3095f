/**
 * A power cut of the machine that a process runs on: what it wrote to a directory and did not sync is taken away after its end. A
 * small library that is preloaded into it (unsynced.c, compiled here) notes down what that is.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('./unsynced.c', import.meta.url));
const ENTRY_BYTES = 24;

/** Why tests with power cuts are skipped; undefined when they can run. */
export const powerCutMissing: string | undefined =
  process.platform !== 'linux'
    ? 'they need Linux'
    : spawnSync('cc', ['--version']).status === 0
      ? undefined
      : 'there is no C compiler (cc)';

interface Entry {
  readonly kind: string;
  readonly offset: number;
  readonly size: number;
  readonly bytes: Buffer;
}

/** For one directory, which may come into being later. */
export class PowerCut {
  readonly #directory: string;
  readonly #own: string = mkdtempSync(path.join(tmpdir(), 'streamjob-power-'));

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(path.join(this.#own, 'notes'));
    execFileSync('cc', ['-O2', '-Wall', '-Werror', '-shared', '-fPIC', '-o', this.#library, SOURCE, '-ldl']);
  }

  get #library(): string {
    return path.join(this.#own, 'unsynced.so');
  }

  /** The environment of the process. @param atSync it is killed instead of its so-manieth sync of a file */
  env(atSync?: number): Record<string, string> {
    return {
      LD_PRELOAD: this.#library,
      UNSYNCED_DIR: this.#directory,
      UNSYNCED_NOTES: path.join(this.#own, 'notes'),
      // What Node writes must go by calls that can be seen.
      UV_USE_IO_URING: '0',
      ...(atSync === undefined ? {} : { UNSYNCED_KILL_AT: String(atSync) }),
    };
  }

  /** After the end of the process: takes away what was not synced. @returns how many writes that were, and how many files */
  cut(): { readonly writes: number; readonly files: number } {
    const lost = { writes: 0, files: 0 };
    const places = new Map<number, string>();
    if (existsSync(this.#directory)) {
      for (const name of ['', ...readdirSync(this.#directory, { recursive: true, encoding: 'utf8' })]) {
        const place = path.join(this.#directory, name);
        places.set(statSync(place).ino, place);
      }
    }
    const notes = path.join(this.#own, 'notes');
    for (const inode of readdirSync(notes)) {
      const place = places.get(Number(inode));
      const entries = entriesOf(readFileSync(path.join(notes, inode)));
      rmSync(path.join(notes, inode));
      // Nothing is left of a file whose name was not on disk.
      if (place === undefined || !existsSync(place)) continue;
      if (statSync(place).isDirectory()) {
        for (const { bytes } of entries) rmSync(path.join(place, bytes.toString()), { force: true });
        lost.files += entries.length;
      } else lost.writes += takeBack(place, entries);
    }
    return lost;
  }

  close(): void {
    rmSync(this.#own, { recursive: true });
  }
}

function takeBack(place: string, entries: readonly Entry[]): number {
  let lost = 0;
  const file = openSync(place, 'r+');
  for (const { kind, offset, size, bytes } of [...entries].reverse()) {
    if (kind === 's') continue;
    ftruncateSync(file, size);
    if (bytes.length > 0) writeSync(file, bytes, 0, bytes.length, offset);
    lost++;
  }
  // Each of these was on disk by itself, whatever of the rest was.
  for (const { kind, offset, bytes } of entries) {
    if (kind === 's') writeSync(file, bytes, 0, bytes.length, offset);
  }
  closeSync(file);
  return lost;
}

function entriesOf(notes: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at < notes.length; ) {
    const length = notes.readUInt32LE(at + 4);
    const end = at + ENTRY_BYTES + length;
    // The kill came while this was noted down; what it is about was not written.
    if (end > notes.length) break;
    entries.push({
      kind: String.fromCharCode(notes.readUInt32LE(at)),
      offset: Number(notes.readBigUInt64LE(at + 8)),
      size: Number(notes.readBigUInt64LE(at + 16)),
      bytes: notes.subarray(at + ENTRY_BYTES, end),
    });
    at = end;
  }
  return entries;
}
