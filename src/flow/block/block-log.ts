/**
 * The write-ahead log's data: blocks of events in Avro object container files (`blocks-<number>.avro`, null codec), which any
 * Avro tool reads. A Flume batch arrives as an Avro array, and a container's block has the same items: its bytes are appended as
 * they came. Where a block lies and its CRC32C are not here but in the journal, since Avro's null codec has no checksum.
 * A file is removed when none of its blocks is needed any more. Source: Avro 1.11 specification, "Object Container Files".
 */

import { containerHeader, EVENT_SCHEMA, MARK_BYTES } from '../../avro/container.ts';
import { EventBlock, encodeLong } from '../../avro/event-block.ts';
import type { StoredPlace } from '../../avro/stored-events.ts';
import { crc32c } from '../../core/crc32c.ts';
import type { StreamjobError } from '../../core/errors.ts';
import { type AppendFile, type Files, fileError } from '../../core/files.ts';
import { randomBytes } from '../../core/machine.ts';
import { placeIn } from '../../core/storage/places.ts';
import { damaged, requireWhole } from '../../durable/checked-bytes.ts';
import { GroupCommit } from '../../durable/group-commit.ts';

/** Where a block lies. */
export interface BlockRef {
  /** Number of its file. */
  readonly file: number;
  /** Where its items begin, in bytes. */
  readonly offset: number;
  /** How long its items are, in bytes. */
  readonly length: number;
  /** How many events it has. */
  readonly count: number;
  /** CRC32C of its items. */
  readonly crc: number;
}

/** What the log is opened with. */
export interface BlockLogOptions {
  readonly files: Files;
  /** A directory that exists. */
  readonly directory: string;
  /** After so many bytes a new file is begun. */
  readonly segmentBytes: number;
  /** Whether nobody else has ever written there: then nothing is looked for that a crash may have left. */
  readonly isOwn?: boolean;
  /** Told of a file that is not needed and could not be removed: it costs disk until it can be. */
  readonly onLeftBehind: (error: StreamjobError) => void;
}

interface OpenFile {
  readonly number: number;
  readonly file: AppendFile;
  readonly mark: Buffer;
  written: number;
}

/** The write-ahead log's data. */
export class BlockLog {
  readonly #options: BlockLogOptions;
  /** Where the blocks of each file begin that are still needed, and how long the file is. */
  readonly #live = new Map<number, { readonly blocks: Set<number>; bytes: number }>();
  #next: number;
  #current: OpenFile | undefined;
  readonly #group: GroupCommit<EventBlock, BlockRef>;
  #bytes = 0;

