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
    const { file, parse } = this.#options;
    const texts = await Promise.all([this.#older, file].map((name) => fs.readFile(name, 'utf8').catch(() => '')));
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
        ({ size }) => size,
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

/** @returns undefined for what is no JSON */
function jsonIn(line: string): unknown {
  if (line === '') return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
