/**
 * The events of a file channel on disk: an lmdb database of records by number. Numbers rise with each put, so their
 * order is the order of the channel. Invariants:
 * - a write resolves after fdatasync: overlappingSync is off, because with it lmdb-js resolves before the data is safe;
 * - writes of one call are one lmdb transaction (all or nothing); calls of the same moment share one sync;
 * - the file is made long enough before each write, so that lmdb never meets a full disk (see disk.ts);
 * - a record that is there is an event that was put and whose take has not committed: a restart needs no log to replay.
 */
import { open, type RootDatabase } from 'lmdb';
import { messageOf, StreamjobError } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import { reached } from '../../../core/points.ts';
import type { Taken } from '../transaction.ts';
import { Disk, type DiskState } from './disk.ts';
import { decodeRecord, encodeRecord, recordBytes } from './record.ts';

/** Reading ahead is bounded by both. */
const READ_AHEAD_EVENTS = 1024;
const READ_AHEAD_BYTES = 4 * 1024 * 1024;
/** lmdb's own pages at the front of its file. */
const META_PAGES = 2;
/** Room that puts leave in the file, in bytes, so that events can be taken when the disk is full. */
const FOR_TAKES = 256 * 1024;

/** The database of one channel. */
export class EventStore {
  readonly #directory: string;
  readonly #db: RootDatabase<Buffer, number>;
  readonly #disk: Disk;
  /** Bytes of the file that writes under way may need. */
  #claimed = 0;
  #next = 1;

  private constructor(directory: string, db: RootDatabase<Buffer, number>, disk: Disk) {
    this.#directory = directory;
    this.#db = db;
    this.#disk = disk;
    for (const key of db.getKeys({ reverse: true, limit: 1 })) this.#next = key + 1;
  }

  /**
   * @param owner for errors, e.g. `channel c1`
   * @throws StreamjobError CHANNEL_CORRUPT, CHANNEL_FULL, FILE_ACCESS
   */
  static async open(directory: string, owner: string): Promise<EventStore> {
    const disk = new Disk(directory, owner);
    await disk.requireRoomToOpen();
    const store = EventStore.#openNow(directory, disk);
    try {
      await store.#disk.open();
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  static #openNow(directory: string, disk: Disk): EventStore {
    try {
      const db = open<Buffer, number>({
        path: directory,
        noSubdir: false,
        encoding: 'binary',
        overlappingSync: false,
        cache: false,
      });
      return new EventStore(directory, db, disk);
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

  /** Bytes of the file that hold nothing: it never shrinks, new events are written there. */
  get reusableBytes(): number {
    const stats = this.#stats();
    const used = META_PAGES + pagesOf(stats) + pagesOf(stats.free ?? {});
    return Math.max(0, this.#disk.fileBytes - used * pageSizeOf(stats));
  }

  /** How long its file was made; lmdb never makes it longer by itself. */
  get fileBytes(): number {
    return this.#disk.fileBytes;
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
    const stats = this.#stats();
    const claim = claimOf(stats, puts, takes);
    this.#claimed += claim;
    try {
      const endOfData = ((stats.lastPageNumber ?? 0) + 1) * pageSizeOf(stats);
      await this.#disk.reserve(endOfData + this.#claimed + (puts.length > 0 ? FOR_TAKES : 0));
      const first = this.#next;
      this.#next += puts.length;
      const end = this.#next;
      const written = this.#db.batch(() => {
        puts.forEach((event, i) => {
          quietly(this.#db.put(first + i, encodeRecord(event)));
        });
        for (const { seq } of takes) quietly(this.#db.remove(seq));
      });
      reached(puts.length > 0 ? 'put-writing' : 'take-writing');
      await written;
      reached(puts.length > 0 ? 'put-synced' : 'take-synced');
      return end;
    } catch (error) {
      throw error instanceof StreamjobError ? error : this.#failure(await reasonOf(error));
    } finally {
      this.#claimed -= claim;
    }
  }

  #failure(cause: unknown): StreamjobError {
    return new StreamjobError(
      'FILE_ACCESS',
      `the file channel in ${this.#directory} cannot be written: ${messageOf(cause)}`,
      { where: this.#directory, hint: 'check the disk and the permissions of the directory', cause },
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
    await this.#disk.close();
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

/**
 * The most bytes by which a write makes lmdb's data longer: every page that it changes is written anew, and the numbers of
 * the pages that become free are noted down.
 */
function claimOf(stats: Stats, puts: readonly PlainEvent[], takes: readonly Taken[]): number {
  const pageSize = pageSizeOf(stats);
  let own = 0;
  let shared = 0;
  for (const event of puts) {
    const bytes = recordBytes(event) + 16;
    if (bytes > pageSize / 4) own += Math.ceil(bytes / pageSize);
    shared += bytes > pageSize / 4 ? 32 : bytes + 16;
  }
  let freed = 0;
  for (const { event } of takes) freed += Math.ceil((recordBytes(event) + 16) / pageSize);
  const leaves = Math.ceil(shared / (pageSize / 4)) + Math.min(takes.length, stats.treeLeafPageCount ?? takes.length);
  const branches = Math.min(Math.ceil(leaves / 8), (stats.treeBranchPageCount ?? 0) + Math.ceil(leaves / 16)) + 8;
  const notes = 8 + 2 * Math.ceil(((freed + leaves + branches + pagesOf(stats.free ?? {})) * 8) / pageSize);
  return (own + leaves + branches + notes) * pageSize;
}
