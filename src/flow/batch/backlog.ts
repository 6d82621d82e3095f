/**
 * How long what waits will have to wait, estimated from how long the last batches took. Receivers are not read while that
 * is longer than their peers would bear, or while it takes more memory than allowed: TCP then slows the peers down.
 */

/** What the estimate is made of. */
export interface BacklogState {
  readonly waitingEvents: number;
  /** Bytes that wait or are being processed. */
  readonly heldBytes: number;
  /** The batch that is being processed. */
  readonly running: { readonly events: number; readonly sinceMs: number } | undefined;
}

/** How much the newest batch counts in the average. */
const NEWEST_WEIGHT = 0.3;

/** See the file's head. */
export class Backlog {
  readonly #maxDelayMs: number;
  readonly #maxBytes: number;
  /** Processing time of one event, in ms; undefined until a batch has been processed. */
  #msPerEvent: number | undefined;

  /** @param maxDelayMs Infinity: no peer has a time limit */
  constructor(maxDelayMs: number, maxBytes: number) {
    this.#maxDelayMs = maxDelayMs;
    this.#maxBytes = maxBytes;
  }

  /** A batch of `events` took `ms` to process. */
  learn(events: number, ms: number): void {
    if (events === 0) return;
    const latest = ms / events;
    this.#msPerEvent =
      this.#msPerEvent === undefined ? latest : this.#msPerEvent + NEWEST_WEIGHT * (latest - this.#msPerEvent);
  }

  /** The estimated delay of an event that arrives now, until its batch begins, beside the wait for the tick; in ms. */
  delayMs({ waitingEvents, running }: BacklogState): number {
    const perEvent = this.#msPerEvent ?? 0;
    let delay = waitingEvents * perEvent;
    if (running !== undefined) {
      const expected = running.events * perEvent;
      // A batch that takes longer than expected (an output that fails and is run again) is taken to need as long once more.
      delay += Math.abs(running.sinceMs - expected);
    }
    return delay;
  }

  /** Why receivers must not be read now; undefined: they may. */
  overload(state: BacklogState): string | undefined {
    const delay = this.delayMs(state);
    if (delay > this.#maxDelayMs) {
      return `the backlog's estimated delay is ${Math.round(delay)} ms, more than ${this.#maxDelayMs} ms, half of the peers' request timeout`;
    }
    if (state.heldBytes > this.#maxBytes) {
      return `received data that waits or is processed takes ${state.heldBytes} bytes, more than ${this.#maxBytes}`;
    }
    return undefined;
  }
}
