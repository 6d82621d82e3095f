/**
 * The events of a file channel on disk: a database of records by number, which is lmdb's (lmdb.ts). Numbers rise with each put, so
 * their order is the order of the channel. Invariants:
 * - a write resolves after fdatasync, and is all or nothing;
 * - the file is made long enough before each write, so that lmdb never meets a full disk (see disk.ts);
 * - a record that is there is an event that was put and whose take has not committed: a restart needs no log to replay.
 */
import type { NumberedRecord } from '../../../core/database.ts';
import { StreamjobError } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import { reached } from '../../../core/points.ts';
import type { Taken } from '../transaction.ts';
import { checkStore } from './check.ts';
import { claimOf, pagesOf } from './claim.ts';
import { requireDatabase } from './create.ts';
import { Disk, type DiskState } from './disk.ts';
import { notOpened, unusable } from './errors.ts';
import { type Keys, keyLacks, NO_KEYS } from './keys/keys.ts';
import { openLmdb } from './lmdb.ts';
import { decodeRecord, encodeRecords, isEvent, mostRecordBytes, recordBytes } from './record.ts';
import { SteadyDatabase } from './steady.ts';

/** Reading ahead is bounded by both. */
const READ_AHEAD_EVENTS = 1024;
/** In bytes. */
export const READ_AHEAD_BYTES: number = 4 * 1024 * 1024;
/** lmdb's own pages at the front of its file. */
const META_PAGES = 2;
/** Room that puts leave in the file, in bytes, so that events can be taken when the disk is full. */
const FOR_TAKES = 256 * 1024;

/** A record whose bytes are not those that were written. */
export interface DamagedRecord extends NumberedRecord {
  /** What is wrong with it. */
  readonly what: string;
}

/** Puts that are synced. */
export interface Written {
  /** The number of the first of them. */
  readonly first: number;
  /** The number after that of the last. */
  readonly end: number;
  /** What was written, in memory that nobody writes to again. */
  readonly records: readonly NumberedRecord[];
}

/** What a store may be given. */
export interface StoreOptions {
  /** With the active one of them events are encrypted, with any of them decrypted. Default: none. */
  readonly keys?: Keys;
  /** Is told of a damaged record, once, when it would be the next to be read: `read` leaves it out. */
  readonly damaged?: (record: DamagedRecord) => void;
}

/** The database of one channel. */
export class EventStore {
  readonly #directory: string;
  readonly #owner: string;
  readonly #db: SteadyDatabase;
  readonly #disk: Disk;
  readonly #keys: Keys;
  readonly #tellDamaged: (record: DamagedRecord) => void;
  /** Numbers of damaged records that were told. */
  readonly #damaged = new Set<number>();
  /** Bytes of the file that writes under way may need. */
  #claimed = 0;
  #next: number;

  private constructor(
    directory: string,
    owner: string,
    db: SteadyDatabase,
    disk: Disk,
    { damaged, keys = NO_KEYS }: StoreOptions,
  ) {
    this.#directory = directory;
    this.#owner = owner;
    this.#db = db;
    this.#disk = disk;
    this.#keys = keys;
    this.#tellDamaged = damaged ?? (() => {});
    this.#next = (db.lastKey() ?? 0) + 1;
  }

  /**
   * @param owner for errors, e.g. `channel c1`
   * @throws StreamjobError CHANNEL_CORRUPT, CHANNEL_FULL, FILE_ACCESS, ENCRYPTION_KEY where events need a key that is not there
   */
  static async open(directory: string, owner: string, options: StoreOptions = {}): Promise<EventStore> {
    const disk = new Disk(directory, owner);
    await disk.requireRoomToOpen();
    const store = await EventStore.#openNow(directory, owner, disk, options);
    try {
      await store.#disk.open();
    } catch (error) {
      await store.close();
      throw error;
    }
    return store;
  }

