/**
 * The events of a file channel on disk: an lmdb database of records by number. Numbers rise with each put, so their
 * order is the order of the channel. Invariants:
 * - a write resolves after fdatasync: overlappingSync is off, because with it lmdb-js resolves before the data is safe;
 * - writes of one call are one lmdb transaction (all or nothing); calls of the same moment share one sync;
 * - near the end of the disk a write is a transaction of the calling thread, since one that fails there fails cleanly,
 *   while one that fails in lmdb's own thread damages the process (see disk.ts);
 * - a record that is there is an event that was put and whose take has not committed: a restart needs no log to replay.
 */
import { open, type RootDatabase } from 'lmdb';
import { messageOf, StreamjobError } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import type { Taken } from '../transaction.ts';
import { Disk, type DiskState } from './disk.ts';
import { decodeRecord, encodeRecord } from './record.ts';

/** Reading ahead is bounded by both. */
const READ_AHEAD_EVENTS = 1024;
const READ_AHEAD_BYTES = 4 * 1024 * 1024;
/** lmdb's own pages at the front of its file. */
const META_PAGES = 2;
/** A write that fails with less than this free failed for the lack of it. */
const NEARLY_FULL = 1024 * 1024;

/** The database of one channel. */
export class EventStore {
  readonly #directory: string;
  readonly #db: RootDatabase<Buffer, number>;
  readonly #disk: Disk;
  /** Writes that lmdb's thread has not finished. */
  readonly #outstanding = new Set<Promise<unknown>>();
  #next = 1;

  private constructor(directory: string, db: RootDatabase<Buffer, number>, owner: string) {
    this.#directory = directory;
    this.#db = db;
    this.#disk = new Disk(directory, owner);
    for (const key of db.getKeys({ reverse: true, limit: 1 })) this.#next = key + 1;
  }

  /**
   * @param owner for errors, e.g. `channel c1`
   * @throws StreamjobError CHANNEL_CORRUPT, FILE_ACCESS
   */
  static async open(directory: string, owner: string): Promise<EventStore> {
    const store = EventStore.#openNow(directory, owner);
    try {
      await store.#disk.remember();
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  static #openNow(directory: string, owner: string): EventStore {
    try {
      const db = open<Buffer, number>({
        path: directory,
        noSubdir: false,
        encoding: 'binary',
        overlappingSync: false,
        cache: false,
      });
      return new EventStore(directory, db, owner);
    } catch (cause) {
      const damaged = /MDB_(INVALID|CORRUPTED|VERSION_MISMATCH|PAGE_NOTFOUND|PANIC)|not an LMDB file/i.test(
        messageOf(cause),
      );
      throw new StreamjobError(
        damaged ? 'CHANNEL_CORRUPT' : 'FILE_ACCESS',
        `the file channel's database in ${directory} cannot be opened: ${messageOf(cause)}`,
        { where: directory, hint: 'restore the directory, or move it away to start with an empty channel', cause },
      );
    }
  }

  /** Events in it. */
  get count(): number {
    return this.#stats().entryCount ?? this.#db.getKeysCount();
  }

  /** The number after that of the youngest event. */
  get next(): number {
    return this.#next;
  }

  /** Bytes that the events take on disk; what was deleted is free for new ones and does not count. */
  get bytes(): number {
    const stats = this.#stats();
    return pagesOf(stats) * pageSizeOf(stats);
  }

  /** Bytes that deleted events have left in the file: it never shrinks, new events are written there. */
  get reusableBytes(): number {
    const stats = this.#stats();
    const pages = (stats.lastPageNumber ?? 0) + 1 - META_PAGES - pagesOf(stats) - pagesOf(stats.free ?? {});
    return Math.max(0, pages * pageSizeOf(stats));
  }

  #stats(): Stats {
    this.#db.resetReadTxn();
    return this.#db.getStats();
  }

  /** How the disk is, measured before a write. */
  disk(): Promise<DiskState> {
    return this.#disk.state();
  }

  /**
   * Adds `puts` and removes `takes`, all or nothing, synced.
   * @returns the number after that of the last put
   * @throws StreamjobError FILE_ACCESS, CHANNEL_FULL
   */
  async write(puts: readonly PlainEvent[], takes: readonly Taken[]): Promise<number> {
    const { ample } = await this.#disk.state();
    // A write of this thread must not overtake those of lmdb's: readers go by rising numbers.
    while (!ample && this.#outstanding.size > 0) await Promise.allSettled(this.#outstanding);
    const first = this.#next;
    this.#next += puts.length;
    const end = this.#next;
    const change = (): void => {
      puts.forEach((event, i) => {
        quietly(this.#db.put(first + i, encodeRecord(event)));
      });
      for (const { seq } of takes) quietly(this.#db.remove(seq));
    };
    try {
      if (ample) await this.#inBackground(change);
      else this.#db.transactionSync(change);
      return end;
    } catch (cause) {
      throw await this.#failure(cause);
    }
  }

  async #inBackground(change: () => void): Promise<void> {
    const batch = this.#db.batch(change);
    this.#outstanding.add(batch);
    try {
      await batch;
    } finally {
      this.#outstanding.delete(batch);
    }
  }

  async #failure(thrown: unknown): Promise<StreamjobError> {
    const cause = await reasonOf(thrown);
    const { freeBytes, fault } = await this.#disk.state();
    // A write of which only a part found room fails as one that cannot be made at all.
    const full =
      /MDB_MAP_FULL|No space left|quota exceeded/i.test(messageOf(cause)) ||
      (fault === undefined && freeBytes < NEARLY_FULL);
    return new StreamjobError(
      full ? 'CHANNEL_FULL' : 'FILE_ACCESS',
      `the file channel in ${this.#directory} cannot be written: ${full ? 'no space is left on its disk' : messageOf(cause)}`,
      {
        where: this.#directory,
        hint: full
          ? 'free space on the disk; then it goes on by itself'
          : 'check the free space and the permissions of the directory',
        cause,
      },
    );
  }

  /**
   * The first events from number `from` to before `end`: as many as reading ahead allows. It ends before a damaged record.
   * @throws StreamjobError CHANNEL_CORRUPT when the very first record is damaged
   */
  read(from: number, end: number): Taken[] {
    const events: Taken[] = [];
    let bytes = 0;
    // Without this, reads of one turn of the event loop share an older snapshot that may lack what was just written.
    this.#db.resetReadTxn();
    for (const { key, value } of this.#db.getRange({ start: from, end, limit: READ_AHEAD_EVENTS })) {
      const event = decodeRecord(value);
      if (event === undefined) {
        if (events.length > 0) break;
        throw this.#corrupt(key);
      }
      events.push({ seq: key, event });
      bytes += value.length;
      if (bytes >= READ_AHEAD_BYTES) break;
    }
    return events;
  }

  async close(): Promise<void> {
    await this.#db.close();
  }

  #corrupt(key: number): StreamjobError {
    return new StreamjobError(
      'CHANNEL_CORRUPT',
      `event ${key} of the file channel in ${this.#directory} is damaged: its checksum is wrong`,
      {
        where: this.#directory,
        hint: 'the disk or another program changed the file; restore the directory, or move it away to start with an empty channel',
      },
    );
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

function pageSizeOf({ pageSize = 4096 }: Stats): number {
  return pageSize;
}

/** Each put of a batch has a promise of its own, which rejects with the batch: nobody else hears of it. */
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
