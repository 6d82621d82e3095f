/**
 * What users' functions threw on, when the policy is to leave it out (onPoison: 'skip'): one line of JSON for each value, on
 * disk before the batch commits. A stage that fails takes its letters back: it is run again. A batch that is given up
 * after they were written comes again, and so may they: at least once, as all outputs.
 */
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { inspect } from 'node:util';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import type { EventBus } from '../../core/events.ts';
import type { Logger } from '../../core/log.ts';
import type { Poison } from '../../engine/engine.ts';

/** One value that was left out, as its line in the file has it. */
export interface DeadLetter {
  /** The batch's time, in ms since the epoch. */
  readonly time: number;
  /** The operator whose function threw. */
  readonly operator: string;
  readonly error: { readonly message: string; readonly code?: string };
  /**
   * What the operator was given: a Flume event as its headers and its body, as text when it is UTF-8 and in base64 when it is
   * not; any other value as JSON has it.
   */
  readonly event: unknown;
}

/** Where letters go when the user names no file, in the working directory. */
export const DEFAULT_DEAD_LETTER_FILE = 'dead-letters.jsonl';

const NEWLINE = 0x0a;
/** Deeper parts of a value are shown as a text. */
const DEEPEST = 20;

/** See the file's head. */
export class DeadLetters implements Poison {
  readonly #path: string;
  readonly #log: Logger;
  readonly #events: EventBus;
  #time = 0;
  #active = false;
  /** Of stages that have succeeded, not yet on disk. */
  #letters: DeadLetter[] = [];
  /** Of the stages that run, the innermost last. */
  readonly #running: DeadLetter[][] = [];
  #file: FileHandle | undefined;
  #size = 0;

  /** @param file where the lines are appended; it is made when the first one comes */
  constructor(file: string, log: Logger, events: EventBus) {
    this.#path = path.resolve(file);
    this.#log = log;
    this.#events = events;
  }

  get active(): boolean {
    return this.#active;
  }

  /** Runs the stages of a batch: while they run, values may be left out. Outputs run outside of it, and fail the batch. */
  async during(time: number, stages: () => Promise<void>): Promise<void> {
    if (time !== this.#time) this.#letters = [];
    this.#time = time;
    this.#active = true;
    try {
      await stages();
    } finally {
      this.#active = false;
    }
  }

  async stage<T>(run: () => Promise<T>): Promise<T> {
    const own: DeadLetter[] = [];
    this.#running.push(own);
    try {
      const result = await run();
      for (const letter of own) this.#letters.push(letter);
      return result;
    } finally {
      this.#running.pop();
    }
  }

  skip(operator: string, value: unknown, error: unknown): void {
    // A function of the wrong kind fails on every value: leaving all of them out would be no service.
    if (error instanceof StreamjobError && error.code === 'ASYNC_FUNCTION') throw error;
    const own = this.#running.at(-1);
    if (own === undefined) throw error;
    own.push({ time: this.#time, operator, error: errorOf(error), event: jsonOf(value) });
  }

  /**
   * Puts the letters of the batch on disk.
   * @throws StreamjobError FILE_ACCESS: the batch must not commit
   */
  async write(): Promise<void> {
    const letters = this.#letters;
    if (letters.length === 0) return;
    try {
      await this.#append(letters.map((letter) => `${JSON.stringify(letter)}\n`).join(''));
    } catch (cause) {
      await this.close();
      throw new StreamjobError('FILE_ACCESS', `dead letters cannot be written: ${messageOf(cause)}`, {
        where: this.#path,
        hint: 'make the file writable, or name another one with deadLetterFile',
        cause,
      });
    }
    this.#letters = [];
    const time = this.#time;
    const facts = { batch: time, values: letters.length, file: this.#path, first: letters[0]?.error.message };
    this.#log.warn(facts, `batch ${time}: ${letters.length} values were left out, see ${this.#path}`);
    this.#events.next({ type: 'valuesSkipped', time, values: letters.length, file: this.#path });
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch(() => {});
  }

  async #append(text: string): Promise<void> {
    const file = this.#file ?? (await this.#open());
    const bytes = Buffer.from(text);
    try {
      await file.appendFile(bytes);
      await file.datasync();
    } catch (error) {
      // A full disk takes half a line: the next attempt begins where this one did.
      await file.truncate(this.#size).catch(() => {});
      throw error;
    }
    this.#size += bytes.length;
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#path, 'a+');
    this.#file = file;
    this.#size = (await file.stat()).size;
    if (this.#size === 0) {
      const directory = await open(path.dirname(this.#path));
      await directory.sync().finally(() => directory.close());
      return file;
    }
    const last = Buffer.alloc(1);
    await file.read(last, 0, 1, this.#size - 1);
    if (last[0] === NEWLINE) return file;
    // A process that was killed while it wrote left half a line: it must not spoil the next one.
    await file.appendFile('\n');
    this.#size++;
    return file;
  }
}

function errorOf(error: unknown): DeadLetter['error'] {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return { message: messageOf(error), ...(typeof code === 'string' ? { code } : {}) };
}

/** Any value as JSON can have it, Flume events in it as documented at DeadLetter. */
function jsonOf(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return String(value);
  if (typeof value !== 'object' || value === null) return value ?? null;
  // What refers to itself ends here.
  if (depth > DEEPEST) return inspect(value, { depth: 0 });
  const inner = (each: unknown): unknown => jsonOf(each, depth + 1);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Map || value instanceof Set) return [...value].map(inner);
  if ('headers' in value && 'body' in value && value.body instanceof Uint8Array && 'text' in value) {
    return { headers: value.headers, ...bodyOf(value.body) };
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inner(each)]));
}

function bodyOf(bytes: Uint8Array): { readonly body: string } | { readonly bodyBase64: string } {
  try {
    // A byte order mark is part of the body.
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { bodyBase64: Buffer.from(bytes).toString('base64') };
  }
}
