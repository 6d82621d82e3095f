/**
 * New files of a directory, batch by batch. A file counts when it was moved in whole: it is read once, by its modification
 * time, and what is written to it later is not seen. Source: Spark's FileInputDStream.
 */

import path from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { fs } from '../../core/machine.ts';
import { computed, flag, fn, type OptionTable, type Resolved, resolveOptions } from '../../core/options.ts';
import type { AtCut, Input, Position } from './input.ts';
import type { Receiver } from './receiver.ts';
import { ValuesReceiver } from './values.ts';

/** What file streams take. */
export interface FileStreamOptions {
  /**
   * Whether only files count that are moved in after the start, or those of the last minute before it too. Default:
   * true.
   */
  readonly newFilesOnly?: boolean;
  /** Which names count. Default: those that do not begin with a dot. */
  readonly filter?: (name: string) => boolean;
}

export const FILE_STREAM_OPTIONS = {
  newFilesOnly: flag({
    default: true,
    doc: 'whether only files count that are moved in after the start, or those of the last minute before it too',
  }),
  filter: fn<(name: string) => boolean, 'default'>({
    default: computed('those that do not begin with a dot', () => (name) => !name.startsWith('.')),
    doc: 'which names count',
  }),
} satisfies OptionTable<FileStreamOptions>;

/** How long files are remembered at least, in ms: an older one is not looked at any more. */
const REMEMBER_MS = 60_000;

/** @param read what a file's content is as values */
export class FilesInput<T> implements Input {
  readonly id: number;
  readonly name: string;
  readonly receivers: readonly Receiver[];
  readonly atCut: AtCut;
  readonly position: Position;
  readonly #directory: string;
  readonly #options: Resolved<typeof FILE_STREAM_OPTIONS>;
  readonly #read: (content: Buffer) => readonly T[];
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #rememberMs: number;
  readonly #values: ValuesReceiver<T>;
  readonly #selected = new Map<string, number>();
  /** What files held whose batch was given up: it is in the next one, and till then they are not among those that were read. */
  readonly #again = new Map<string, readonly T[]>();
  /** When the first run started, in ms: with newFilesOnly, files from before are not looked at. */
  #startedAt: number | undefined;
  /** Time of the batch before, in ms. */
  #lastTime = Number.POSITIVE_INFINITY;

  constructor(
    id: number,
    directory: string,
    options: FileStreamOptions,
    read: (content: Buffer) => readonly T[],
    environment: { readonly clock: Clock; readonly log: Logger; readonly batchMs: number },
  ) {
    this.id = id;
    this.name = `file stream [${id}] of ${directory}`;
    this.#directory = directory;
    this.#options = resolveOptions('textFileStream', FILE_STREAM_OPTIONS, options);
    this.#read = read;
    this.#clock = environment.clock;
    this.#log = environment.log;
    this.#rememberMs = Math.ceil(REMEMBER_MS / environment.batchMs) * environment.batchMs;
    this.#values = new ValuesReceiver<T>(this.name, () => {
      this.#startedAt ??= this.#clock.now();
    });
    this.receivers = [this.#values];
    this.atCut = { pending: () => this.#again.size > 0, look: (time) => this.#takeFiles(time) };
    this.position = {
      // Which files have been read, and since when they are looked at.
      current: () => ({ startedAt: this.#startedAt, selected: [...this.#selected] }),
      resume: (lastTime, stored) => this.#resume(lastTime, stored),
    };
  }

  /** Takes in the files of the batch. */
  async #takeFiles(time: number): Promise<void> {
    const started = this.#options.newFilesOnly ? (this.#startedAt ?? 0) : 0;
    // Back from the batch before, not from this one: files that came while nothing ran are not too old.
    const oldest = Math.min(time, this.#lastTime) - this.#rememberMs;
    const threshold = Math.max(started, oldest);
    this.#lastTime = time;
    for (const [file, at] of this.#selected) if (at <= oldest) this.#selected.delete(file);
    for (const [file, values] of [...this.#again]) this.#hand(file, time, values);
    for (const file of await this.#list()) {
      if (this.#selected.has(file)) continue;
      try {
        const { mtimeMs } = await fs.stat(file);
        if (mtimeMs <= threshold || mtimeMs > time) continue;
        this.#hand(file, time, this.#read(await fs.readFile(file)));
      } catch (error) {
        this.#log.warn(
          { file, err: error },
          `${this.name}: cannot read ${file}, it is tried again: ${messageOf(error)}`,
        );
      }
    }
  }

  #hand(file: string, time: number, values: readonly T[]): void {
    this.#again.delete(file);
    this.#selected.set(file, time);
    this.#values.push(values, (outcome) => {
      if (outcome === 'committed') return;
      this.#selected.delete(file);
      this.#again.set(file, values);
    });
  }

  #resume(lastTime: number, stored: unknown): void {
    this.#lastTime = lastTime;
    if (stored === undefined) return;
    const { startedAt, selected } = stored as { startedAt: number; selected: [string, number][] };
    this.#startedAt = startedAt;
    for (const [file, time] of selected) this.#selected.set(file, time);
  }

  async #list(): Promise<string[]> {
    const { filter } = this.#options;
    try {
      const entries = await fs.readdir(this.#directory, { withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile() && filter(entry.name))
        .map((entry) => path.join(this.#directory, entry.name))
        .sort();
    } catch (error) {
      this.#log.warn({ err: error }, `${this.name}: cannot list it, the batch gets no files: ${messageOf(error)}`);
      return [];
    }
  }
}

/** Lines of UTF-8 text, a \r at their end left out. */
export function textLines(content: Buffer): string[] {
  const lines = content.toString('utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
}

/** Records of a fixed length. @throws Error when the content is no whole number of them */
export function fixedRecords(content: Buffer, length: number): Buffer[] {
  if (content.length % length !== 0)
    throw new Error(`${content.length} bytes are no whole number of records of ${length} bytes`);
  return Array.from({ length: content.length / length }, (_, i) => content.subarray(i * length, (i + 1) * length));
}
