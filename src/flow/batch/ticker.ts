/**
 * When batches are cut: at multiples of the interval since the epoch. A tick that is late is run, not skipped; a run of
 * late ticks with nothing to do is passed in one step, its last tick being run.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import { floorTime } from '../../core/time.ts';

/** Gives the times of batches, one after the other. */
export class Ticker {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  #last: number;
  #timer: Timer | undefined;

  /** The first tick is the first multiple of the interval after now. */
  constructor(clock: Clock, intervalMs: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#last = floorTime(clock.now(), intervalMs);
  }

  /** The time of the last tick that was taken; before the first one, the multiple of the interval before the start. */
  get last(): number {
    return this.#last;
  }

  /**
   * Takes the next tick if it is due.
   * @param nothingDue whether no tick from now on has anything to do before new data comes
   * @returns its time, or undefined when none is due
   */
  take(nothingDue: boolean): number | undefined {
    const due = floorTime(this.#clock.now(), this.#intervalMs);
    const next = this.#last + this.#intervalMs;
    if (next > due) return undefined;
    this.#last = nothingDue ? due : next;
    return this.#last;
  }

  /** Calls `wake` when the next tick is due. */
  onDue(wake: () => void): void {
    this.#timer?.cancel();
    const wait = this.#last + this.#intervalMs - this.#clock.now();
    this.#timer = this.#clock.after(Math.max(0, wait), wake);
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
