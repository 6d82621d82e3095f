/** Those who wait for a change of a channel: room for a commit, an event to take, emptiness. Served in the order they came. */
import type { Clock, Timer } from '../../core/clock.ts';

interface Waiter {
  readonly ready: () => boolean;
  readonly settle: (ready: boolean) => void;
}

/** A queue of waiters on one condition. */
export class Waiters {
  readonly #clock: Clock;
  #queue: Waiter[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    return this.#queue.length;
  }

  /**
   * Waits until `ready` holds; it is asked again at each {@link wake}. `ready` may take what it waits for (a room in a
   * channel) as it says true: then nobody else gets it.
   * @returns false after `timeoutMs`, when `signal` aborts, or when the waiters are released
   */
  wait(ready: () => boolean, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    // Who comes later does not overtake: a big transaction would wait for ever behind small ones.
    if (signal?.aborted === true) return Promise.resolve(false);
    if (this.#queue.length === 0 && ready()) return Promise.resolve(true);
    if (timeoutMs <= 0) return Promise.resolve(false);
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const giveUp = (): void => waiter.settle(false);
      const waiter: Waiter = {
        ready,
        settle: (result) => {
          timer?.cancel();
          signal?.removeEventListener('abort', giveUp);
          const first = this.#queue[0] === waiter;
          this.#queue = this.#queue.filter((other) => other !== waiter);
          resolve(result);
          // The one at the front held back those behind it.
          if (first && !result) this.wake();
        },
      };
      this.#queue.push(waiter);
      signal?.addEventListener('abort', giveUp, { once: true });
      if (Number.isFinite(timeoutMs)) timer = this.#clock.after(timeoutMs, giveUp);
    });
  }

  /** Something changed: asks the waiters, front first, until one is not ready. */
  wake(): void {
    for (let first = this.#queue[0]; first?.ready() === true; first = this.#queue[0]) first.settle(true);
  }

  /** Sends all away with false; none of them is asked any more, so that none takes what there is no more. */
  release(): void {
    const all = this.#queue;
    this.#queue = [];
    for (const waiter of all) waiter.settle(false);
  }
}
