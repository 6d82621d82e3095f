/**
 * An append-only log of records in segments. Invariants:
 * - A record whose `append` has resolved is found by every later `open`, in the order of the calls.
 * - All that wait at one time are written together and cost one sync (group commit).
 * - What a crash tore off at the end is cut; damage to what had been synced is an error, never skipped.
 * - After a failed write or sync nothing more goes to that file (fsync(2): what is on disk is unknown): a new segment is begun.
 *
 * On disk: `<name>-<number, 10 digits>.log`, numbers without gaps. A segment begins with 16 bytes: `SJLOG\0\0\1`, then how many
 * bytes of the segment before it were synced (uint64, little-endian). Then frames, all numbers little-endian:
 *   uint32 magic 0x314a5346 | uint32 length of the payload | uint32 CRC32C of what follows | uint64 synced | payload
 * `synced` is how many bytes of the segment were on disk when the frame was written: by it a torn tail is told from damage. A
 * frame without payload only carries it; one follows each sync.
 */
import path from 'node:path';
import { messageOf, StreamjobError } from '../core/errors.ts';
import { reached } from '../core/points.ts';
import { crc32c } from './crc32c.ts';
import { type AppendFile, type Files, fileError } from './files.ts';
import { GroupCommit } from './group-commit.ts';

const HEADER = Buffer.from('SJLOG\0\0\u0001', 'latin1');
const HEADER_BYTES = 16;
const MAGIC = 0x314a5346;
const FRAME_BYTES = 20;

/** What a log is opened with. */
export interface RecordLogOptions {
  readonly files: Files;
  /** A directory that exists. */
  readonly directory: string;
  /** How its files' names begin. */
  readonly name: string;
  /** After so many bytes a new segment is begun. */
  readonly segmentBytes: number;
}

/** A file of the log. */
export interface Segment {
  readonly number: number;
  readonly bytes: number;
}

interface OpenSegment {
  readonly number: number;
  readonly file: AppendFile;
  written: number;
  synced: number;
}

/** See the file's head. */
export class RecordLog {
  readonly #options: RecordLogOptions;
  /** Closed ones, oldest first. */
  readonly #closed: Segment[] = [];
  #current: OpenSegment | undefined;
  #next: number;
  #lastSynced = 0;
  readonly #group: GroupCommit<Uint8Array, number>;
  #removing: Promise<void> = Promise.resolve();

