/** The lifetime of what belongs together: things are closed in the reverse order of their opening, and every error is kept. */

/** Closes something; may be async. */
export type Closer = () => void | Promise<void>;

/**
 * A lifetime. What is opened registers how it is closed; `close` runs these in reverse, each once, and goes on after an error.
 *
 * @example
 * const scope = new Scope();
 * const server = await listen();
 * scope.defer(() => server.close());
 * await scope.close();
 */
export class Scope {
  #closers: Closer[] = [];
  #closing: Promise<void> | undefined;
  readonly #abort = new AbortController();

  /** Aborts at the moment that `close` is called, before the first closer runs. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Registers `closer`. On a scope that is closed already it runs at once. */
  defer(closer: Closer): void {
    if (this.#closing === undefined) this.#closers.push(closer);
    else this.#closing = this.#closing.then(closer);
  }

  /**
   * Closes all, last opened first.
   * @throws the error of the one closer that failed, or an AggregateError of all
   */
  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    this.#abort.abort();
    const errors: unknown[] = [];
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) {
      try {
        await closer();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} errors while closing`);
  }
}

/**
 * What `work` gives, or undefined as soon as `signal` aborts: then nobody waits for the work, and its error is nobody's.
 * @throws what `work` throws before that
 * @example await untilAborted(receiver.stopReceiving(), halt.signal)
 */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    const over = (): void => signal.removeEventListener('abort', stop);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(over);
  });
}
