/**
 * The lmdb environment of one thread: a database of pages for each operator. It is a place to keep keys, not what outlives a crash:
 * that is the checkpoint's journal, from which it is filled anew at each start, so that it is never synced.
 */

import { createRequire } from 'node:module';
import type { Database, RootDatabase } from 'lmdb';
import { messageOf, StreamjobError } from '../core/errors.ts';
import { fsSync } from '../core/machine.ts';
import type { PageFormat, Pages, PageWrite } from './page-types.ts';

/** Where stores of a thread lie. */
export interface LmdbStates {
  /** A directory of their own; what is in it is removed. Asked for when the first key comes. */
  readonly directory: () => string;
  /** How many keys of each operator are kept in memory beside what the open batch changes. */
  readonly cachedKeys: number;
  readonly format: PageFormat;
  /** Takes what failed after a commit and is tried again before the next one. */
  readonly warn: (error: StreamjobError) => void;
}

const MOST_DATABASES = 256;
/** After these (MDB_PAGE_NOTFOUND, _CORRUPTED, _PANIC, _VERSION_MISMATCH, _INVALID) an environment refuses everything. */
const LOST: ReadonlySet<unknown> = new Set([-30797, -30796, -30795, -30794, -30793]);

/** The lmdb environment of one thread. */
export class LmdbEnvironment {
  readonly states: LmdbStates;
  readonly #databases = new Map<string, Database<Buffer, number>>();
  #root: RootDatabase<Buffer, number> | undefined;
  #isLost = false;

  constructor(states: LmdbStates) {
    this.states = states;
  }

  /** Whether it can only be made anew: `reset`, then all states have to be put back. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** The pages of an operator on disk. */
  pages(operator: string): Pages {
    return {
      read: (number) => this.#guarded(() => this.#database(operator).getBinary(number), 'read'),
      write: (writes) => this.write(operator, writes),
      clear: () => {
        if (this.#root !== undefined) this.#guarded(() => this.#database(operator).clearSync(), 'write');
      },
    };
  }

  /** Writes pages in one transaction: all of them, or none. @throws StreamjobError FILE_ACCESS */
  write(operator: string, writes: Iterable<readonly [number: number, bytes: PageWrite['bytes']]>): void {
    this.#guarded(() => {
      const database = this.#database(operator);
      database.transactionSync(() => {
        for (const [number, bytes] of writes) {
          if (bytes === undefined) database.removeSync(number);
          else database.putSync(number, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
        }
      });
    }, 'write');
  }

  /** Begins again with nothing in it. */
  async reset(): Promise<void> {
    await this.close();
    this.#isLost = false;
  }

  async close(): Promise<void> {
    const root = this.#root;
    this.#root = undefined;
    this.#databases.clear();
    if (root === undefined) return;
    await root.close();
    fsSync.rmSync(this.states.directory(), { recursive: true, force: true });
  }

  #database(operator: string): Database<Buffer, number> {
    let database = this.#databases.get(operator);
    if (database === undefined) {
      this.#root ??= this.#openRoot();
      database = this.#root.openDB({ name: operator, encoding: 'binary' });
      this.#databases.set(operator, database);
    }
    return database;
  }

  #guarded<T>(work: () => T, what: 'read' | 'write'): T {
    try {
      return work();
    } catch (error) {
      const code = error instanceof Error ? Reflect.get(error, 'code') : undefined;
      if (LOST.has(code)) this.#isLost = true;
      const directory = this.states.directory();
      throw new StreamjobError('FILE_ACCESS', `cannot ${what} state in ${directory}: ${messageOf(error)}`, {
        where: directory,
        hint: 'look whether the disk is full; the batch is run again, and goes on when there is room',
        cause: error,
      });
    }
  }

  #openRoot(): RootDatabase<Buffer, number> {
    const path = this.states.directory();
    fsSync.rmSync(path, { recursive: true, force: true });
    // Loaded when it is wanted: most jobs keep their state in memory.
    const { open } = createRequire(import.meta.url)('lmdb') as typeof import('lmdb');
    return open<Buffer, number>({ path, encoding: 'binary', noSync: true, maxDbs: MOST_DATABASES });
  }
}
