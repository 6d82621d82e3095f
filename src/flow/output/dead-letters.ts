/**
 * What users' functions threw on, when the policy is to leave it out (onPoison: 'skip'): one line of JSON for each value, on
 * disk before the batch commits. A stage that fails takes its letters back: it is run again. A batch that is given up
 * after they were written comes again, and so may they: at least once, as all outputs.
 */

import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, StreamjobError } from '../../core/errors.ts';
import type { EventBus } from '../../core/events.ts';
import type { Logger } from '../../core/log.ts';
import { fs } from '../../core/machine.ts';
import { LetterBox } from '../../engine/letters.ts';
import type { Letter, SkipPolicy } from '../../engine/skip-policy.ts';
import type { Operator } from '../../graph/lineage.ts';

/** One value that was left out, as its line in the file has it. */
export interface DeadLetter extends Letter {
  /** The batch's time, in ms since the epoch. */
  readonly time: number;
}

const NEWLINE = 0x0a;

/** What users' functions threw on, when the policy is to leave it out. */
export class DeadLetters implements SkipPolicy {
  readonly #path: string;
  readonly #log: Logger;
  readonly #events: EventBus;
  #time = 0;
  /** Of the batch's stages, not yet on disk. */
  readonly #box = new LetterBox();
  #file: FileHandle | undefined;
  #size = 0;

  /** @param file where the lines are appended; it is made when the first one comes */
  constructor(file: string, log: Logger, events: EventBus) {
    this.#path = path.resolve(file);
    this.#log = log;
    this.#events = events;
  }

  get active(): boolean {
    return this.#box.active;
  }

  /** Runs the stages of a batch: while they run, values may be left out. Outputs run outside of it, and fail the batch. */
  async during<T>(time: number, stages: () => Promise<T>): Promise<T> {
    if (time !== this.#time) this.#box.clear();
    this.#time = time;
    this.#box.active = true;
    try {
      return await stages();
    } finally {
      this.#box.active = false;
    }
  }

  stage<T>(run: () => Promise<T>): Promise<T> {
    return this.#box.stage(run);
  }

  skip(operator: Operator, value: unknown, error: unknown): void {
    this.#box.skip(operator, value, error);
  }

  add(letters: readonly Letter[]): void {
    this.#box.add(letters);
  }

  /**
   * Puts the letters of the batch on disk.
   * @throws StreamjobError FILE_ACCESS: the batch must not commit
   */
  async write(): Promise<void> {
    const time = this.#time;
    const letters = this.#box.letters.map((letter): DeadLetter => ({ time, ...letter }));
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
    this.#box.clear();
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
    const file = await fs.open(this.#path, 'a+');
    this.#file = file;
    this.#size = (await file.stat()).size;
    if (this.#size === 0) {
      const directory = await fs.open(path.dirname(this.#path));
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
