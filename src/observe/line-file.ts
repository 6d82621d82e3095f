/**
 * Lines of JSON that outlive a restart, in two files of bounded size, the older of which is dropped when the younger is full. They are a help
 * for people and not a part of the job: nothing waits for them, a disk that is full or a directory that may not be written costs the
 * lines and nothing else, and a half line at the end is left out.
 */
import path from 'node:path';
import type { Clock, Timer } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { fs } from '../core/machine.ts';

/** How long lines are gathered before they are written, in ms. */
const GATHER_MS = 1000;
/** What is gathered at most, in lines: while the disk does not take them, the oldest are dropped. */
const MOST_LINES = 1000;

/** What a file of lines is made with. */
export interface LineFileOptions<T> {
  /** In a directory that need not exist yet. */
  readonly file: string;
  /** Of the younger file: it is renamed when it is larger. */
  readonly mostBytes: number;
  /** What the lines are, for a warning: 'the history of batches'. */
  readonly what: string;
  /** @returns undefined for what is no such line */
  readonly parse: (value: unknown) => T | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Lines of one kind. */
export class LineFile<T extends object> {
  readonly #options: LineFileOptions<T>;
  #waiting: string[] = [];
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #bytes: number | undefined;
  #hasFailed = false;

  constructor(options: LineFileOptions<T>) {
    this.#options = options;
  }

  /** What former runs have left, oldest first. @param most how many */
  async load(most: number): Promise<T[]> {
    const { file, mostBytes, parse } = this.#options;
    // The last write may have made a file somewhat larger than that.
    const texts = await Promise.all([this.#older, file].map((name) => endOf(name, 2 * mostBytes).catch(() => '')));
    const found: T[] = [];
    for (const line of texts.join('').split('\n')) {
      const value = parse(jsonIn(line));
      if (value !== undefined) found.push(value);
    }
    return found.slice(-most);
  }

  add(value: T): void {
    this.#waiting.push(JSON.stringify(value));
    if (this.#waiting.length > MOST_LINES) this.#waiting.shift();
    this.#timer ??= this.#options.clock.after(GATHER_MS, () => {
      this.#timer = undefined;
      void this.#flush();
    });
  }

  /** Resolves when all that was taken is written, or could not be. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#flush();
  }

  get #older(): string {
    return `${this.#options.file}.1`;
  }

  #flush(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      const lines = this.#waiting;
      if (lines.length === 0) return;
      this.#waiting = [];
      try {
        await this.#write(`${lines.join('\n')}\n`);
      } catch (error) {
        if (!this.#hasFailed) {
          const { file, log, what } = this.#options;
          log.warn(
            { file, cause: messageOf(error) },
            `${what} cannot be kept in ${file}: ${messageOf(error)}. The job goes on without`,
          );
        }
        this.#hasFailed = true;
      }
    });
    return this.#writing;
  }

  async #write(text: string): Promise<void> {
    const { file, mostBytes } = this.#options;
    if (this.#bytes === undefined) {
      await fs.mkdir(path.dirname(file), { recursive: true });
      const bytes = await fs.stat(file).then(
        (found) => {
          // A pipe would take the lines when somebody reads it, and let the end of the job wait for that.
          if (found.isFIFO()) throw new Error('it is a pipe');
          return found.size;
        },
        () => 0,
      );
      // A half line that a kill has left is ended, so that the next one is whole.
      if (bytes > 0) await fs.appendFile(file, '\n');
      this.#bytes = bytes;
    }
    if (this.#bytes > mostBytes) {
      await fs.rename(file, this.#older);
      this.#bytes = 0;
    }
    await fs.appendFile(file, text);
    this.#bytes += Buffer.byteLength(text);
  }
}

/** The end of a file, from the beginning of a line on: one that is not ours may be larger than what can be held. */
async function endOf(file: string, mostBytes: number): Promise<string> {
  const found = await fs.stat(file);
  if (!found.isFile()) return '';
  const { size } = found;
  const handle = await fs.open(file, 'r');
  try {
    const from = Math.max(0, size - mostBytes);
    const bytes = Buffer.alloc(size - from);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
    const text = bytes.toString('utf8', 0, bytesRead);
    return from === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await handle.close();
  }
}

/** @returns undefined for what is no JSON */
function jsonIn(line: string): unknown {
  if (line === '') return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
