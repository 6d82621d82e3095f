/** The clocks of a simulated host: one that an administrator sets, and one that only goes on. Both go at the pace of its quartz. */

/** The clocks of one host. Both change only as the simulation's time does, and as they are told to. */
export class SimClock {
  readonly #now: () => number;
  #rate: number;
  /** When the rate was set last, in ms of simulated time, and what the clocks showed then. */
  #since: number;
  #monotonicThen: number;
  #wallAhead: number;

  /**
   * @param now the true time, in ms since the start of the simulation
   * @param wallMs what the wall clock shows now, in ms since the epoch
   * @param rate how many ms it counts in a true one; 1.0001 is 100 ppm fast
   */
  constructor(now: () => number, wallMs: number, rate = 1) {
    this.#now = now;
    this.#rate = rate;
    this.#since = now();
    // A host has been up for some time, and no two for the same.
    this.#monotonicThen = 1000 + (wallMs % 1000);
    this.#wallAhead = wallMs - this.#monotonicThen;
  }

  /** How many ms it counts in a true one. */
  get rate(): number {
    return this.#rate;
  }

  set rate(rate: number) {
    this.#monotonicThen = this.monotonicMs();
    this.#since = this.#now();
    this.#rate = rate;
  }

  /** In ms since some moment, with fractions. */
  monotonicMs(): number {
    return this.#monotonicThen + (this.#now() - this.#since) * this.#rate;
  }

  /** In whole ms since the epoch. */
  wallMs(): number {
    return Math.floor(this.exactWallMs());
  }

  /** In ms since the epoch, with fractions. */
  exactWallMs(): number {
    return this.monotonicMs() + this.#wallAhead;
  }

  /** Somebody sets the wall clock. @param ms forwards, or back when it is negative */
  jump(ms: number): void {
    this.#wallAhead += ms;
  }

  /** How long a timer of `ms` milliseconds runs, in true ms. */
  trueMs(ms: number): number {
    return ms / this.#rate;
  }
}
