/**
 * The port of a database of records by number, as the file channel needs it. This machine's is lmdb, native code that writes real
 * files, brought by the one who opens it (see `openDatabase` of machine.ts); a simulator puts its own in its place.
 */

/** A record with its number. */
export interface NumberedRecord {
  readonly key: number;
  /** In memory that nobody writes to again. */
  readonly value: Buffer;
}

/** What one write changes: all of it, or nothing. */
export interface RecordBatch {
  readonly puts: readonly NumberedRecord[];
  /** Numbers of records that are removed; one that is not there changes nothing. */
  readonly removes: readonly number[];
}

/** How full a database is, in pages of its file. */
export interface DatabaseStats {
  /** Records in it. */
  readonly records: number;
  /** In bytes. */
  readonly pageSize: number;
  /** Pages of the tree of the records: branches, leaves, and those of records that need pages of their own. */
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  /** Pages in which it keeps what is free. */
  readonly freeListPages: number;
  /** Pages of the file up to the last that was ever used. */
  readonly filePages: number;
}

/** A database of records by number, in the file `data.mdb` of a directory. It is opened once at a time. */
export interface RecordDatabase {
  /** The greatest number of a record, undefined when there is none. */
  lastKey(): number | undefined;
  /** Records from number `start` to before `end`, by rising numbers, `limit` of them at most. What was written is seen. */
  range(start: number, end: number, limit: number): Iterable<NumberedRecord>;
  /**
   * Writes all of a batch, or nothing.
   * @returns resolves when it is synced, so that a power cut does not take it back
   * @throws the reason, as the system or the database tells it; where the disk failed it is not known whether the batch is there
   */
  write(batch: RecordBatch): Promise<void>;
  /** As of now. */
  stats(): DatabaseStats;
  /** Ends it, once writes under way have ended. */
  close(): Promise<void>;
}

/**
 * Opens the database in a directory that exists, and makes it where there is none; its file is not synced then.
 * @throws an Error whose message has lmdb's name of the error, e.g. MDB_INVALID, when it is damaged
 */
export type OpenDatabase = (directory: string) => RecordDatabase;
