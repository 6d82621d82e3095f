/**
 * An append-only log of records in segments. Invariants:
 * - A record whose `append` has resolved is found by every later `open`, in the order of the calls.
 * - All that wait at one time are written together and cost one sync (group commit).
 * - What a crash tore off at the end is cut; damage to what had been synced is an error, never skipped.
 * - After a failed write or sync nothing more goes to that file (fsync(2): what is on disk is unknown): a new segment is begun.
 * - A log that was closed in peace says so in `<name>-closed.json`, with how far it went: records that are missing behind a shorter
 *   end are damage then. Behind a crash nobody can tell them from what was never written.
 * - A record whose `append` was rejected is cut off, durably, before anything else is written and before the log is closed; until
 *   that has succeeded every append is refused. Else a later `open` would find what its writer was told is not there.
 */

import { type AppendFile, fileError } from '../core/files.ts';
import { reached } from '../core/points.ts';
import { beginWork } from '../core/telemetry.ts';
import { GroupCommit } from './group-commit.ts';
import { fileOf, markOf, type RecordLogOptions, readLog } from './record-files.ts';
import { FRAME_BYTES, frame, HEADER_BYTES, headerOf, readSegment, type Segment } from './segment.ts';

export type { RecordLogOptions } from './record-files.ts';
export type { Segment } from './segment.ts';

interface OpenSegment {
  readonly number: number;
  readonly file: AppendFile;
  written: number;
  synced: number;
}

/** An append-only log of records in segments. */
export class RecordLog {
  readonly #options: RecordLogOptions;
  /** Closed ones, oldest first. */
  readonly #closed: Segment[] = [];
  #current: OpenSegment | undefined;
  /** What a failed write left behind the synced part of a file, and must be cut off. */
  #leftover: { readonly file: string; readonly end: number } | undefined;
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
    this.#closed.push(...found.map(({ number, bytes }) => ({ number, bytes })));
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
      const found = await readLog(options, onRecord);
      for (const segment of found) {
        const { bytes, number, proven, torn } = segment;
        // What a killed process wrote last is the kernel's, and not on disk: now that it was found it must stay, and the next
        // segment will say that it does. It is written once more: where a sync of it has failed before, the kernel takes it for
        // written, and another sync would say yes and do nothing.
        if (segment === found.at(-1)) await files.truncate(fileOf(options, number), bytes, Math.min(proven, bytes));
        else if (torn > 0) await files.truncate(fileOf(options, number), bytes);
      }
      return new RecordLog(options, found);
    } catch (error) {
      throw fileError(error, `cannot open the log ${options.name}`, directory);
    }
  }

  /** Reads once more what is on disk. @param onRecord as of `open` @throws StreamjobError LOG_CORRUPT, FILE_ACCESS */
  async read(onRecord: (payload: Buffer, segment: number) => void): Promise<void> {
    const { files, directory, name, telemetry } = this.#options;
    const progress = beginWork(telemetry, { what: `reading what the ${name} keeps`, total: this.bytes, unit: 'bytes' });
    await this.#group.idle();
    try {
      // Else it would find what its writer was told is not there.
      await this.#cutLeftover();
      for (const { number } of this.segments) {
        const file = fileOf(this.#options, number);
        readSegment(await files.read(file), file, undefined, (payload) => {
          onRecord(payload, number);
          progress.add(payload.length);
        });
      }
    } catch (error) {
      throw fileError(error, `cannot read the log ${name}`, directory);
    } finally {
      progress.end();
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
      // Oldest first and one by one: a crash in between leaves no gap. Each is gone for sure before the next one goes, since a file
      // system may bring what was done to a directory to the disk in another order.
      const file = fileOf(this.#options, this.#closed[0].number);
      await files.remove(file);
      if (this.#leftover?.file === file) this.#leftover = undefined;
      this.#closed.shift();
      await files.syncDirectory(directory);
    }
  }

  /**
   * Writes what waits, and closes the file.
   * @throws StreamjobError FILE_ACCESS when records whose append was rejected are still in the file: the next `open` may find them
   */
  async close(): Promise<void> {
    await this.#group.idle();
    await this.#removing;
    if (this.#current !== undefined) await this.#closeSegment(this.#current, this.#current.synced);
    try {
      await this.#cutLeftover();
    } catch (error) {
      throw fileError(
        error,
        `cannot cut what a failed write left in the log ${this.#options.name}`,
        this.#options.directory,
      );
    }
    const end = this.#closed.at(-1);
    if (end !== undefined) await writeMark(this.#options, end);
  }

  /** @returns for each payload the number of its segment: the same for all */
  async #write(payloads: readonly Uint8Array[]): Promise<number[]> {
    await this.#cutLeftover();
    const current = await this.#segment();
    const parts = payloads.flatMap((payload) => frame(payload, current.synced));
    await current.file.append(parts);
    current.written += parts.reduce((sum, { length }) => sum + length, 0);
    reached('checkpoint-written');
    await current.file.sync();
    current.synced = current.written;
    await this.#mark(current);
    return payloads.map(() => current.number);
  }

  /** Notes down in the file what of it is synced. The records are on disk whether or not that can be written. */
  async #mark(current: OpenSegment): Promise<void> {
    try {
      await current.file.append(frame(new Uint8Array(0), current.synced));
      current.written += FRAME_BYTES;
    } catch {
      await this.#abandonSegment();
    }
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
      await file.append([headerOf(this.#lastSynced)]);
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

  /** The last write may or may not be on disk: it is cut off, so that nobody finds it later. */
  async #abandonSegment(): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    this.#leftover = { file: fileOf(this.#options, current.number), end: Math.max(current.synced, HEADER_BYTES) };
    try {
      await this.#closeSegment(current, current.synced);
    } catch {
      // Closing tells nothing new: the write had failed already.
    }
    // Tried again before the next write, and before the log is closed.
    await this.#cutLeftover().catch(() => {});
    if (current.synced > 0) return;
    // A file of which nothing was synced may even have no name on disk: its number is used again.
    this.#closed.pop();
    this.#lastSynced = this.#closed.at(-1)?.bytes ?? 0;
    this.#next = current.number;
  }

  async #cutLeftover(): Promise<void> {
    if (this.#leftover === undefined) return;
    await this.#options.files.truncate(this.#leftover.file, this.#leftover.end);
    this.#leftover = undefined;
  }
}

/** What cannot be written is left out: the log is whole without it. */
async function writeMark(options: RecordLogOptions, { number, bytes }: Segment): Promise<void> {
  const { files, directory } = options;
  const aside = `${markOf(options)}.tmp`;
  try {
    await files.remove(aside);
    const file = await files.create(aside);
    try {
      await file.append([Buffer.from(`{"segment":${number},"bytes":${bytes}}\n`)]);
      await file.sync();
    } finally {
      await file.close();
    }
    await files.rename(aside, markOf(options));
    await files.syncDirectory(directory);
  } catch {
    await files.remove(aside).catch(() => {});
  }
}