  private constructor(options: BlockLogOptions, next: number) {
    this.#options = options;
    this.#group = new GroupCommit({
      write: (blocks) => this.#write(blocks),
      failed: async (thrown) => {
        // After a failed sync nobody knows what is on disk: the file is not written to again.
        await this.#closeCurrent().catch(() => {});
        return fileError(thrown, 'cannot write to the write-ahead log', options.directory);
      },
    });
    this.#next = next;
  }

  /**
   * Opens the log; what none of `live` is in is removed, and what a crash left behind the last of them is cut off.
   * @throws StreamjobError FILE_ACCESS, LOG_CORRUPT when a file of a needed block is missing
   */
  static async open(options: BlockLogOptions, live: readonly BlockRef[]): Promise<BlockLog> {
    const { files, directory } = options;
    const log = new BlockLog(options, 1);
    const ends = new Map<number, number>();
    for (const { file, offset, length } of live) {
      ends.set(file, Math.max(ends.get(file) ?? 0, offset + length + MARK_BYTES));
      const known = log.#live.get(file) ?? { blocks: new Set(), bytes: 0 };
      known.blocks.add(offset);
      log.#live.set(file, known);
    }
    try {
      for (const name of await files.list(directory)) {
        const number = blockFileNumber(name);
        if (number === undefined) continue;
        log.#next = Math.max(log.#next, number + 1);
        await log.#adopt(number, ends.get(number));
        ends.delete(number);
      }
    } catch (error) {
      throw fileError(error, 'cannot open the write-ahead log', directory);
    }
    for (const number of ends.keys()) throw damaged(log.#fileOf(number), 'the file is missing');
    return log;
  }

  /** Bytes on disk, but for a file that is written to and holds nothing that is needed: what waits for its end would wait for ever. */
  get bytes(): number {
    const current = this.#current === undefined ? undefined : this.#live.get(this.#current.number);
    return current?.blocks.size === 0 ? this.#bytes - current.bytes : this.#bytes;
  }

  /**
   * Appends a block. All that wait at one time are written together and cost one sync.
   * @returns where it lies, when it is on disk
   * @throws StreamjobError FILE_ACCESS; the block is then not in the log, and may be appended again
   */
  append(block: EventBlock): Promise<BlockRef> {
    return this.#group.append(block);
  }

  /** Where a block lies, for whoever reads it. */
  placeOf({ file, ...rest }: BlockRef): StoredPlace {
    return { path: this.#fileOf(file), ...rest };
  }

  /** @throws StreamjobError LOG_CORRUPT when its checksum does not fit, FILE_ACCESS */
  async read(ref: BlockRef): Promise<EventBlock> {
    const place = this.placeOf(ref);
    let items: Buffer;
    try {
      items = await this.#options.files.readAt(place.path, place.offset, place.length);
    } catch (error) {
      throw fileError(error, 'cannot read the write-ahead log', place.path);
    }
    return EventBlock.fromItems(ref.count, [requireWhole(items, place)]);
  }

  /**
   * Blocks are not needed any more; to say it of a block again changes nothing. A file goes with the last of its blocks, once nothing is
   * written to it. It never throws: a file that cannot be removed now is tried again with the next call, and by the next `open`.
   */
  async release(refs: readonly BlockRef[]): Promise<void> {
    for (const { file, offset } of refs) this.#live.get(file)?.blocks.delete(offset);
    for (const [number, { blocks }] of this.#live) if (blocks.size === 0) await this.#removeIfIdle(number);
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    await this.#group.idle();
    await this.#closeCurrent();
  }

  async #adopt(number: number, end: number | undefined): Promise<void> {
    const { files } = this.#options;
    const file = this.#fileOf(number);
    const live = this.#live.get(number);
    if (end === undefined || live === undefined) return files.remove(file);
    const size = await files.size(file);
    if (size < end) throw damaged(file, `it has ${size} bytes, and blocks up to byte ${end}`);
    if (size > end) await files.truncate(file, end);
    live.bytes = end;
    this.#bytes += end;
  }

  async #write(blocks: readonly EventBlock[]): Promise<BlockRef[]> {
    const current = await this.#file();
    const live = this.#live.get(current.number);
    if (live === undefined)
      throw new Error(`file ${current.number} of the write-ahead log is written to and not known`);
    const refs: BlockRef[] = [];
    const parts: Uint8Array[] = [];
    let at = current.written;
    for (const block of blocks) {
      const items = inOne(block.items());
      const { length } = items;
      const head = Buffer.concat([encodeLong(block.count), encodeLong(length)]);
      refs.push({ file: current.number, offset: at + head.length, length, count: block.count, crc: crc32c(items) });
      parts.push(head, items, current.mark);
      at += head.length + length + MARK_BYTES;
    }
    await current.file.append(parts);
    await current.file.sync();
    this.#bytes += at - current.written;
    current.written = at;
    live.bytes = at;
    for (const { offset } of refs) live.blocks.add(offset);
    return refs;
  }

  async #file(): Promise<OpenFile> {
    const { files, directory, segmentBytes } = this.#options;
    if (this.#current !== undefined && this.#current.written < segmentBytes) return this.#current;
    await this.#closeCurrent();
    const number = this.#next;
    const name = this.#fileOf(number);
    if (this.#options.isOwn !== true) await files.remove(name);
    const file = await files.create(name);
    const mark = randomBytes(MARK_BYTES);
    const header = containerHeader(JSON.stringify(EVENT_SCHEMA), 'null', mark);
    try {
      await file.append([header]);
      await files.syncDirectory(directory);
    } catch (error) {
      await file.close();
      throw error;
    }
    this.#next++;
    this.#live.set(number, { blocks: new Set(), bytes: header.length });
    this.#bytes += header.length;
    this.#current = { number, file, mark, written: header.length };
    return this.#current;
  }

  async #closeCurrent(): Promise<void> {
    const current = this.#current;
    if (current === undefined) return;
    this.#current = undefined;
    // What a failed write left behind the last block would keep other Avro tools from reading the file to its end.
    await current.file.truncate(current.written).catch(() => {});
    await current.file.close();
    await this.#removeIfIdle(current.number);
  }

  async #removeIfIdle(number: number): Promise<void> {
    const live = this.#live.get(number);
    if (live === undefined || live.blocks.size > 0 || this.#current?.number === number) return;
    try {
      await this.#options.files.remove(this.#fileOf(number));
    } catch (error) {
      return this.#options.onLeftBehind(
        fileError(error, 'cannot remove a file of the write-ahead log', this.#fileOf(number)),
      );
    }
    // Another call may have removed it meanwhile.
    if (this.#live.delete(number)) this.#bytes -= live.bytes;
  }

  #fileOf(number: number): string {
    return placeIn(this.#options.directory, `blocks-${String(number).padStart(10, '0')}.avro`);
  }
}

/** The number in the name of a file of blocks; undefined: it is another file. */
export function blockFileNumber(name: string): number | undefined {
  const digits = /^blocks-(\d+)\.avro$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Nearly always they are one already. A peer may have cut its array into as many parts as it has events. */
function inOne(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}
