/** What is wrong with a flume.conf: collected, not thrown one by one, so that a user sees everything at once. */
import { StreamjobError } from '../../core/errors.ts';

/** One finding in a file. */
export interface Problem {
  /** An error refuses the start; a warning is told and the agent starts. */
  readonly severity: 'error' | 'warning';
  /** The line in the file, from 1; undefined when something is missing from the whole file. */
  readonly line: number | undefined;
  readonly message: string;
  /** What Flume does about it without asking: `leaves source r1 out and starts the rest`. */
  readonly flume: string | undefined;
}

/** A file among several that are read one after the other, as if they were one. */
export interface FilePart {
  readonly file: string;
  /** How many lines are before it, in the files before. */
  readonly before: number;
}

/** Collects findings. */
export class Problems {
  readonly file: string;
  readonly #parts: readonly FilePart[];
  readonly #list: Problem[] = [];

  /** @param files the file's path, for `file:line`; or several, whose lines are counted on from one to the next */
  constructor(files: string | readonly FilePart[]) {
    this.#parts = typeof files === 'string' ? [{ file: files, before: 0 }] : files;
    this.file = this.#parts.map(({ file }) => file).join(', ');
  }

  /** @param flume what Flume does about it without asking, if that is known */
  error(line: number | undefined, message: string, flume?: string): void {
    this.#list.push({ severity: 'error', line, message, flume });
  }

  /** @param flume what Flume does about it, where that is something else */
  warn(line: number | undefined, message: string, flume?: string): void {
    this.#list.push({ severity: 'warning', line, message, flume });
  }

  /** All findings, by line; those of the whole file come last. */
  get all(): readonly Problem[] {
    const at = (problem: Problem): number => problem.line ?? Number.MAX_SAFE_INTEGER;
    return [...this.#list].sort((a, b) => at(a) - at(b));
  }

  get errors(): readonly Problem[] {
    return this.all.filter((problem) => problem.severity === 'error');
  }

  get warnings(): readonly Problem[] {
    return this.all.filter((problem) => problem.severity === 'warning');
  }

  /** `file:line: message`. */
  format({ line, message }: Problem): string {
    return `${line === undefined ? this.file : this.#place(line).join(':')}: ${message}`;
  }

  /** The file that a line is in. */
  fileOf(line: number): string {
    return this.#place(line)[0];
  }

  /** A line as a message names it: `line 3`, or with its file where there are several. */
  lineText(line: number): string {
    const [file, own] = this.#place(line);
    return this.#parts.length === 1 ? `line ${own}` : `${file}:${own}`;
  }

  #place(line: number): [string, number] {
    const part = this.#parts.findLast(({ before }) => line > before);
    return [part?.file ?? this.file, line - (part?.before ?? 0)];
  }

  /** @throws StreamjobError CONFIG_INVALID with all errors, if there are any */
  throwIfAny(): void {
    const errors = this.errors;
    if (errors.length === 0) return;
    const count = errors.length === 1 ? 'one error' : `${errors.length} errors`;
    throw new StreamjobError(
      'CONFIG_INVALID',
      `${this.file} has ${count}:\n${errors.map((problem) => `  ${this.format(problem)}`).join('\n')}`,
      {
        hint: 'correct the lines above; Flume would leave these components out and start the rest, which loses data silently',
      },
    );
  }
}
