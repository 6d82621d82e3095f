/** A clock that stands until it is moved, for thousands of timers: each step looks at all of them once. */
import type { Clock, Timer } from '../../../src/core/clock.ts';

interface Due {
  readonly at: number;
  readonly run: () => void;
}

/** See the file's head. */
export class SteppedClock implements Clock {
  #now: number;
  readonly #timers = new Set<Due>();

  constructor(start: number) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): Timer {
    const due: Due = { at: this.#now + Math.max(0, ms), run };
    this.#timers.add(due);
    return { cancel: () => void this.#timers.delete(due) };
  }

  /** Moves it, and fires what is due by then; what those begin waits for the next step. */
  advance(ms: number): void {
    this.#now += ms;
    const due = [...this.#timers].filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at);
    for (const timer of due) if (this.#timers.delete(timer)) timer.run();
  }
}
