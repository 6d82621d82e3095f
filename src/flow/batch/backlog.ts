/**
 * How long what waits will have to wait, estimated from how long the last batches took. Receivers are not read while that
 * is longer than their peers would bear, or while it takes more memory than allowed: TCP then slows the peers down.
 */

/** What the estimate is made of. */
export interface BacklogState {
  readonly waitingEvents: number;
  /** Bytes that wait or are being processed. */
  readonly heldBytes: number;
  /** Bytes that wait in the log on disk. */
  readonly logBytes?: number;
  /** The batch that is being processed. */
  readonly running: { readonly events: number; readonly sinceMs: number } | undefined;
}

/** Of how many batches the median is taken: one that hung must not tell how long the others will take. */
const REMEMBERED_BATCHES = 5;
/** Reading goes on when the backlog is below this part of its limits, so that it does not stop and go with each request. */
const RESUME_FRACTION = 0.7;

/** How long what waits will have to wait, estimated from how long the last batches took. */
export class Backlog {
  readonly #maxDelayMs: number;
  readonly #maxBytes: number;
  readonly #maxLogBytes: number;
  /** Processing time of one event in each of the last batches, in ms. */
  #msPerEvent: number[] = [];

  /** @param maxDelayMs Infinity: no peer has a time limit */
  constructor(maxDelayMs: number, maxBytes: number, maxLogBytes: number = Number.POSITIVE_INFINITY) {
    this.#maxDelayMs = maxDelayMs;
    this.#maxBytes = maxBytes;
    this.#maxLogBytes = maxLogBytes;
  }

  /** The outputs of a batch of `events` have ended after `ms` of processing. */
  learn(events: number, ms: number): void {
    if (events > 0) this.#msPerEvent = [...this.#msPerEvent, ms / events].slice(-REMEMBERED_BATCHES);
  }

  /** The estimated delay of an event that arrives now, until its batch begins, beside the wait for the tick; in ms. */
  delayMs({ waitingEvents, running }: BacklogState): number {
    const perEvent = this.#median();
    let delay = waitingEvents * perEvent;
    if (running !== undefined) {
      const expected = running.events * perEvent;
      // A batch that takes longer than expected (an output that fails and is run again) is taken to need as long once more.
      delay += Math.abs(running.sinceMs - expected);
    }
    return delay;
  }

  /**
   * Why receivers must not be read now; undefined: they may.
   * @param paused whether they are not read already
   */
  overload(state: BacklogState, paused = false): string | undefined {
    const fraction = paused ? RESUME_FRACTION : 1;
    const delay = this.delayMs(state);
    if (delay > this.#maxDelayMs * fraction) {
      return `the backlog's estimated delay is ${Math.round(delay)} ms, more than ${this.#maxDelayMs * fraction} ms; half of the peers' request timeout is the limit`;
    }
    if (state.heldBytes > this.#maxBytes * fraction) {
      return `received data that waits or is processed takes ${state.heldBytes} bytes, more than ${this.#maxBytes * fraction}`;
    }
    if ((state.logBytes ?? 0) > this.#maxLogBytes * fraction) {
      return `received data that waits in the log takes ${state.logBytes} bytes, more than ${this.#maxLogBytes * fraction}`;
    }
    return undefined;
  }

  /** In how many ms a running batch will have overrun the limit if nothing changes; Infinity: never. */
  overrunInMs({ waitingEvents, running }: BacklogState): number {
    if (running === undefined || this.#maxDelayMs === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
    const perEvent = this.#median();
    return running.events * perEvent + this.#maxDelayMs - waitingEvents * perEvent - running.sinceMs;
  }

  #median(): number {
    const sorted = [...this.#msPerEvent].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }
}
