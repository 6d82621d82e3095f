/**
 * A database that is opened anew when it is lost. After lmdb could not write the page that ends a commit (an I/O error of the disk), its
 * environment refuses everything for good, "MDB_PANIC"; measured with lmdb 3.5.6: writes fail, and reads find nothing and say no word.
 * What was committed before is on disk, whole, and there again once it is opened anew, which is done as soon as a call finds out.
 */
import type {
  DatabaseStats,
  NumberedRecord,
  OpenDatabase,
  RecordBatch,
  RecordDatabase,
} from '../../../core/database.ts';
import { openDatabase } from '../../../core/machine.ts';

/** The database of a file channel. */
export class SteadyDatabase implements RecordDatabase {
  readonly #directory: string;
  readonly #native: OpenDatabase;
  /** Undefined while it is closed and opened anew, and when that failed. */
  #db: RecordDatabase | undefined;
  #lastStats: DatabaseStats;
  #reopening: Promise<void> | undefined;
  #isClosed = false;

  /** @param native opens it on this machine @throws as OpenDatabase */
  constructor(directory: string, native: OpenDatabase) {
    this.#directory = directory;
    this.#native = native;
    this.#db = openDatabase(directory, native);
    this.#lastStats = this.#db.stats();
  }

  lastKey(): number | undefined {
    return this.#required().lastKey();
  }

  /** @throws while it is opened anew, at the first record that is asked for */
  *range(start: number, end: number, limit: number): Generator<NumberedRecord> {
    let found = false;
    for (const record of this.#required().range(start, end, limit)) {
      found = true;
      yield record;
    }
    // A lost one finds nothing: who believed that would skip what is there.
    if (!found && this.#isLost()) throw this.#lost();
  }

  /** @throws as the port says, and while it is opened anew */
  async write(batch: RecordBatch): Promise<void> {
    const db = this.#required();
    try {
      await db.write(batch);
    } catch (error) {
      if (this.#db === db) this.#isLost();
      throw error;
    }
  }

  /** While it is opened anew, those of before. */
  stats(): DatabaseStats {
    this.#isLost();
    return this.#lastStats;
  }

  /** Resolves when it is not being opened anew, whether that succeeded or not. */
  async isBack(): Promise<void> {
    await this.#reopening;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#reopening;
    const db = this.#db;
    this.#db = undefined;
    await db?.close();
  }

  /** Whether it can be used no more; then it is opened anew. */
  #isLost(): boolean {
    try {
      if (this.#db !== undefined) {
        this.#lastStats = this.#db.stats();
        return false;
      }
    } catch {
      // Only a lost one does not know how full it is.
    }
    this.#reopen();
    return true;
  }

  #reopen(): void {
    if (this.#isClosed) return;
    this.#reopening ??= this.#openAnew().finally(() => {
      this.#reopening = undefined;
    });
  }

  /** A failure is no more than another call that fails: the next one tries again. */
  async #openAnew(): Promise<void> {
    const lost = this.#db;
    this.#db = undefined;
    await lost?.close().catch(() => {});
    try {
      this.#db = openDatabase(this.#directory, this.#native);
    } catch {
      this.#db = undefined;
    }
  }

  #required(): RecordDatabase {
    if (this.#db !== undefined) return this.#db;
    this.#reopen();
    throw this.#lost();
  }

  #lost(): Error {
    return new Error(
      this.#isClosed ? 'the database is closed' : 'the database is opened anew after an error of its disk',
    );
  }
}
