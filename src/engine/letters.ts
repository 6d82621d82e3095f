/** Values that functions threw on and that were left out, stage by stage: a stage that fails takes its letters back. */
import { messageOf, StreamjobError } from '../core/errors.ts';
import { jsonOf } from '../core/plain-json.ts';
import { placeOf } from '../graph/functions.ts';
import type { Operator } from '../graph/lineage.ts';
import type { Letter, SkipPolicy } from './skip-policy.ts';

/** Values that functions threw on and that were left out, stage by stage. */
export class LetterBox implements SkipPolicy {
  active = false;
  /** Of stages that have succeeded. */
  #letters: Letter[] = [];
  /** Of the stages that run, the innermost last. */
  readonly #running: Letter[][] = [];

  get letters(): readonly Letter[] {
    return this.#letters;
  }

  clear(): void {
    this.#letters = [];
  }

  async stage<T>(run: () => Promise<T>): Promise<T> {
    const own: Letter[] = [];
    this.#running.push(own);
    try {
      const result = await run();
      this.add(own);
      return result;
    } finally {
      this.#running.pop();
    }
  }

  skip(operator: Operator, value: unknown, error: unknown): void {
    // A function of the wrong kind fails on every value: leaving all of them out would be no service.
    if (error instanceof StreamjobError && error.code === 'ASYNC_FUNCTION') throw error;
    const own = this.#running.at(-1);
    if (own === undefined) throw error;
    const where = placeOf(error, operator);
    own.push({ operator: operator.name, ...(where && { where }), error: errorOf(error), event: jsonOf(value) });
  }

  add(letters: readonly Letter[]): void {
    for (const letter of letters) this.#letters.push(letter);
  }
}

function errorOf(error: unknown): Letter['error'] {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return { message: messageOf(error), ...(typeof code === 'string' ? { code } : {}) };
}
