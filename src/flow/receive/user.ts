/**
 * A user's own receiver: it is started and stopped here, stores what it receives, and is told when that has committed. One
 * that fails is started again: after 2 s, then after twice as long each time, at most 60 s, until it delivers or has run for 60 s.
 */

import { type Clock, sleep } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { soon } from '../../core/machine.ts';
import type { OpenValues } from './observable.ts';
import type { Intake, Outcome, Reading, Receiver, ReceiverState, Restarts } from './receiver.ts';
import type { ReceiverHandle, UserReceiver } from './user-receiver.ts';
import { type OnSettled, ValuesReceiver } from './values.ts';

/** Spark's default, in ms. */
const RESTART_DELAY_MS = 2000;
/** In ms. A run that was longer than this is no failed start. */
const LONGEST_RESTART_DELAY_MS = 60_000;
/** Values that have not committed after which `room` waits. */
const MOST_OPEN_VALUES = 100_000;

/** A user's own receiver. */
export class UserReceiverHost<T> implements Receiver {
  readonly name: string;
  readonly reading: Reading;
  readonly restarts: Restarts = {
    onState: (listener) => {
      this.#tell = listener;
    },
  };
  readonly #user: UserReceiver<T>;
  readonly #values: ValuesReceiver<T>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  #intake: Intake | undefined;
  #dropped = 0;
  #run = new AbortController();
  #startedAt = 0;
  /** Starts in a row that led to nothing. */
  #failures = 0;
  #ended = false;
  #tell: (state: ReceiverState, error: string | undefined) => void = () => {};
  #pending: T[] = [];
  #restarting: Promise<void> = Promise.resolve();

  constructor(name: string, user: UserReceiver<T>, clock: Clock, log: Logger) {
    this.name = name;
    this.#user = user;
    this.#clock = clock;
    this.#log = log;
    this.#values = new ValuesReceiver<T>(name);
    this.reading = this.#values.reading;
  }

  async start(intake: Intake): Promise<void> {
    this.#intake = intake;
    await this.#values.start(intake);
    await this.#begin();
  }

  /** What inputs of ours need beside the handle. */
  readonly open: OpenValues = {
    room: (limit) => this.#values.room(limit),
    fail: (error) => this.#intake?.fail(error),
    dropped: () => {
      this.#dropped++;
      // One line for each power of ten: a source that overflows does so often.
      if (/^10*$/.test(String(this.#dropped))) {
        this.#log.warn(
          { dropped: this.#dropped },
          `${this.name}: ${this.#dropped} values dropped, the buffer was full`,
        );
      }
    },
  };

  settle(sequences: readonly number[], outcome: Outcome): Promise<number> {
    return this.#values.settle(sequences, outcome);
  }

  abandon(): void {}

  async stopReceiving(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    await this.#values.stopReceiving();
    await this.#restarting;
    await this.#end();
    this.#flush();
    this.#ended = true;
    this.#tell('stopped', undefined);
  }

  async close(): Promise<void> {
    await this.stopReceiving();
  }

  async #begin(): Promise<void> {
    const run = new AbortController();
    this.#run = run;
    this.#startedAt = this.#clock.now();
    this.#tell('starting', undefined);
    try {
      await this.#user.onStart(this.#handle(run));
      if (!run.signal.aborted) this.#tell('running', undefined);
    } catch (error) {
      this.#restart(run, `onStart threw: ${messageOf(error)}`, error, undefined);
    }
  }

  async #end(): Promise<void> {
    this.#run.abort();
    try {
      await this.#user.onStop?.();
    } catch (error) {
      this.#log.error({ err: error }, `${this.name}: onStop threw: ${messageOf(error)}`);
    }
  }

  #handle(run: AbortController): ReceiverHandle<T> {
    return {
      signal: run.signal,
      store: (value, onSettled) => {
        if (onSettled !== undefined || this.#ended) return this.#push([value], onSettled);
        // Values that come one by one are gathered, or each would cost as much as a whole delivery.
        if (this.#pending.length === 0) soon(() => this.#flush());
        this.#pending.push(value);
      },
      storeMany: (values, onSettled) => this.#push([...values], onSettled),
      room: () => this.#values.room(MOST_OPEN_VALUES),
      restart: (reason, error, delayMs) => this.#restart(run, reason, error, delayMs),
      reportError: (message, error) => {
        this.#log.error({ err: error }, `${this.name}: ${message}`);
        this.#intake?.reportError(message);
      },
    };
  }

  #push(values: readonly T[], onSettled: OnSettled | undefined): void {
    if (!this.#ended) {
      this.#failures = 0;
      return this.#values.push(values, onSettled);
    }
    // Throwing would end the process: who stores is often a loop that nobody awaits.
    this.#log.warn({ values: values.length }, `${this.name} has stopped: ${values.length} values were not stored`);
    onSettled?.('given-up');
  }

  #flush(): void {
    const values = this.#pending;
    this.#pending = [];
    if (values.length > 0) this.#push(values, undefined);
  }

  /** @param run the one that asks: what an earlier one says late (a socket that closes) is over already */
  #restart(run: AbortController, reason: string, error: unknown, delayMs: number | undefined): void {
    if (this.#stop.signal.aborted || run.signal.aborted) return;
    if (this.#clock.now() - this.#startedAt >= LONGEST_RESTART_DELAY_MS) this.#failures = 0;
    const wait = delayMs ?? Math.min(RESTART_DELAY_MS * 2 ** this.#failures, LONGEST_RESTART_DELAY_MS);
    this.#failures++;
    this.#log.warn({ err: error, delayMs: wait }, `${this.name} is started again in ${wait} ms: ${reason}`);
    run.abort();
    this.#tell('restarting', reason);
    this.#restarting = (async () => {
      await this.#end();
      await sleep(this.#clock, wait, this.#stop.signal);
      if (!this.#stop.signal.aborted) await this.#begin();
    })();
  }
}
