/** A user's own receiver: it is started and stopped here, stores what it receives, and is told when that has committed. */
import { type Clock, sleep } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import type { OpenValues } from './observable.ts';
import type { AckToken, Intake, Outcome, Receiver } from './receiver.ts';
import { type OnSettled, ValuesReceiver } from './values.ts';

/** What a user's receiver gets. Source: Spark's Receiver. */
export interface ReceiverHandle<T> {
  /** Stores one value. @param onSettled told 'committed', or 'given-up': then the source is to send it again */
  store(value: T, onSettled?: OnSettled): void;
  /** Stores values that belong together: they are never in two batches. */
  storeMany(values: readonly T[], onSettled?: OnSettled): void;
  /** Resolves when the job can take more; a receiver that does not wait for it is bounded by memory only. */
  room(): Promise<void>;
  /** Stops the receiver, waits, and starts it again. @param delayMs default 2000 */
  restart(reason: string, error?: unknown, delayMs?: number): void;
  /** Tells of an error that the receiver goes on after. */
  reportError(message: string, error?: unknown): void;
  /** Aborts when the receiver is to stop. */
  readonly signal: AbortSignal;
}

/** A user's receiver. */
export interface UserReceiver<T> {
  /** Begins to receive; must not wait for data. */
  onStart(handle: ReceiverHandle<T>): void | Promise<void>;
  /** Ends what onStart began. */
  onStop?(): void | Promise<void>;
}

const RESTART_DELAY_MS = 2000;
/** Values that have not committed after which `room` waits. */
const MOST_OPEN_VALUES = 100_000;

/** See the file's head. */
export class UserReceiverHost<T> implements Receiver {
  readonly id: number;
  readonly name: string;
  readonly #user: UserReceiver<T>;
  readonly #values: ValuesReceiver<T>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  #intake: Intake | undefined;
  #dropped = 0;
  #run = new AbortController();
  #pending: T[] = [];
  #restarting: Promise<void> = Promise.resolve();

  constructor(id: number, name: string, user: UserReceiver<T>, clock: Clock, log: Logger) {
    this.id = id;
    this.name = name;
    this.#user = user;
    this.#clock = clock;
    this.#log = log;
    this.#values = new ValuesReceiver<T>(id, name);
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

  pauseReading(): void {
    this.#values.pauseReading();
  }

  resumeReading(): void {
    this.#values.resumeReading();
  }

  settle(tokens: readonly AckToken[], outcome: Outcome): Promise<number> {
    return this.#values.settle(tokens, outcome);
  }

  async stopReceiving(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    await this.#values.stopReceiving();
    await this.#restarting;
    await this.#end();
    this.#flush();
  }

  async close(): Promise<void> {
    await this.stopReceiving();
  }

  async #begin(): Promise<void> {
    this.#run = new AbortController();
    try {
      await this.#user.onStart(this.#handle(this.#run.signal));
    } catch (error) {
      this.#restart(`onStart threw: ${messageOf(error)}`, error, RESTART_DELAY_MS);
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

  #handle(signal: AbortSignal): ReceiverHandle<T> {
    return {
      signal,
      store: (value, onSettled) => {
        if (onSettled !== undefined) return this.#values.push([value], onSettled);
        // Values that come one by one are gathered, or each would cost as much as a whole delivery.
        if (this.#pending.length === 0) setImmediate(() => this.#flush());
        this.#pending.push(value);
      },
      storeMany: (values, onSettled) => this.#values.push([...values], onSettled),
      room: () => this.#values.room(MOST_OPEN_VALUES),
      restart: (reason, error, delayMs = RESTART_DELAY_MS) => this.#restart(reason, error, delayMs),
      reportError: (message, error) => {
        this.#log.error({ err: error }, `${this.name}: ${message}`);
        this.#intake?.reportError(this.id, this.name, message);
      },
    };
  }

  #flush(): void {
    const values = this.#pending;
    this.#pending = [];
    if (values.length > 0) this.#values.push(values);
  }

  #restart(reason: string, error: unknown, delayMs: number): void {
    if (this.#stop.signal.aborted || this.#run.signal.aborted) return;
    this.#log.warn({ err: error, delayMs }, `${this.name} is started again in ${delayMs} ms: ${reason}`);
    this.#run.abort();
    this.#restarting = (async () => {
      await this.#end();
      await sleep(this.#clock, delayMs, this.#stop.signal);
      if (!this.#stop.signal.aborted) await this.#begin();
    })();
  }
}
