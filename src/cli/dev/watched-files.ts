/**
 * Tells when files have changed. Their directories are watched, since editors write a file aside and rename it; and what is in the files is
 * compared, since directories tell of more than that: a file that is only read or touched, or written twice.
 */
import { createHash } from 'node:crypto';
import type { FSWatcher } from 'node:fs';
import path from 'node:path';
import { after, type EndTimer, fsSync } from '../../core/machine.ts';

/** How long nothing more may happen before the files are looked at, in ms: an editor writes several, or one in several steps. */
const QUIET_MS = 150;

/** Files that are watched. */
export class WatchedFiles {
  readonly #watchers = new Map<string, FSWatcher>();
  /** What was in each file; undefined: it was not there. */
  #seen = new Map<string, string | undefined>();
  #timer: EndTimer | undefined;
  #waiting: ((changed: string[]) => void) | undefined;

  /** The files that are watched from now on. Of those that are watched already a change that nobody was told of yet is kept. @param files absolute paths */
  watch(files: readonly string[]): void {
    this.#seen = new Map(files.map((file) => [file, this.#seen.has(file) ? this.#seen.get(file) : contentsOf(file)]));
    const directories = new Set(files.map((file) => path.dirname(file)));
    for (const [directory, watcher] of this.#watchers) {
      if (directories.has(directory)) continue;
      watcher.close();
      this.#watchers.delete(directory);
    }
    for (const directory of directories) {
      if (!this.#watchers.has(directory)) this.#watchDirectory(directory);
    }
  }

  /** Resolves with the files that have changed since `changed` was last resolved, or since they are watched; it may wait for ever. */
  changed(): Promise<string[]> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#lookSoon();
    });
  }

  /** Ends it. A call of `changed` is never answered then. */
  close(): void {
    this.#timer?.();
    this.#waiting = undefined;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watchDirectory(directory: string): void {
    if (!fsSync.existsSync(directory)) return;
    const watcher = fsSync.watch(directory, () => this.#lookSoon());
    // A directory that is gone: its files are found to be changed.
    watcher.on('error', () => this.#lookSoon());
    this.#watchers.set(directory, watcher);
  }

  #lookSoon(): void {
    this.#timer?.();
    this.#timer = after(QUIET_MS, () => this.#look());
  }

  #look(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    const changed = [...this.#seen].filter(([file, before]) => contentsOf(file) !== before).map(([file]) => file);
    if (changed.length === 0) return;
    for (const file of changed) this.#seen.set(file, contentsOf(file));
    this.#waiting = undefined;
    waiting(changed);
  }
}

/** Of a file that cannot be read: undefined. */
function contentsOf(file: string): string | undefined {
  try {
    return createHash('sha256').update(fsSync.readFileSync(file)).digest('hex');
  } catch {
    return undefined;
  }
}
