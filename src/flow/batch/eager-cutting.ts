/**
 * Batches are cut as soon as something waits and nobody is at work (`cut: 'eager'`); the interval is then the longest that a batch may
 * wait. Multiples of the interval are cut in any case, even empty, so that windows slide on them as they do with `cut: 'interval'`;
 * what is cut between two of them has a time of its own between theirs.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { Cutting, WaitingState } from './cutting.ts';
import { Ticker } from './ticker.ts';

/** Batches are cut as soon as something waits and nobody is at work. */
export class EagerCutting implements Cutting {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #lingerMs: number;
  readonly #grid: Ticker;
  #last: number;
  #lastCutAt = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  /**
   * @param lingerMs from one cut to the next at least: it bounds the batches per second
   * @param lastTime of the last batch of the run before
   */
  constructor(clock: Clock, intervalMs: number, lingerMs: number, lastTime?: number) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#lingerMs = lingerMs;
    this.#grid = new Ticker(clock, intervalMs, lastTime);
    this.#last = lastTime ?? this.#grid.last;
  }

  get last(): number {
    return this.#last;
  }

  take(state: WaitingState): number | undefined {
    const tick = this.#grid.take(state);
    if (tick !== undefined) return this.#cut(tick);
    if (!state.somethingWaits() || this.#lingerLeft() > 0) return undefined;
    // The clock has no finer unit: where no time is left before the next multiple, that one takes what waits.
    const time = Math.max(this.#clock.now() + this.#grid.aheadMs, this.#last + 1);
    return time < this.#grid.last + this.#intervalMs ? this.#cut(time) : undefined;
  }

  isCutTo(time: number): boolean {
    return this.#grid.isCutTo(time);
  }

  onDue(wake: () => void, state: WaitingState): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#grid.onDue(wake);
    if (state.somethingWaits()) this.#timer = this.#clock.after(Math.max(1, this.#lingerLeft()), wake);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#grid.stop();
  }

  #cut(time: number): number {
    this.#last = time;
    this.#lastCutAt = this.#clock.now();
    return time;
  }

  #lingerLeft(): number {
    return this.#lastCutAt + this.#lingerMs - this.#clock.now();
  }
}
