/**
 * The calls of a client that wait for their answers. Each is settled exactly once: by its answer, by its time limit, or by
 * the end of the connection. A call stays here until its answer has been read without an error, so that an answer that
 * cannot be read does not leave its caller waiting.
 */
import type { Clock, Timer } from '../core/clock.ts';

/** What waits for an answer. */
export interface PendingCall {
  /** The message's name, for errors. */
  readonly what: string;
  /** How long the answer may take, in ms; 0 or less: without a limit. */
  readonly timeoutMs: number;
  /** Reads the answer and gives back how the caller is told. @throws StreamjobError when the answer makes no sense */
  readonly read: (payload: Buffer) => () => void;
  readonly reject: (error: Error) => void;
}

/** The calls of a client that wait for their answers. */
export class PendingCalls {
  readonly #clock: Clock;
  readonly #onLate: (call: PendingCall) => void;
  readonly #calls = new Map<number, { readonly call: PendingCall; readonly sentAt: number }>();
  #timer: Timer | undefined;
  /** The call that the timer watches: the oldest one with a limit. */
  #watched: number | undefined;
  /** When the watched call became the oldest one, in ms since the epoch. */
  #since = 0;

  /** @param onLate called when a call's time is over; it is pending still */
  constructor(clock: Clock, onLate: (call: PendingCall) => void) {
    this.#clock = clock;
    this.#onLate = onLate;
  }

  has(serial: number): boolean {
    return this.#calls.has(serial);
  }

  add(serial: number, call: PendingCall): void {
    this.#calls.set(serial, { call, sentAt: this.#clock.now() });
    if (this.#watched === undefined) this.#watch();
  }

  /**
   * An answer came. Answers to younger calls do not prolong the wait for an older one: each call's wait has an end.
   * @returns false when no call has this serial
   * @throws what reading the answer throws; the call is pending still
   */
  answer(serial: number, payload: Buffer): boolean {
    const pending = this.#calls.get(serial);
    if (pending === undefined) return false;
    const tell = pending.call.read(payload);
    this.#calls.delete(serial);
    if (serial === this.#watched) {
      this.#since = this.#clock.now();
      this.#watch();
    }
    tell();
    return true;
  }

  /** The connection is over: rejects all of them. */
  rejectAll(error: Error): void {
    this.#timer?.cancel();
    this.#watched = undefined;
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const { call } of calls) call.reject(error);
  }

  /** One timer for all calls. */
  #watch(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#watched = undefined;
    for (const [serial, { call, sentAt }] of this.#calls) {
      if (call.timeoutMs <= 0) continue;
      this.#watched = serial;
      const left = Math.max(sentAt, this.#since) + call.timeoutMs - this.#clock.now();
      this.#timer = this.#clock.after(Math.max(0, left), () => this.#onLate(call));
      return;
    }
  }
}
