/**
 * lmdb on a simulated disk, as it promises and no better: what a database of records by number needs of it. Its file begins with two
 * meta pages, as lmdb's does; behind them stands a log of transactions in the place of the tree. A commit writes and syncs what is new,
 * and then writes the older one of the meta pages, synced, which tells where the log ends: until that is there the transaction is not.
 * As measured of lmdb 3.5.6 (with strace) and read in its mdb.c:
 * - a new file gets its meta pages by a write that nobody syncs;
 * - a file without them, unless it is empty, kills the process that opens it (SIGSEGV);
 * - calls of one moment, and those that come while a commit is under way, are committed together and fail together;
 * - when a meta page cannot be written, the old one is put back and the environment refuses everything from then on (MDB_PANIC), but
 *   reads of records, which find none.
 */
import { crc32 } from 'node:zlib';
import type { DatabaseStats, NumberedRecord, RecordBatch, RecordDatabase } from '../../../core/database.ts';
import { fileSystemError } from '../errors.ts';
import { decodeLog, encodeTransaction, type SortedRecords } from './database-log.ts';
import type { SimDisk } from './disk.ts';
import type { DiskView, OpenFile } from './view.ts';

const PAGE = 4096;
const MAGIC = 0xbeefc0de;
/** Where lmdb's magic number and the state stand in a meta page. */
const MAGIC_AT = 24;
const STATE_AT = 64;
const STATE_BYTES = 20;

/** What a meta page tells. */
interface Meta {
  readonly transaction: number;
  /** Where the log ends in the file. */
  readonly end: number;
}

const EMPTY: Meta = { transaction: 0, end: 2 * PAGE };

interface Waiting {
  readonly batch: RecordBatch;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Opens the database of a directory for a process. @throws what the disk throws, and MDB_CORRUPTED */
export function openSimulated(view: DiskView, directory: string): RecordDatabase {
  const file = `${directory}/data.mdb`;
  const isNew = !view.list(directory).some(([name]) => name === 'data.mdb');
  const open = view.callSync('open', file, (fault) => view.open(file, isNew ? 'wx+' : 'r+', fault));
  const { node } = open;
  if (node.kind !== 'file') throw fileSystemError('EISDIR', 'open', file);
  if (node.live.size === 0) {
    const both = Buffer.concat([pageOf(0, EMPTY), pageOf(1, EMPTY)]);
    view.callSync('write', file, (fault) => view.write(open, both, 0, fault));
  }
  const bytes = view.callSync('read', file, (fault) => {
    if (fault !== undefined) throw fileSystemError(fault, 'read');
    return Buffer.from(node.live.bytes);
  });
  if (bytes.length <= PAGE + STATE_AT || bytes.readUInt32LE(MAGIC_AT) !== MAGIC) {
    view.process.kill();
    void Promise.reject(new Error(`Segmentation fault: lmdb opened ${file}, which has no meta pages`));
    throw new Error('the process is dead');
  }
  const meta = newestMeta(bytes);
  const records = decodeLog(bytes.subarray(2 * PAGE, meta.end));
  if (records === undefined) throw new Error('MDB_CORRUPTED: Located page was wrong type');
  return new SimulatedDatabase(view, open, meta, records);
}

/** What is synced in a database, for the code of a world. @param file the path of its file @returns nothing where there is none */
export function syncedRecords(disk: SimDisk, file: string): NumberedRecord[] {
  if (!disk.paths().includes(file)) return [];
  const bytes = disk.durableBytes(file);
  const records = decodeLog(bytes.subarray(2 * PAGE, newestMeta(bytes).end));
  return records?.range(0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY) ?? [];
}

class SimulatedDatabase implements RecordDatabase {
  readonly #view: DiskView;
  readonly #open: OpenFile;
  readonly #records: SortedRecords;
  #meta: Meta;
  #waiting: Waiting[] = [];
  #committing: Promise<void> | undefined;
  #isLost = false;

  constructor(view: DiskView, open: OpenFile, meta: Meta, records: SortedRecords) {
    this.#view = view;
    this.#open = open;
    this.#meta = meta;
    this.#records = records;
  }

