/**
 * Time behind a port, so that tests turn the clock by hand: the system clock and a manual one.
 * All times are milliseconds since the epoch.
 */
import { type EndTimer, monotonicMs, ofProcess, after as startTimer, wallMs } from './machine.ts';

/** A timer that has not fired yet; `cancel` makes sure that it never does. */
export interface Timer {
  /** It does not fire any more. Harmless when it has fired. */
  cancel(): void;
}

/** Where the product takes its time from. */
export interface Clock {
  /** The time now, in ms since the epoch. It never goes back, except on a manual clock that is told to. */
  now(): number;
  /** Calls `run` once, `ms` milliseconds from now or later. */
  after(ms: number, run: () => void): Timer;
}

/** The longest delay that Node's timers take; longer ones fire at once, so they are chained. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What the system clock showed last, in ms since the epoch, and the monotonic time then. */
const lastShown = ofProcess(() => ({ time: 0, monotonic: 0 }));

/**
 * The machine's clock, made to rise: when the machine's time is set back, it goes on from where it was at the pace of
 * the monotonic clock, until the machine's time has caught up. Batch times must rise, whatever an administrator does.
 */
function risingNow(): number {
  const last = lastShown();
  const monotonic = monotonicMs();
  const expected = last.time + Math.floor(monotonic - last.monotonic);
  const wall = wallMs();
  if (wall < last.time) return Math.max(last.time, expected);
  last.time = wall;
  last.monotonic = monotonic;
  return wall;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: risingNow,
  after(ms, run) {
    let endTimer: EndTimer;
    const arm = (left: number): void => {
      const step = Math.min(left, LONGEST_TIMER_MS);
      endTimer = startTimer(step, () => (left > step ? arm(left - step) : run()));
    };
    arm(Math.max(0, ms));
    return { cancel: () => endTimer() };
  },
};

/**
 * A clock that stands still until it is moved.
 *
 * @example
 * const clock = new ManualClock(0);
 * clock.after(1000, () => console.log('fired'));
 * clock.advance(1000); // fired
 */
export class ManualClock implements Clock {
  #now: number;
  #timers: { at: number; order: number; run: () => void }[] = [];
  #order = 0;

  /** @param start the time it shows at first, in ms since the epoch */
  constructor(start = 0) {
    this.#now = start;
  }

  /** What it shows, in ms since the epoch. */
  now(): number {
    return this.#now;
  }

  /** A timer, which fires when the clock is moved there. */
  after(ms: number, run: () => void): Timer {
    const timer = {
      at: this.#now + Math.max(0, ms),
      order: this.#order++,
      run,
    };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** Moves the clock by `ms` and fires, in their order, all timers that come due on the way. */
  advance(ms: number): void {
    this.advanceTo(this.#now + ms);
  }

  /** Moves the clock to `time` (ms since the epoch), firing timers on the way; an earlier time only steps the clock back. */
  advanceTo(time: number): void {
    for (;;) {
      const due = this.#timers.filter((timer) => timer.at <= time).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (due === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
    }
    this.#now = time;
  }
}

/** Resolves after `ms` milliseconds of `clock`, or at once when `signal` aborts; never rejects. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const done = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(ms, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}
