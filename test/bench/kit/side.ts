/** One contestant while it runs: its process, and what it says of each batch on stdout (the lines of `streamjob run --json`). */

import path from 'node:path';
import { repository } from '../../interop/kit/places.ts';
import { Measured, type Start } from './process.ts';

/** A batch that has committed. */
export interface Commit {
  /** When we heard of it, on performance.now's clock. */
  readonly at: number;
  readonly events: number;
  readonly processingMs: number;
  readonly totalDelayMs: number;
}

/** A commit with what had been used up to it. */
export interface Mark {
  readonly at: number;
  /** All events that had committed. */
  readonly events: number;
  readonly cpuSeconds: number;
  /** How many batches had committed. */
  readonly batches: number;
}

/** Why there is no figure: it is reported in the figure's place. */
export class NotRun extends Error {}

const PATIENCE_MS = 45_000;

interface Line {
  readonly batch?: number;
  readonly events?: number;
  readonly processingMs?: number;
  readonly totalDelayMs?: number;
  readonly words?: number;
  readonly latencies?: readonly number[];
}

/** See the file's head. */
export class Side {
  readonly process: Measured;
  /** All batches, also those without events. */
  readonly commits: Commit[] = [];
  /** Ages of events when their batch was done, where the job tells them, in ms. */
  readonly latencies: number[] = [];
  events = 0;
  words = 0;
  #waiting: { take(mark: Mark): void; empty: boolean }[] = [];

  constructor(name: string, start: Start) {
    this.process = new Measured(name, start);
    this.process.onLine = (line) => this.#onLine(line);
  }

  /** The next commit of a batch with events, or of any. @throws NotRun when the process ends, or nothing commits for long */
  async nextCommit({ empty = false } = {}): Promise<Mark> {
    let timer: NodeJS.Timeout | undefined;
    const mark = new Promise<Mark>((take) => this.#waiting.push({ take, empty }));
    const late = new Promise<never>((_, reject) => {
      const what = `${this.process.name}: no batch committed in ${PATIENCE_MS / 1000} s`;
      timer = setTimeout(() => reject(new NotRun(what)), PATIENCE_MS);
    });
    try {
      return await Promise.race([mark, late, this.gone()]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Rejects when the process ends. */
  async gone(): Promise<never> {
    await this.process.ended;
    throw this.failure();
  }

  /** Why it ended. */
  failure(): NotRun {
    const { name, exit, log } = this.process;
    const told =
      log.find((line) => line.includes('OutOfMemory')) ??
      log.find((line) => /error|exception|unknown|cannot|there is no/i.test(line)) ??
      log.at(-1);
    return new NotRun(`${name} ended (${exit}): ${(told ?? 'it said nothing').trim().slice(0, 300)}`);
  }

  #onLine(text: string): void {
    if (!text.startsWith('{')) return;
    const line = JSON.parse(text) as Line;
    this.words += line.words ?? 0;
    if (line.latencies !== undefined) for (const ms of line.latencies) this.latencies.push(ms);
    if (line.batch === undefined) return;
    const { events = 0, processingMs = 0, totalDelayMs = 0 } = line;
    const at = performance.now();
    this.events += events;
    this.commits.push({ at, events, processingMs, totalDelayMs });
    if (this.#waiting.length === 0) return;
    const ready = this.#waiting.filter(({ empty }) => empty || events > 0);
    if (ready.length === 0) return;
    const mark = { at, events: this.events, cpuSeconds: this.process.cpuSeconds(), batches: this.commits.length };
    this.#waiting = this.#waiting.filter((each) => !ready.includes(each));
    for (const { take } of ready) take(mark);
  }
}

/** A program of ours in TypeScript, as a process. */
export function script(file: string, args: readonly (string | number)[]): Start {
  return {
    command: process.execPath,
    args: ['--import', 'tsx', path.join(repository, 'test/bench', file), ...args.map(String)],
    cwd: repository,
  };
}
