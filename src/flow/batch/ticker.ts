/**
 * When batches are cut: at multiples of the interval since the epoch. A tick that is late is run, not skipped; a run of
 * late ticks with nothing to do is passed in one step, its last tick being run.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import { floorTime } from '../../core/time.ts';
import type { Cutting, WaitingState } from './cutting.ts';

/** Gives the times of batches, one after the other. */
export class Ticker implements Cutting {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  /** How far times are ahead of the clock, in ms: it was set back between two runs. */
  readonly aheadMs: number;
  #last: number;
  #timer: Timer | undefined;

  /**
   * @param lastTime of the last batch of the run before: the first tick is the first multiple of the interval after it. Without
   * one it is the first after now.
   */
  constructor(clock: Clock, intervalMs: number, lastTime?: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    const now = floorTime(clock.now(), intervalMs);
    this.#last = floorTime(lastTime ?? now, intervalMs);
    // The clock was set back between the runs: times go on to rise, ahead of it, rather than stand still until it is there.
    this.aheadMs = Math.max(0, this.#last - now);
  }

  /** The time of the last tick that was taken; before the first one, the multiple of the interval before the start. */
  get last(): number {
    return this.#last;
  }

  /**
   * Takes the next tick if it is due.
   * @param state `nothingDue` is asked when several ticks are late
   * @returns its time, or undefined when none is due
   */
  take({ nothingDue }: Pick<WaitingState, 'nothingDue'>): number | undefined {
    const due = floorTime(this.#clock.now(), this.#intervalMs) + this.aheadMs;
    const next = this.#last + this.#intervalMs;
    if (next > due) return undefined;
    this.#last = next < due && nothingDue() ? due : next;
    return this.#last;
  }

  isCutTo(time: number): boolean {
    return this.#last >= floorTime(time, this.#intervalMs) + this.aheadMs;
  }

  /** Calls `wake` when the next tick is due. */
  onDue(wake: () => void): void {
    this.#timer?.cancel();
    const wait = this.#last + this.#intervalMs - this.aheadMs - this.#clock.now();
    this.#timer = this.#clock.after(Math.max(0, wait), wake);
  }

  stop(): void {
    this.#timer?.cancel();
  }
}
