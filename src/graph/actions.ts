/**
 * Actions that an output began. `foreachRDD((rdd) => { rdd.foreach(save); })` returns before `save` has been called: the batch
 * must wait for the action all the same, and an error of it that nobody looked at must fail the batch, not the process.
 */
import { nextLoop } from '../core/machine.ts';

/** A promise of an action; it knows whether somebody takes its result or its error, by await, then, catch or finally. */
class ActionPromise<T> extends Promise<T> {
  watch: ((next: ActionPromise<unknown>) => void) | undefined;
  isLookedAt = false;

  // biome-ignore lint/suspicious/noThenProperty: this is a promise, and has to know who waits for it
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isLookedAt = true;
    const next = super.then(onFulfilled, onRejected);
    // `action().then(log)` is as much a part of the output as the action itself.
    if (next instanceof ActionPromise && this.watch !== undefined) this.watch(next);
    return next;
  }
}

interface Failure {
  readonly promise: ActionPromise<unknown>;
  readonly error: unknown;
}

/** Actions that an output began. One output runs at a time. */
export class Actions {
  readonly #open = new Set<ActionPromise<unknown>>();
  #failures: Failure[] = [];
  #isWatching = false;

  /** Begins an action. While no output runs, it is its caller's affair alone. */
  begin<T>(run: () => Promise<T>): Promise<T> {
    if (!this.#isWatching) return run();
    const promise = new ActionPromise<T>((resolve) => resolve(run()));
    this.#watch(promise);
    return promise;
  }

  /**
   * Runs an output and waits for all actions that it began.
   * @throws what the output threw; else what an action threw whose promise nobody looked at
   */
  async during<R>(output: () => Promise<R>): Promise<R> {
    this.#isWatching = true;
    try {
      const result = await output().finally(() => this.#allEnded());
      const failure = this.#failures.find(({ promise }) => !promise.isLookedAt);
      if (failure !== undefined) throw failure.error;
      return result;
    } finally {
      this.#isWatching = false;
      this.#failures = [];
    }
  }

  async #allEnded(): Promise<void> {
    while (this.#open.size > 0) {
      await Promise.allSettled([...this.#open].map((each) => this.#ended(each)));
      // What waited for them goes on now, and may begin others.
      await nextLoop();
    }
  }

  #watch(promise: ActionPromise<unknown>): void {
    promise.watch = (next) => this.#watch(next);
    this.#open.add(promise);
    this.#ended(promise).then(
      () => this.#open.delete(promise),
      (error: unknown) => {
        this.#open.delete(promise);
        this.#failures.push({ promise, error });
      },
    );
  }

  /** Waits without looking at the promise on somebody's behalf. */
  #ended(promise: ActionPromise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      Promise.prototype.then.call(promise, resolve, reject);
    });
  }
}
