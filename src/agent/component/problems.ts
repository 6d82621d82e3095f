/** What is wrong with a flume.conf: collected, not thrown one by one, so that a user sees everything at once. */
import { StreamjobError } from '../../core/errors.ts';

/** One finding in a file. */
export interface Problem {
  /** An error refuses the start; a warning is told and the agent starts. */
  readonly severity: 'error' | 'warning';
  /** The line in the file, from 1; undefined when something is missing from the whole file. */
  readonly line: number | undefined;
  readonly message: string;
}

/** Collects findings. */
export class Problems {
  readonly file: string;
  readonly #list: Problem[] = [];

  /** @param file the file's path, for `file:line` */
  constructor(file: string) {
    this.file = file;
  }

  error(line: number | undefined, message: string): void {
    this.#list.push({ severity: 'error', line, message });
  }

  warn(line: number | undefined, message: string): void {
    this.#list.push({ severity: 'warning', line, message });
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
  format(problem: Problem): string {
    return `${this.file}${problem.line === undefined ? '' : `:${problem.line}`}: ${problem.message}`;
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
