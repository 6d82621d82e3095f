/**
 * A token bucket: one token per event, as many a second as the rate says. What is not used is kept for at most a second.
 * A delivery is taken whole and may leave a debt: a peer's batch cannot be cut, so the limit is met on average.
 */
import type { Clock } from '../../core/clock.ts';
import { StreamjobError } from '../../core/errors.ts';

/** What a limiter begins with. Rates are events per second. */
export interface RateLimiterOptions {
  readonly initialRate: number;
  /** No rate goes above it. Undefined: no limit. */
  readonly maxRate?: number | undefined;
  /** For how many ms the bucket is filled in advance; it is filled again once they have passed. Default 0: it begins empty. */
  readonly prepaidMs?: number;
  /** The longest wait for a debt, in ms; what is left of it then is forgiven. Default: none. */
  readonly longestWaitMs?: number;
}

/** What is not used is kept for so long, in ms. */
const BURST_MS = 1000;
/** After a debt reading goes on once there are tokens for so many ms: it must not stop and go with each small delivery. */
const RESUME_MS = 10;

/**
 * Lets so many events per second pass.
 *
 * @example
 * const limiter = new RateLimiter(systemClock, { initialRate: 1000 });
 * limiter.take(500);
 * limiter.waitMs(); // 510: until then nothing more should be read
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #maxRate: number;
  readonly #longestWaitMs: number;
  #rate: number;
  #tokens: number;
  #filledAt: number;
  #waiting = false;

  /** @throws StreamjobError CONFIG_INVALID when the first rate is not above 0 */
  constructor(clock: Clock, { initialRate, maxRate = 0, prepaidMs = 0, longestWaitMs }: RateLimiterOptions) {
    if (!(initialRate > 0)) {
      throw new StreamjobError('CONFIG_INVALID', `initialRate must be greater than 0, not ${initialRate}`, {
        where: 'RateLimiter',
      });
    }
    this.#clock = clock;
    this.#maxRate = maxRate > 0 ? maxRate : Number.POSITIVE_INFINITY;
    this.#longestWaitMs = longestWaitMs ?? Number.POSITIVE_INFINITY;
    this.#rate = Math.min(initialRate, this.#maxRate);
    this.#tokens = (this.#rate * prepaidMs) / 1000;
    this.#filledAt = clock.now() + prepaidMs;
  }

  /** Events per second. */
  get rate(): number {
    return this.#rate;
  }

  /** Sets the rate, at most to the greatest one. One that is not above 0 is ignored. */
  updateRate(rate: number): void {
    if (!(rate > 0)) return;
    this.#fill();
    this.#rate = Math.min(rate, this.#maxRate);
    this.#tokens = Math.min(this.#tokens, this.#most);
  }

  /** Counts a delivery of so many events. */
  take(events: number): void {
    this.#fill();
    this.#tokens -= events;
    if (this.#tokens < 1) this.#waiting = true;
  }

  /** How many events may be read without a debt; below 0: the debt. */
  get available(): number {
    this.#fill();
    return this.#tokens;
  }

  /** For how many ms nothing more should be read; 0: reading may go on. */
  waitMs(): number {
    this.#fill();
    const wanted = this.#waiting ? Math.max(1, (this.#rate * RESUME_MS) / 1000) : 1;
    if (this.#tokens >= wanted) {
      this.#waiting = false;
      return 0;
    }
    const ahead = Math.max(0, this.#filledAt - this.#clock.now());
    const wait = ahead + Math.ceil(((wanted - this.#tokens) / this.#rate) * 1000);
    if (wait <= this.#longestWaitMs) return wait;
    this.#tokens = wanted - (this.#rate * Math.max(0, this.#longestWaitMs - ahead)) / 1000;
    return this.#longestWaitMs;
  }

  get #most(): number {
    return Math.max(1, (this.#rate * BURST_MS) / 1000);
  }

  #fill(): void {
    const now = this.#clock.now();
    if (now <= this.#filledAt) return;
    this.#tokens = Math.min(this.#tokens + (this.#rate * (now - this.#filledAt)) / 1000, this.#most);
    this.#filledAt = now;
  }
}
