/**
 * A bucket of the hdfs sink: one file at a time, which has another name while it is written, and gets its own when it is done: by
 * size, count, age or rest. Source: BucketWriter of Flume 1.11.
 */
import path from 'node:path';
import type { Clock, Timer } from '../../../core/clock.ts';
import { messageOf } from '../../../core/errors.ts';
import type { PlainEvent } from '../../../core/event.ts';
import type { Logger } from '../../../core/log.ts';
import type { SinkCounters } from '../../component/counters.ts';
import type { BeginFile, FileFormat } from './format.ts';
import type { Store, StoredFile } from './store.ts';

/** How files are called and how long they are written. Zero switches a limit off. */
export interface BucketOptions {
  /** Behind the counter: `.gz`, or nothing. */
  readonly suffix: string;
  readonly inUsePrefix: string;
  readonly inUseSuffix: string;
  /** In ms. */
  readonly rollInterval: number;
  /** In bytes. */
  readonly rollSize: number;
  /** In events. */
  readonly rollCount: number;
  /** In ms without an event. */
  readonly idleTimeout: number;
  /** How often a file is renamed that cannot be; 0: until it can be. */
  readonly closeTries: number;
  /** Between these, in ms. */
  readonly retryInterval: number;
}

/** What a bucket works with. */
export interface BucketParts {
  readonly store: Store;
  readonly begin: BeginFile;
  readonly options: BucketOptions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly counters: SinkCounters;
  /** For people: `sink k1`. */
  readonly owner: string;
}

interface Open {
  readonly file: StoredFile;
  readonly format: FileFormat;
  readonly inUse: string;
  readonly target: string;
  events: number;
}

/** One bucket. */
export class Bucket {
  readonly #directory: string;
  readonly #name: string;
  readonly #parts: BucketParts;
  /** The number of the last file: it begins with the time, so that a later run has others. */
  #counter: number;
  #open: Open | undefined;
  #rollTimer: Timer | undefined;
  #idleTimer: Timer | undefined;
  readonly #retries = new Set<Timer>();
  /** One step after the other: events and timers meet here. */
  #turn: Promise<unknown> = Promise.resolve();
  #lastUse = 0;

  /** @param directory with the slash in front @param name how the names of files begin */
  constructor(directory: string, name: string, parts: BucketParts) {
    this.#directory = directory;
    this.#name = name;
    this.#parts = parts;
    this.#counter = parts.clock.now();
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Whether it has nothing to do any more: no file is written, and none waits for its name. */
  get isDone(): boolean {
    return this.#open === undefined && this.#retries.size === 0;
  }

  /** When it had events last: the one that is quiet longest is closed when there are too many. */
  get lastUse(): number {
    return this.#lastUse;
  }

  /** Writes events, in as many files as they need; when it resolves they are kept. @throws StreamjobError of the store */
  write(events: readonly PlainEvent[]): Promise<void> {
    return this.#inTurn(async () => {
      this.#lastUse = this.#parts.clock.now();
      this.#idleTimer?.cancel();
      for (let rest = events; rest.length > 0; ) {
        const open = await this.#current();
        const count = this.#room(open, rest);
        await this.#append(open, rest.slice(0, count));
        rest = rest.slice(count);
      }
      this.#watchIdle();
    });
  }

  /** Gives the file its own name, if there is one. */
  close(): Promise<void> {
    return this.#inTurn(() => this.#finish());
  }

  /** Closes it, and tries no more to rename what could not be. */
  async stop(): Promise<void> {
    await this.close();
    for (const timer of this.#retries) timer.cancel();
    this.#retries.clear();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work);
    this.#turn = done.catch(() => {});
    return done;
  }

  /** How many of the events go into the file that is open: at least one. */
  #room({ events, file }: Open, rest: readonly PlainEvent[]): number {
    const { rollCount, rollSize } = this.#parts.options;
    const byCount = rollCount > 0 ? rollCount - events : rest.length;
    if (rollSize <= 0) return Math.max(1, Math.min(byCount, rest.length));
    // As in Flume a file is done with the event that reaches the size.
    let count = 0;
    for (let bytes = file.length; count < Math.min(byCount, rest.length) && bytes < rollSize; count++)
      bytes += rest[count]?.body.length ?? 0;
    return Math.max(1, count);
  }

  async #append(open: Open, events: readonly PlainEvent[]): Promise<void> {
    const bytes = open.format.bytesOf(events);
    try {
      await open.file.append(bytes);
    } catch (error) {
      open.format.takeBack();
      if (open.file.broken) await this.#leave(open, error);
      throw error;
    }
    open.events += events.length;
  }

  /** The file to write to; one that is full is done. */
  async #current(): Promise<Open> {
    const { rollCount, rollSize } = this.#parts.options;
    const open = this.#open;
    const isFull =
      open !== undefined &&
      ((rollCount > 0 && open.events >= rollCount) || (rollSize > 0 && open.file.length >= rollSize));
    if (isFull) await this.#finish();
    this.#open ??= await this.#begin();
    return this.#open;
  }

  async #begin(): Promise<Open> {
    const { begin, clock, counters, options, store } = this.#parts;
    this.#counter++;
    const name = `${this.#name}.${this.#counter}${options.suffix}`;
    const target = path.posix.join(this.#directory, name);
    const inUse = path.posix.join(this.#directory, `${options.inUsePrefix}${name}${options.inUseSuffix}`);
    let file: StoredFile;
    try {
      file = await store.create(inUse);
    } catch (error) {
      counters.ConnectionFailedCount++;
      throw error;
    }
    counters.ConnectionCreatedCount++;
    if (options.rollInterval > 0)
      this.#rollTimer = clock.after(options.rollInterval, () => void this.close().catch(() => {}));
    return { file, format: begin(), inUse, target, events: 0 };
  }

  async #finish(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#rollTimer?.cancel();
    this.#idleTimer?.cancel();
    this.#parts.counters.ConnectionClosedCount++;
    await this.#rename(open, 1);
  }

  /** What is in the file is kept, whatever it is called: a name that cannot be given is tried again, and holds up nothing. */
  async #rename(open: Open, attempt: number): Promise<void> {
    const { clock, log, options, owner } = this.#parts;
    try {
      await open.file.finish(open.target);
    } catch (error) {
      const isLast = options.closeTries > 0 && attempt >= options.closeTries;
      const then = isLast ? 'it keeps that name' : `it is tried again in ${options.retryInterval} ms`;
      log.warn(
        { attempt, cause: messageOf(error) },
        `${owner}: ${open.inUse} cannot be given its own name, ${then}: ${messageOf(error)}`,
      );
      if (isLast) return;
      const timer = clock.after(options.retryInterval, () => {
        this.#retries.delete(timer);
        void this.#rename(open, attempt + 1);
      });
      this.#retries.add(timer);
    }
  }

  /** A file of which nobody knows what is in it keeps the name of one in use, so that nobody reads it as whole. */
  async #leave(open: Open, error: unknown): Promise<void> {
    const { log, owner } = this.#parts;
    this.#open = undefined;
    this.#rollTimer?.cancel();
    await open.file.abandon();
    log.error(
      { file: open.inUse, kept: open.file.length },
      `${owner}: ${open.inUse} is left with ${open.file.length} bytes that count: ${messageOf(error)}`,
    );
  }

  #watchIdle(): void {
    const { clock, options } = this.#parts;
    if (options.idleTimeout > 0 && this.#open !== undefined)
      this.#idleTimer = clock.after(options.idleTimeout, () => void this.close().catch(() => {}));
  }
}