  static async #openNow(directory: string, owner: string, disk: Disk, options: StoreOptions): Promise<EventStore> {
    try {
      if (await requireDatabase(directory, openLmdb)) await checkStore(directory, owner, options.keys ?? NO_KEYS);
      return new EventStore(directory, owner, new SteadyDatabase(directory, openLmdb), disk, options);
    } catch (cause) {
      if (cause instanceof StreamjobError) throw cause;
      throw notOpened(directory, cause);
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
   * @throws StreamjobError FILE_ACCESS, CHANNEL_FULL
   */
  async write(puts: readonly PlainEvent[], takes: readonly Taken[]): Promise<Written> {
    let written: Written = { first: 0, end: 0, records: [] };
    const removes = takes.map(({ seq }) => seq);
    const lengths = puts.map((event) => recordBytes(event, this.#keys));
    const claim = claimOf(
      this.#db.stats(),
      lengths,
      takes.map(({ event }) => mostRecordBytes(event)),
    );
    const spare = puts.length > 0 ? FOR_TAKES : 0;
    await this.#commit(claim, spare, removes, () => {
      const first = this.claimNumbers(puts.length);
      const events = puts.map((event, i) => ({ seq: first + i, event }));
      written = { first, end: this.#next, records: encodeRecords(events, lengths, this.#keys) };
      return written.records;
    });
    return written;
  }

  /**
   * Adds events that were kept elsewhere, all or nothing, synced, under the numbers that were claimed for them: they stand between those
   * that are there, in the order in which they came. A database that was lost is tried once more when it is back.
   * @throws StreamjobError FILE_ACCESS, CHANNEL_FULL
   */
  async keep(events: readonly Taken[]): Promise<void> {
    const write = (): Promise<void> => {
      const stats = this.#db.stats();
      const lengths = events.map(({ event }) => recordBytes(event, this.#keys));
      // Each may stand in a page of its own, and split it.
      const bytes = claimOf(stats, lengths, []) + 2 * Math.min(events.length, stats.leafPages) * stats.pageSize;
      return this.#commit(bytes, FOR_TAKES, [], () => encodeRecords(events, lengths, this.#keys));
    };
    try {
      await write();
    } catch {
      await this.#db.isBack();
      await write();
    }
  }

  /**
   * Adds records of another store under the numbers that they have there, behind all that is here, synced.
   * @throws StreamjobError FILE_ACCESS, CHANNEL_FULL
   */
  async copy(records: readonly NumberedRecord[]): Promise<void> {
    const claim = claimOf(
      this.#db.stats(),
      records.map(({ value }) => value.length),
      [],
    );
    this.#next = Math.max(this.#next, (records.at(-1)?.key ?? 0) + 1);
    await this.#commit(claim, FOR_TAKES, [], () => records);
  }

  /**
   * Removes damaged records that were told, synced.
   * @throws StreamjobError FILE_ACCESS, CHANNEL_FULL
   */
  async remove(records: readonly NumberedRecord[]): Promise<void> {
    const claim = claimOf(
      this.#db.stats(),
      [],
      records.map(({ value }) => value.length),
    );
    await this.#commit(
      claim,
      0,
      records.map(({ key }) => key),
      () => [],
    );
    for (const { key } of records) this.#damaged.delete(key);
  }

  /** @param claim bytes by which the data may become longer @param spare that stay free behind it @param recordsOf is called right before the write */
  async #commit(
    claim: number,
    spare: number,
    removes: readonly number[],
    recordsOf: () => readonly NumberedRecord[],
  ): Promise<void> {
    this.#claimed += claim;
    try {
      const { filePages, pageSize } = this.#db.stats();
      await this.#disk.reserve(filePages * pageSize + this.#claimed + spare);
      const puts = recordsOf();
      const written = this.#db.write({ puts, removes });
      reached(puts.length > 0 ? 'put-writing' : 'take-writing');
      await written;
      reached(puts.length > 0 ? 'put-synced' : 'take-synced');
    } catch (error) {
      throw error instanceof StreamjobError ? error : unusable(this.#directory, 'written', error);
    } finally {
      this.#claimed -= claim;
    }
  }

  /**
   * The first events from number `from` to before `end`: as many as reading ahead allows. Damaged records are left out; it ends before one
   * whose key is not there.
   * @returns none only where there is none
   * @throws StreamjobError ENCRYPTION_KEY when the key of the very first is not there, FILE_ACCESS while the database is opened anew
   */
  read(from: number, end: number): Taken[] {
    try {
      for (let next = from; ; ) {
        const { events, last } = this.#readSome(next, end);
        if (events.length > 0 || last === undefined) return events;
        next = last + 1;
      }
    } catch (error) {
      throw error instanceof StreamjobError ? error : unusable(this.#directory, 'read', error);
    }
  }

  /** @returns `last` is the number of the last record that was seen, undefined when there was none */
  #readSome(from: number, end: number): { readonly events: Taken[]; readonly last: number | undefined } {
    const events: Taken[] = [];
    let bytes = 0;
    let last: number | undefined;
    for (const { key, value } of this.#db.range(from, end, READ_AHEAD_EVENTS)) {
      const found = this.#damaged.has(key) ? undefined : decodeRecord(key, value, this.#keys);
      if (found !== undefined && 'lack' in found) {
        if (events.length > 0) break;
        throw keyLacks(this.#owner, found.mark.name, found.lack, 1);
      }
      last = key;
      if (found === undefined) continue;
      if (isEvent(found)) events.push({ seq: key, event: found });
      else this.#foundDamaged({ key, value, what: found.damage });
      bytes += value.length;
      if (bytes >= READ_AHEAD_BYTES) break;
    }
    return { events, last };
  }

  #foundDamaged(record: DamagedRecord): void {
    this.#damaged.add(record.key);
    this.#tellDamaged(record);
  }

  async close(): Promise<void> {
    await this.#db.close();
    await this.#disk.close();
  }
}