  lastKey(): number | undefined {
    this.#requireWhole();
    return this.#records.lastKey();
  }

  range(start: number, end: number, limit: number): NumberedRecord[] {
    if (this.#isLost) return [];
    return this.#records.range(start, end, limit);
  }

  write(batch: RecordBatch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#committing ??= this.#commitAll();
    });
  }

  stats(): DatabaseStats {
    this.#requireWhole();
    const leafPages = Math.ceil((this.#records.bytes + 16 * this.#records.count) / PAGE);
    return {
      records: this.#records.count,
      pageSize: PAGE,
      ...{ branchPages: Math.floor(leafPages / 100), leafPages, overflowPages: 0, freeListPages: 0 },
      filePages: Math.ceil(this.#meta.end / PAGE),
    };
  }

  async close(): Promise<void> {
    await this.#committing;
    await this.#view.call('close', this.#open.path, () => this.#view.close(this.#open, undefined));
  }

  async #commitAll(): Promise<void> {
    // Calls of one moment come together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0);
      try {
        await this.#commit(group.map(({ batch }) => batch));
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    // At once: who is told now may write at once.
    this.#committing = undefined;
  }

  async #commit(batches: readonly RecordBatch[]): Promise<void> {
    this.#requireWhole();
    const bytes = encodeTransaction(batches);
    const before = this.#meta;
    const next: Meta = { transaction: before.transaction + 1, end: before.end + bytes.length };
    if (this.#open.node.kind === 'file' && next.end > this.#open.node.live.size) {
      void Promise.reject(
        new Error(`lmdb has to make ${this.#open.path} longer itself, which a full disk would refuse`),
      );
    }
    await this.#write(bytes, before.end);
    await this.#sync();
    const page = next.transaction & 1;
    try {
      await this.#write(pageOf(page, next), page * PAGE);
      await this.#sync();
    } catch (error) {
      this.#isLost = true;
      const old = pageOf(page, { ...before, transaction: Math.max(0, before.transaction - 1) });
      await this.#write(old, page * PAGE).catch(() => {});
      throw error;
    }
    this.#meta = next;
    for (const batch of batches) this.#records.apply(batch);
  }

  #write(bytes: Uint8Array, at: number): Promise<number> {
    const { path } = this.#open;
    return this.#view.call('write', path, (fault) => this.#view.write(this.#open, bytes, at, fault));
  }

  #sync(): Promise<void> {
    const { disk } = this.#view;
    const { order } = disk.system;
    return this.#view.call('sync', this.#open.path, (fault) => disk.sync(this.#open.node, order, 'fdatasync', fault));
  }

  #requireWhole(): void {
    if (this.#isLost) throw new Error('MDB_PANIC: Update of meta page failed or environment had fatal error');
  }
}

function pageOf(number: number, { transaction, end }: Meta): Buffer {
  const page = Buffer.alloc(PAGE);
  page.writeUInt32LE(number, 0);
  page[18] = 8;
  page.writeUInt32LE(MAGIC, MAGIC_AT);
  page.writeDoubleLE(transaction, STATE_AT);
  page.writeDoubleLE(end, STATE_AT + 8);
  page.writeUInt32LE(crc32(page.subarray(STATE_AT, STATE_AT + STATE_BYTES - 4)), STATE_AT + STATE_BYTES - 4);
  return page;
}

function newestMeta(bytes: Buffer): Meta {
  const [first, second] = [metaOf(bytes, 0), metaOf(bytes, 1)];
  return second.transaction > first.transaction ? second : first;
}

/** A page that was not written whole counts as one of an empty database, which any other one is younger than. */
function metaOf(bytes: Buffer, number: number): Meta {
  const state = bytes.subarray(number * PAGE + STATE_AT, number * PAGE + STATE_AT + STATE_BYTES);
  if (state.length < STATE_BYTES) return EMPTY;
  if (state.readUInt32LE(STATE_BYTES - 4) !== crc32(state.subarray(0, STATE_BYTES - 4))) return EMPTY;
  return { transaction: state.readDoubleLE(0), end: state.readDoubleLE(8) };
}