  private constructor(options: RecordLogOptions, found: readonly Segment[]) {
    this.#options = options;
    this.#group = new GroupCommit({
      write: (payloads) => this.#write(payloads),
      failed: async (thrown) => {
        await this.#abandonSegment();
        return fileError(thrown, `cannot write to the log ${options.name}`, options.directory);
      },
    });
    this.#closed.push(...found);
    this.#next = (found.at(-1)?.number ?? 0) + 1;
    this.#lastSynced = found.at(-1)?.bytes ?? 0;
  }

  /**
   * Opens a log and reads what it holds.
   * @param onRecord called with each record, oldest first; it must not keep the buffer
   * @throws StreamjobError LOG_CORRUPT when synced records are damaged, FILE_ACCESS
   */
  static async open(
    options: RecordLogOptions,
    onRecord: (payload: Buffer, segment: number) => void,
  ): Promise<RecordLog> {
    const { files, directory } = options;
    try {
      const found: Segment[] = [];
      for (const number of await segmentNumbers(options)) {
        const before = found.at(-1);
        if (before !== undefined && number !== before.number + 1) {
          throw corrupt(fileOf(options, before.number + 1), 'the segment is missing');
        }
        const file = fileOf(options, number);
        const { end, size } = readSegment(await files.read(file), file, before, (payload) => onRecord(payload, number));
        if (end < size) await files.truncate(file, end);
        found.push({ number, bytes: end });
      }
      return new RecordLog(options, found);
    } catch (error) {
      throw fileError(error, `cannot open the log ${options.name}`, directory);
    }
  }

  /** Reads once more what is on disk. @param onRecord as of `open` @throws StreamjobError LOG_CORRUPT, FILE_ACCESS */
  async read(onRecord: (payload: Buffer, segment: number) => void): Promise<void> {
    const { files, directory, name } = this.#options;
    await this.#group.idle();
    try {
      for (const { number } of this.segments) {
        const file = fileOf(this.#options, number);
        readSegment(await files.read(file), file, undefined, (payload) => onRecord(payload, number));
      }
    } catch (error) {
      throw fileError(error, `cannot read the log ${name}`, directory);
    }
  }

  /** All segments, oldest first. */
  get segments(): Segment[] {
    const current = this.#current;
    return current === undefined
      ? [...this.#closed]
      : [...this.#closed, { number: current.number, bytes: current.written }];
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.segments.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Appends a record.
   * @returns when it is on disk, the number of its segment
   * @throws StreamjobError FILE_ACCESS; the record is then not in the log, and may be appended again
   */
  append(payload: Uint8Array): Promise<number> {
    return this.#group.append(payload);
  }

  /** Removes the oldest segments, up to and with `number`; never the one that is written to. */
  removeThrough(number: number): Promise<void> {
    this.#removing = this.#removing.then(() => this.#removeThrough(number));
    const removed = this.#removing;
    this.#removing = removed.catch(() => {});
    return removed;
  }

  async #removeThrough(number: number): Promise<void> {
    const { files, directory } = this.#options;
    while (this.#closed[0] !== undefined && this.#closed[0].number <= number) {
      // Oldest first and one by one: a crash in between leaves no gap.
      await files.remove(fileOf(this.#options, this.#closed[0].number));
      this.#closed.shift();
    }
    await files.syncDirectory(directory);
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    await this.#group.idle();
    await this.#removing;
    const current = this.#current;
    this.#current = undefined;
    await current?.file.close();
  }

  /** @returns for each payload the number of its segment: the same for all */
  async #write(payloads: readonly Uint8Array[]): Promise<number[]> {
    const current = await this.#segment();
    const parts = payloads.flatMap((payload) => frame(payload, current.synced));
    await current.file.append(parts);
    current.written += parts.reduce((sum, { length }) => sum + length, 0);
    reached('checkpoint-written');
    await current.file.sync();
    current.synced = current.written;
    const mark = frame(new Uint8Array(0), current.synced);
    await current.file.append(mark);
    current.written += FRAME_BYTES;
    return payloads.map(() => current.number);
  }

  async #segment(): Promise<OpenSegment> {
    const { files, directory, segmentBytes } = this.#options;
    if (this.#current !== undefined && this.#current.written < segmentBytes) return this.#current;
    if (this.#current !== undefined) await this.#closeSegment(this.#current, this.#current.synced);
    const name = fileOf(this.#options, this.#next);
    // What a failed attempt left has no record that anybody was told of.
    await files.remove(name);
    const file = await files.create(name);
    try {
      const header = Buffer.alloc(HEADER_BYTES);
      HEADER.copy(header);
      header.writeBigUInt64LE(BigInt(this.#lastSynced), 8);
      await file.append([header]);
      await files.syncDirectory(directory);
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#current = { number: this.#next, file, written: HEADER_BYTES, synced: 0 };
    this.#next++;
    return this.#current;
  }

  async #closeSegment(segment: OpenSegment, bytes: number): Promise<void> {
    this.#current = undefined;
    this.#closed.push({ number: segment.number, bytes });
    this.#lastSynced = bytes;
    await segment.file.close();
  }

  /** The last write may or may not be on disk: it is cut off where that can be done, so that nobody finds it later. */
  async #abandonSegment(): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    // A file of which nothing was synced may even have no name on disk: its number is used again.
    await current.file.truncate(Math.max(current.synced, HEADER_BYTES)).catch(() => {});
    try {
      await this.#closeSegment(current, current.synced);
    } catch {
      // Closing tells nothing new: the write had failed already.
    }
    if (current.synced > 0) return;
    this.#closed.pop();
    this.#lastSynced = this.#closed.at(-1)?.bytes ?? 0;
    this.#next = current.number;
  }
}

function frame(payload: Uint8Array, synced: number): Uint8Array[] {
  const head = Buffer.alloc(FRAME_BYTES);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(payload.length, 4);
  head.writeBigUInt64LE(BigInt(synced), 12);
  head.writeUInt32LE(crc32c(head.subarray(12), payload), 8);
  return payload.length === 0 ? [head] : [head, payload];
}

function fileOf({ directory, name }: RecordLogOptions, number: number): string {
  return path.join(directory, `${name}-${String(number).padStart(10, '0')}.log`);
}

async function segmentNumbers({ files, directory, name }: RecordLogOptions): Promise<number[]> {
  const names = await files.list(directory);
  return names
    .filter((each) => each.startsWith(`${name}-`) && /^\d{10}\.log$/.test(each.slice(name.length + 1)))
    .map((each) => Number(each.slice(name.length + 1, -4)));
}

interface Frame {
  readonly payload: Buffer;
  readonly synced: number;
  readonly end: number;
}

/** The frame at `offset`; undefined: there is none that is whole. */
function frameAt(bytes: Buffer, offset: number): Frame | undefined {
  if (offset + FRAME_BYTES > bytes.length || bytes.readUInt32LE(offset) !== MAGIC) return undefined;
  const end = offset + FRAME_BYTES + bytes.readUInt32LE(offset + 4);
  if (end > bytes.length) return undefined;
  if (crc32c(bytes.subarray(offset + 12, end)) !== bytes.readUInt32LE(offset + 8)) return undefined;
  return {
    payload: bytes.subarray(offset + FRAME_BYTES, end),
    synced: Number(bytes.readBigUInt64LE(offset + 12)),
    end,
  };
}

/** @param before the segment before this one, cut to what is whole in it @throws StreamjobError LOG_CORRUPT */
function readSegment(
  bytes: Buffer,
  file: string,
  before: Segment | undefined,
  onRecord: (payload: Buffer) => void,
): { readonly end: number; readonly size: number } {
  // Created, and nothing was ever synced in it.
  if (bytes.length < HEADER_BYTES) return { end: 0, size: bytes.length };
  if (!bytes.subarray(0, 8).equals(HEADER)) {
    // A power cut may leave zeros where a new file was never written.
    if (bytes.every((byte) => byte === 0)) return { end: 0, size: bytes.length };
    throw corrupt(file, 'it does not begin as a log of this version does');
  }
  const syncedBefore = Number(bytes.readBigUInt64LE(8));
  if (before !== undefined && before.bytes < syncedBefore) {
    throw corrupt(`the segment before ${file}`, `of ${syncedBefore} bytes only ${before.bytes} are whole`);
  }
  let offset = HEADER_BYTES;
  for (let next = frameAt(bytes, offset); next !== undefined; next = frameAt(bytes, offset)) {
    try {
      if (next.payload.length > 0) onRecord(next.payload);
    } catch (error) {
      if (error instanceof StreamjobError) throw error;
      throw corrupt(file, `the record at byte ${offset} cannot be read: ${messageOf(error)}`);
    }
    offset = next.end;
  }
  for (let at = offset + 1; at + FRAME_BYTES <= bytes.length; at++) {
    const later = frameAt(bytes, at);
    if (later !== undefined && later.synced > offset) throw corrupt(file, `the record at byte ${offset} is damaged`);
  }
  return { end: offset, size: bytes.length };
}

function corrupt(where: string, message: string): StreamjobError {
  return new StreamjobError('LOG_CORRUPT', `the log is damaged: ${message}`, {
    where,
    hint: 'bring the directory back from a copy; or move it away to start without what it remembers, and check the disk',
  });
}
