/**
 * Keeps the history of a job's batches over restarts: a line of JSON for each batch that is over, in two files of bounded size, the older of
 * which is dropped when the younger is full. It is a help for people and not a part of the job: nothing waits for it, a disk that is full
 * or a directory that may not be written costs the history and nothing else, and a half line at the end is left out.
 */
import path from 'node:path';
import type { Clock, Timer } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { fs } from '../core/machine.ts';
import type { BatchRecord } from './batch-record.ts';

const MOST_BYTES = 4 * 1024 * 1024;
/** How long lines are gathered before they are written, in ms. */
const GATHER_MS = 1000;
/** What is gathered at most, in lines: while the disk does not take them, the oldest are dropped. */
const MOST_LINES = 1000;
/** A batch with more tasks is kept without them. */
const MOST_SPANS_CHARACTERS = 16 * 1024;

/** The file of one job. */
export class HistoryFile {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #log: Logger;
  #waiting: string[] = [];
  #timer: Timer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #bytes: number | undefined;
  #hasFailed = false;

  /** @param file in a directory that need not exist yet */
  constructor(file: string, clock: Clock, log: Logger) {
    this.#file = file;
    this.#clock = clock;
    this.#log = log;
  }

  /** What former runs have left, oldest first. @param most how many batches */
  async load(most: number): Promise<BatchRecord[]> {
    const texts = await Promise.all([this.#older, this.#file].map((file) => fs.readFile(file, 'utf8').catch(() => '')));
    const records: BatchRecord[] = [];
    for (const line of texts.join('').split('\n')) {
      const record = parse(line);
      if (record !== undefined) records.push(record);
    }
    return records.slice(-most);
  }

  /** Takes a batch that is over. */
  add(record: BatchRecord): void {
    const line = JSON.stringify(record);
    this.#waiting.push(
      line.length > MOST_SPANS_CHARACTERS ? JSON.stringify({ ...record, spans: withoutTasks(record) }) : line,
    );
    if (this.#waiting.length > MOST_LINES) this.#waiting.shift();
    this.#timer ??= this.#clock.after(GATHER_MS, () => {
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
    return `${this.#file}.1`;
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
          this.#log.warn(
            { file: this.#file, cause: messageOf(error) },
            `the history of batches cannot be kept in ${this.#file}: ${messageOf(error)}. The job goes on without`,
          );
        }
        this.#hasFailed = true;
      }
    });
    return this.#writing;
  }

  async #write(text: string): Promise<void> {
    if (this.#bytes === undefined) {
      await fs.mkdir(path.dirname(this.#file), { recursive: true });
      const bytes = await fs.stat(this.#file).then(
        ({ size }) => size,
        () => 0,
      );
      // A half line that a kill has left is ended, so that the next one is whole.
      if (bytes > 0) await fs.appendFile(this.#file, '\n');
      this.#bytes = bytes;
    }
    if (this.#bytes > MOST_BYTES) {
      await fs.rename(this.#file, this.#older);
      this.#bytes = 0;
    }
    await fs.appendFile(this.#file, text);
    this.#bytes += Buffer.byteLength(text);
  }
}

function withoutTasks({ spans }: BatchRecord): BatchRecord['spans'] {
  return spans.slice(0, 100).map((span) => ({ ...span, parts: [] }));
}

/** @returns undefined for what is no batch that is over */
function parse(line: string): BatchRecord | undefined {
  if (line === '') return undefined;
  try {
    const record = JSON.parse(line) as Partial<BatchRecord>;
    const isOne =
      typeof record.time === 'number' &&
      record.status === 'COMPLETED' &&
      [record.inputs, record.outputs, record.failures, record.spans].every(Array.isArray);
    // JSON leaves out what is undefined: it is undefined again when it is read.
    return isOne ? (record as BatchRecord) : undefined;
  } catch {
    return undefined;
  }
}
