/** Tells what cannot be read: once, until it can be read again or something else is wrong with it; each time is counted. */
import { messageOf } from '../../../core/errors.ts';
import type { SourceContext } from '../source.ts';
import type { Troubles } from './finder.ts';

/** How many paths are kept in mind; of the oldest a trouble may be told twice. */
const MOST = 10_000;

/** Files and directories that cannot be read. */
export class TroubleLog implements Troubles {
  readonly #context: SourceContext;
  readonly #told = new Map<string, string>();

  constructor(context: SourceContext) {
    this.#context = context;
  }

  tell(path: string, error: unknown): void {
    const { log, name, counters } = this.#context;
    const cause = messageOf(error);
    counters.EventReadFail++;
    if (this.#told.get(path) === cause) return;
    for (const oldest of this.#told.keys()) {
      if (this.#told.size < MOST) break;
      this.#told.delete(oldest);
    }
    this.#told.set(path, cause);
    log.warn({ path, cause }, `source ${name}: cannot read ${path}: ${cause}. It is tried again, the others are read`);
  }

  fine(path: string): void {
    this.#told.delete(path);
  }
}
