/** The pages of a version (version.ts), for a store that reads some of them and writes those of the next version. */
import { fromBytes, toBytes } from '../../avro/stored-values.ts';
import { crc32c } from '../../core/crc32c.ts';
import { fileError } from '../../core/files.ts';
import { placeIn } from '../../core/storage/places.ts';
import type { Draft } from '../../core/storage/port.ts';
import { storageOf } from '../../core/storage/storages.ts';
import { STATE_BUCKETS } from '../../graph/state/form.ts';
import type { Pages, TableDirectory } from '../page-types.ts';
import { MOST_PAGES } from '../pages.ts';
import { type BucketPlaces, isScattered, type StateVersion, type VersionFile } from './version.ts';
import {
  damagedVersion,
  distrustVersionFile,
  keepVersionFile,
  readVersionFile,
  touchVersionFile,
} from './version-contents.ts';

/** What stands behind the pages of a file. */
interface VersionDirectory {
  readonly table: TableDirectory;
  readonly places: readonly BucketPlaces[];
}

/** Where the pages of a bucket lie: it grows with the bucket. */
interface Places {
  files: Uint32Array;
  offsets: Float64Array;
  lengths: Uint32Array;
}

/** The file that is written to. */
interface OpenFile {
  readonly name: string;
  readonly draft: Draft;
  /** Its place among the files. */
  readonly number: number;
  /** What was written, in its order. */
  readonly parts: Buffer[];
  bytes: number;
}

/** The pages of a version, and those of the next one. */
export class VersionPages implements Pages {
  readonly #directory: string;
  readonly #newName: () => string;
  #files: VersionFile[];
  readonly #places = new Map<number, Places>();
  readonly #paths = new Map<string, string>();
  #written: OpenFile | undefined;

  private constructor(directory: string, files: readonly VersionFile[], newName: () => string) {
    this.#directory = directory;
    this.#files = [...files];
    this.#newName = newName;
  }

  /**
   * Opens a version.
   * @param directory of the storage @param version undefined: one without keys @param newName gives the next version's file a name
   * @returns its pages, and what a table of pages knows beside them
   * @throws StreamjobError FILE_ACCESS, STORAGE_DAMAGED
   */
  static open(
    directory: string,
    version: StateVersion | undefined,
    newName: () => string,
  ): { readonly pages: VersionPages; readonly table: TableDirectory } {
    const pages = new VersionPages(directory, version?.files ?? [], newName);
    if (version === undefined) return { pages, table: [] };
    const { table, places } = pages.#readDirectory(version);
    for (const [i, { bucket, files, offsets }] of places.entries()) {
      pages.#places.set(bucket, { files, offsets, lengths: (table[i]?.lengths ?? new Uint32Array()).slice() });
    }
    return { pages, table };
  }

  read(number: number): Uint8Array | undefined {
    const places = this.#places.get(Math.floor(number / MOST_PAGES));
    const page = number % MOST_PAGES;
    const length = places?.lengths[page] ?? 0;
    if (places === undefined || length === 0) return undefined;
    const file = this.#files[places.files[page] ?? 0] as VersionFile;
    return this.#readAt(file, places.offsets[page] ?? 0, length);
  }

  write(writes: Iterable<readonly [number: number, bytes: Uint8Array | undefined]>): void {
    const parts: Uint8Array[] = [];
    const file = this.#open();
    let at = file.bytes;
    const placed: (readonly [number: number, offset: number, length: number])[] = [];
    for (const [number, bytes] of writes) {
      placed.push([number, at, bytes?.length ?? 0]);
      if (bytes === undefined) continue;
      parts.push(bytes);
      at += bytes.length;
    }
    this.#append(file, parts);
    for (const [number, offset, length] of placed) this.#place(number, file.number, offset, length);
  }

  clear(): void {
    this.#places.clear();
    this.#files = this.#written === undefined ? [] : this.#files;
  }

