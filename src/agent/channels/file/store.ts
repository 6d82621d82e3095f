/**
 * The events of a file channel on disk: a database of records by number, which is lmdb's (lmdb.ts). Numbers rise with each put, so
 * their order is the order of the channel. Invariants:
 * - a write resolves after fdatasync, and is all or nothing;
 * - the file is made long enough before each write, so that lmdb never meets a full disk (see disk.ts);
 * - a record that is there is an event that was put and whose take has not committed: a restart needs no log to replay.
 */
import type { DatabaseStats } from '../../../core/database.ts';
import { messageOf, StreamjobError } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import { reached } from '../../../core/points.ts';
import type { Taken } from '../transaction.ts';
import { requireDatabase } from './create.ts';
import { Disk, type DiskState } from './disk.ts';
import { openLmdb } from './lmdb.ts';
import { decodeRecord, encodeRecord, recordBytes } from './record.ts';
import { SteadyDatabase } from './steady.ts';

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
  readonly #db: SteadyDatabase;
  readonly #disk: Disk;
  /** Bytes of the file that writes under way may need. */
  #claimed = 0;
  #next: number;

  private constructor(directory: string, db: SteadyDatabase, disk: Disk) {
    this.#directory = directory;
    this.#db = db;
    this.#disk = disk;
    this.#next = (db.lastKey() ?? 0) + 1;
  }

  /**
   * @param owner for errors, e.g. `channel c1`
   * @throws StreamjobError CHANNEL_CORRUPT, CHANNEL_FULL, FILE_ACCESS
   */
  static async open(directory: string, owner: string): Promise<EventStore> {
    const disk = new Disk(directory, owner);
    await disk.requireRoomToOpen();
    const store = await EventStore.#openNow(directory, disk);
    try {
      await store.#disk.open();
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  static async #openNow(directory: string, disk: Disk): Promise<EventStore> {
    try {
      await requireDatabase(directory, openLmdb);
      return new EventStore(directory, new SteadyDatabase(directory, openLmdb), disk);
    } catch (cause) {
      if (cause instanceof StreamjobError) throw cause;
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
    return this.#db.stats().records;
  }

  /** The number after that of the youngest event. */
  get next(): number {
    return this.#next;
  }

  /** Bytes that the events take on disk; what was deleted is free for new ones and does not count. */
  get bytes(): number {
    const stats = this.#db.stats();
    return pagesOf(stats) * stats.pageSize;
  }

  /** Bytes of the file that hold nothing: it never shrinks, new events are written there. */
  get reusableBytes(): number {
    const stats = this.#db.stats();
    const used = META_PAGES + pagesOf(stats) + stats.freeListPages;
    return Math.max(0, this.#disk.fileBytes - used * stats.pageSize);
  }

  /** How long its file was made; lmdb never makes it longer by itself. */
  get fileBytes(): number {
    return this.#disk.fileBytes;
  }

  /** How the disk is, measured before a write. */
  disk(): Promise<DiskState> {
    return this.#disk.state();
  }

  /**
   * Numbers for events that are kept elsewhere and have their place in the order of the store.
   * @returns the first of them
   */
  claimNumbers(count: number): number {
    const first = this.#next;
    this.#next += count;
    return first;
  }

  /**
   * Adds `puts` and removes `takes`, all or nothing, synced.
   * @returns the number after that of the last put
   * @throws StreamjobError FILE_ACCESS, CHANNEL_FULL
   */
  async write(puts: readonly PlainEvent[], takes: readonly Taken[]): Promise<number> {
    let end = 0;
    await this.#commit(claimOf(this.#db.stats(), puts, takes), takes, puts.length > 0 ? FOR_TAKES : 0, () => {
      const first = this.claimNumbers(puts.length);
      end = this.#next;
      return puts.map((event, i) => ({ seq: first + i, event }));
    });
    return end;
  }

  /**
   * Adds events that were kept elsewhere, all or nothing, synced, under the numbers that were claimed for them: they stand between those
   * that are there, in the order in which they came. A database that was lost is tried once more when it is back.
   * @throws StreamjobError FILE_ACCESS, CHANNEL_FULL
   */
  async keep(events: readonly Taken[]): Promise<void> {
    const write = (): Promise<void> => {
      const stats = this.#db.stats();
      const puts = events.map(({ event }) => event);
      // Each may stand in a page of its own, and split it.
      const bytes = claimOf(stats, puts, []) + 2 * Math.min(events.length, stats.leafPages) * stats.pageSize;
      return this.#commit(bytes, [], FOR_TAKES, () => events);
    };
    try {
      await write();
    } catch {
      await this.#db.isBack();
      await write();
    }
  }

  /** @param claim bytes by which the data may become longer @param spare that stay free behind it @param recordsOf is called right before the write */
  async #commit(
    claim: number,
    takes: readonly Taken[],
    spare: number,
    recordsOf: () => readonly Taken[],
  ): Promise<void> {
    this.#claimed += claim;
    try {
      const { filePages, pageSize } = this.#db.stats();
      await this.#disk.reserve(filePages * pageSize + this.#claimed + spare);
      const records = recordsOf();
      const written = this.#db.write({
        puts: records.map(({ seq, event }) => ({ key: seq, value: encodeRecord(event) })),
        removes: takes.map(({ seq }) => seq),
      });
      reached(records.length > 0 ? 'put-writing' : 'take-writing');
      await written;
      reached(records.length > 0 ? 'put-synced' : 'take-synced');
    } catch (error) {
      throw error instanceof StreamjobError ? error : this.#failure(error);
    } finally {
      this.#claimed -= claim;
    }
  }

  #failure(cause: unknown, what: 'read' | 'written' = 'written'): StreamjobError {
    return new StreamjobError(
      'FILE_ACCESS',
      `the file channel in ${this.#directory} cannot be ${what}: ${messageOf(cause)}`,
      { where: this.#directory, hint: 'check the disk and the permissions of the directory', cause },
    );
  }

  /**
   * The first events from number `from` to before `end`: as many as reading ahead allows. It ends before a damaged record.
   * @throws StreamjobError CHANNEL_CORRUPT when the very first record is damaged, FILE_ACCESS while the database is opened anew
   */
  read(from: number, end: number): Taken[] {
    try {
      return this.#readNow(from, end);
    } catch (error) {
      throw error instanceof StreamjobError ? error : this.#failure(error, 'read');
    }
  }

  #readNow(from: number, end: number): Taken[] {
    const events: Taken[] = [];
    let bytes = 0;
    for (const { key, value } of this.#db.range(from, end, READ_AHEAD_EVENTS)) {
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

function pagesOf({ branchPages, leafPages, overflowPages }: DatabaseStats): number {
  return branchPages + leafPages + overflowPages;
}

/**
 * The most bytes by which a write makes lmdb's data longer: every page that it changes is written anew, and the numbers of
 * the pages that become free are noted down.
 */
function claimOf(stats: DatabaseStats, puts: readonly PlainEvent[], takes: readonly Taken[]): number {
  const { pageSize } = stats;
  let own = 0;
  let shared = 0;
  for (const event of puts) {
    const bytes = recordBytes(event) + 16;
    if (bytes > pageSize / 4) own += Math.ceil(bytes / pageSize);
    shared += bytes > pageSize / 4 ? 32 : bytes + 16;
  }
  let freed = 0;
  for (const { event } of takes) freed += Math.ceil((recordBytes(event) + 16) / pageSize);
  const leaves = Math.ceil(shared / (pageSize / 4)) + Math.min(takes.length, stats.leafPages);
  const branches = Math.min(Math.ceil(leaves / 8), stats.branchPages + Math.ceil(leaves / 16)) + 8;
  const notes = 8 + 2 * Math.ceil(((freed + leaves + branches + stats.freeListPages) * 8) / pageSize);
  return (own + leaves + branches + notes) * pageSize;
}
