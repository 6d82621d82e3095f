/**
 * The events of a file channel on disk: an lmdb database of records by number. Numbers rise with each put, so their
 * order is the order of the channel. Invariants:
 * - a write resolves after fdatasync: overlappingSync is off, because with it lmdb-js resolves before the data is safe;
 * - writes of one call are one lmdb transaction (all or nothing); calls of the same moment share one sync;
 * - a record that is there is an event that was put and whose take has not committed: a restart needs no log to replay.
 */
import { open, type RootDatabase } from 'lmdb';
import { messageOf, StreamjobError } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import type { Taken } from '../transaction.ts';
import { decodeRecord, encodeRecord } from './record.ts';

/** Reading ahead is bounded by both. */
const READ_AHEAD_EVENTS = 1024;
const READ_AHEAD_BYTES = 4 * 1024 * 1024;

/** The database of one channel. */
export class EventStore {
  readonly #directory: string;
  readonly #db: RootDatabase<Buffer, number>;
  #next = 1;

  private constructor(directory: string, db: RootDatabase<Buffer, number>) {
    this.#directory = directory;
    this.#db = db;
    for (const key of db.getKeys({ reverse: true, limit: 1 })) this.#next = key + 1;
  }

  /** @throws StreamjobError CHANNEL_CORRUPT, FILE_ACCESS */
  static open(directory: string): EventStore {
    try {
      const db = open<Buffer, number>({
        path: directory,
        noSubdir: false,
        encoding: 'binary',
        overlappingSync: false,
        cache: false,
      });
      return new EventStore(directory, db);
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
    const stats: { readonly entryCount?: number } = this.#db.getStats();
    return stats.entryCount ?? this.#db.getKeysCount();
  }

  /** The number after that of the youngest event. */
  get next(): number {
    return this.#next;
  }

  /**
   * Adds `puts` and removes `takes`, all or nothing, synced.
   * @returns the number after that of the last put
   * @throws StreamjobError FILE_ACCESS
   */
  async write(puts: readonly PlainEvent[], takes: readonly Taken[]): Promise<number> {
    const first = this.#next;
    this.#next += puts.length;
    const end = this.#next;
    try {
      await this.#db.batch(() => {
        puts.forEach((event, i) => {
          void this.#db.put(first + i, encodeRecord(event));
        });
        for (const { seq } of takes) void this.#db.remove(seq);
      });
      return end;
    } catch (cause) {
      throw new StreamjobError(
        'FILE_ACCESS',
        `the file channel in ${this.#directory} cannot be written: ${messageOf(cause)}`,
        {
          where: this.#directory,
          hint: 'check the free space and the permissions of the directory',
          cause,
        },
      );
    }
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