  /**
   * Ends the file that was written, or writes one that has a directory only.
   * @param table what the table of pages knows now, all of its pages written
   * @returns the next version @throws StreamjobError FILE_ACCESS
   */
  finish(table: TableDirectory): StateVersion {
    const live = table.reduce((sum, { lengths }) => lengths.reduce((all, length) => all + length, sum), 0);
    const file = this.#open();
    if (isScattered(this.#files, live)) this.#gather(table, file);
    const renumbered = this.#used(table, file);
    const places = table.map(({ bucket, lengths }): BucketPlaces => {
      const { files, offsets } = this.#placesOf(bucket, lengths.length);
      const numbers = files.subarray(0, lengths.length).map((number) => renumbered.get(number) ?? 0);
      return { bucket, files: numbers, offsets: offsets.slice(0, lengths.length) };
    });
    const bytes = toBytes({ table, places } satisfies VersionDirectory);
    const directoryAt = file.bytes;
    this.#append(file, [bytes]);
    const whole = Buffer.concat(file.parts);
    try {
      file.draft.finish(whole);
    } catch (error) {
      throw fileError(error, 'cannot write states', this.#pathOf(file.name));
    }
    this.#written = undefined;
    keepVersionFile(this.#pathOf(file.name), whole);
    const files = [...renumbered.keys()].map((number) => this.#files[number] as VersionFile);
    const keys = table.reduce((sum, bucket) => sum + bucket.keys, 0);
    return { files, directoryAt, crc: crc32c(bytes), keys };
  }

  /** The name of the file that is written to; undefined: none is yet. */
  get writing(): string | undefined {
    return this.#written?.name;
  }

  /** Closes what is open. A file that was not finished is of no use to anybody. */
  close(): void {
    this.#written?.draft.drop();
    this.#written = undefined;
  }

  /** All pages that lie in other files are copied into this one. */
  #gather(table: TableDirectory, file: OpenFile): void {
    for (const { bucket, lengths } of table) {
      const moved: [number: number, bytes: Uint8Array][] = [];
      const places = this.#placesOf(bucket, lengths.length);
      for (const [page, length] of lengths.entries()) {
        if (length === 0 || places.files[page] === file.number) continue;
        const number = bucket * MOST_PAGES + page;
        moved.push([number, this.read(number) as Uint8Array]);
      }
      this.write(moved);
    }
  }

  /** The files that still hold pages, the written one as the last, by their numbers so far; and their numbers from now on. */
  #used(table: TableDirectory, written: OpenFile): ReadonlyMap<number, number> {
    const used = new Set<number>();
    for (const { bucket, lengths } of table) {
      const { files } = this.#placesOf(bucket, lengths.length);
      for (const [page, length] of lengths.entries()) if (length > 0) used.add(files[page] ?? 0);
    }
    used.delete(written.number);
    return new Map([...[...used].sort((a, b) => a - b), written.number].map((number, now) => [number, now]));
  }

  #readDirectory({ crc, directoryAt, files }: StateVersion): VersionDirectory {
    const file = files.at(-1) as VersionFile;
    const read = (): Buffer => this.#readAt(file, directoryAt, file.bytes - directoryAt);
    let bytes = read();
    if (crc32c(bytes) !== crc && distrustVersionFile(this.#pathOf(file.name))) bytes = read();
    if (crc32c(bytes) !== crc) throw damagedVersion(this.#pathOf(file.name), 'its checksum is another one');
    return fromBytes(bytes) as VersionDirectory;
  }

  #readAt({ name, bytes }: VersionFile, offset: number, length: number): Buffer {
    if (this.#written?.name === name) return this.#written.draft.read(offset, length);
    return readVersionFile(this.#pathOf(name), bytes, offset, length);
  }

  #pathOf(name: string): string {
    let file = this.#paths.get(name);
    if (file === undefined) {
      file = placeIn(this.#directory, name);
      this.#paths.set(name, file);
      touchVersionFile(file);
    }
    return file;
  }

  #open(): OpenFile {
    if (this.#written !== undefined) return this.#written;
    const name = this.#newName();
    const file = placeIn(this.#directory, name);
    try {
      const draft = storageOf(file).draft(file);
      this.#written = { name, draft, number: this.#files.push({ name, bytes: 0 }) - 1, parts: [], bytes: 0 };
    } catch (error) {
      throw fileError(error, 'cannot write states', file);
    }
    return this.#written;
  }

  #append(file: OpenFile, parts: readonly Uint8Array[]): void {
    let at = file.bytes;
    try {
      const bytes = Buffer.concat(parts);
      file.draft.append(bytes, at);
      at += bytes.length;
      file.parts.push(bytes);
    } catch (error) {
      throw fileError(error, 'cannot write states', placeIn(this.#directory, file.name));
    }
    file.bytes = at;
    this.#files[file.number] = { name: file.name, bytes: at };
  }

  #place(number: number, file: number, offset: number, length: number): void {
    const page = number % MOST_PAGES;
    const places = this.#placesOf(Math.floor(number / MOST_PAGES), page + 1);
    places.files[page] = file;
    places.offsets[page] = offset;
    places.lengths[page] = length;
  }

  /** @param count of pages, at least */
  #placesOf(bucket: number, count: number): Places {
    if (bucket >= STATE_BUCKETS) throw new Error(`there is no bucket ${bucket}`);
    const known = this.#places.get(bucket) ?? {
      files: new Uint32Array(),
      offsets: new Float64Array(),
      lengths: new Uint32Array(),
    };
    this.#places.set(bucket, known);
    if (known.files.length >= count) return known;
    const size = Math.max(count, known.files.length * 2);
    known.files = grown(known.files, new Uint32Array(size));
    known.offsets = grown(known.offsets, new Float64Array(size));
    known.lengths = grown(known.lengths, new Uint32Array(size));
    return known;
  }
}

function grown<T extends Uint32Array | Float64Array>(before: T, after: T): T {
  after.set(before);
  return after;
}
