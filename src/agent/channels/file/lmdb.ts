/**
 * The database of a file channel by lmdb. overlappingSync is off, because with it lmdb-js resolves before the data is safe; writes of
 * one call are one transaction, and calls of the same moment share one sync.
 */
import { open, type RootDatabase } from 'lmdb';
import type { DatabaseStats, NumberedRecord, RecordBatch, RecordDatabase } from '../../../core/database.ts';
import { fsSync } from '../../../core/machine.ts';

/** An event that is kept keeps a piece of memory of so many bytes at most. */
const PIECE_BYTES = 64 * 1024;

/**
 * Addresses that are set aside for the file, in bytes. Left to itself lmdb-js begins with 128 KiB and maps the file anew each time that it
 * has grown, which costs time, and counts the file twice as memory of the process.
 */
const MAP_BYTES = 2 ** 34;

/** Opens lmdb's files in a directory, as the port says. */
export function openLmdb(directory: string): RecordDatabase {
  const db = open<Buffer, number>({
    path: directory,
    noSubdir: false,
    encoding: 'binary',
    encoder: new Copies(),
    overlappingSync: false,
    cache: false,
    ...(hasAddresses() ? { mapSize: MAP_BYTES } : {}),
  });
  return new LmdbRecords(db);
}

/** Whether the process may have as many addresses as it likes (`ulimit -v`): lmdb-js dies of SIGSEGV when it cannot have those of its file. */
function hasAddresses(): boolean {
  try {
    return /^Max address space +unlimited /m.test(fsSync.readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    return false;
  }
}

/**
 * Copies what lmdb-js has read, which it writes over with the next record. Its own copies are each a piece of memory for itself, which
 * costs more than all else of reading small records; these are views of larger pieces.
 */
class Copies {
  #piece = Buffer.alloc(0);
  #used = 0;

  encode(value: Buffer): Buffer {
    return value;
  }

  decode(bytes: Buffer, length: number): Buffer {
    if (length > PIECE_BYTES / 8) return Buffer.from(bytes.subarray(0, length));
    if (this.#used + length > this.#piece.length) {
      this.#piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
      this.#used = 0;
    }
    const copy = this.#piece.subarray(this.#used, this.#used + length);
    copy.set(bytes.subarray(0, length));
    this.#used += length;
    return copy;
  }
}

class LmdbRecords implements RecordDatabase {
  readonly #db: RootDatabase<Buffer, number>;

  constructor(db: RootDatabase<Buffer, number>) {
    this.#db = db;
  }

  lastKey(): number | undefined {
    for (const key of this.#db.getKeys({ reverse: true, limit: 1 })) return key;
    return undefined;
  }

  range(start: number, end: number, limit: number): Iterable<NumberedRecord> {
    // Without this, reads of one turn of the event loop share an older snapshot that may lack what was just written.
    this.#db.resetReadTxn();
    return this.#db.getRange({ start, end, limit });
  }

  async write({ puts, removes }: RecordBatch): Promise<void> {
    try {
      await this.#db.batch(() => {
        // All of a batch are told by one promise, but for the first of them.
        let told: Promise<unknown> | undefined;
        const hear = (write: Promise<unknown>): void => {
          if (write !== told) quietly(write);
          told = write;
        };
        for (const { key, value } of puts) hear(this.#db.put(key, value));
        for (const key of removes) hear(this.#db.remove(key));
      });
    } catch (error) {
      throw await reasonOf(error);
    }
  }

  stats(): DatabaseStats {
    this.#db.resetReadTxn();
    const stats: Stats = this.#db.getStats();
    return {
      records: stats.entryCount ?? this.#db.getKeysCount(),
      pageSize: stats.pageSize ?? 4096,
      branchPages: stats.treeBranchPageCount ?? 0,
      leafPages: stats.treeLeafPageCount ?? 0,
      overflowPages: stats.overflowPages ?? 0,
      freeListPages: pagesOf(stats.free ?? {}),
      filePages: (stats.lastPageNumber ?? 0) + 1,
    };
  }

  close(): Promise<void> {
    return this.#db.close();
  }
}

interface TreeStats {
  readonly treeBranchPageCount?: number;
  readonly treeLeafPageCount?: number;
  readonly overflowPages?: number;
}

/** What lmdb tells of itself, as far as it is used here. */
interface Stats extends TreeStats {
  readonly entryCount?: number;
  readonly pageSize?: number;
  readonly lastPageNumber?: number;
  /** The tree of the free pages. */
  readonly free?: TreeStats;
}

function pagesOf({ treeBranchPageCount = 0, treeLeafPageCount = 0, overflowPages = 0 }: TreeStats): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
}

/** The promise of a put rejects with the batch: nobody else hears of it. */
function quietly(write: Promise<unknown>): void {
  write.catch(reasonOf);
}

/** lmdb hides the reason of a failed commit in a promise, which would end the process when nobody listens. */
async function reasonOf(thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof Error) || !('commitError' in thrown)) return thrown;
  try {
    await thrown.commitError;
  } catch (reason) {
    return reason;
  }
  return thrown;
}
