/** The same words, counted by a hand-written loop in processes: what two cores of this machine are worth over one. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NotRun } from './side.ts';
import { sum } from './stats.ts';
import type { StoredWords } from './words.ts';

const PROGRAM = fileURLToPath(new URL('../peers/hand-count.ts', import.meta.url));

/** Processes that have the words in memory. */
export class HandCount {
  readonly #processes: readonly ChildProcess[];
  readonly #files: number;
  readonly #words: number;

  constructor({ blocks, text, words }: StoredWords) {
    const files = blocks.map((_, file) => path.join(text, `part-${file}.txt`));
    this.#files = files.length;
    this.#words = words;
    this.#processes = [0, 1].map(() => fork(PROGRAM, files));
  }

  /** Counts all words once. @param processes among which the files are dealt: 1 or 2 */
  async count(processes: number): Promise<void> {
    const answers = this.#processes.slice(0, processes).map(async (each, i) => {
      const answer = once(each, 'message');
      each.send([(i * this.#files) / processes, ((i + 1) * this.#files) / processes]);
      return Number((await answer)[0]);
    });
    const words = sum(await Promise.all(answers));
    if (words !== this.#words) throw new NotRun(`the hand-written loop has counted ${words} words`);
  }

  close(): void {
    for (const each of this.#processes) each.kill();
  }
}
