/**
 * Why a command is to end before it is done: SIGINT, SIGTERM, or a reader of stdout that went away (`streamjob run … | head`). It is listened
 * for from the first line of a command on, so that nothing is missed while it starts.
 */

import { constants } from 'node:os';
import type { Logger } from '../core/log.ts';
import { after, every } from '../core/machine.ts';

type StopSignal = 'SIGINT' | 'SIGTERM';
const SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/** By the shells' custom, 128 and the number of the signal; a program whose reader is gone ends as of SIGPIPE. */
export const CLOSED_STDOUT_EXIT: number = 128 + constants.signals.SIGPIPE;

/** How long a command that was ended waits for what the system does not give back, in ms. */
const LINGER_MS = 2000;

const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/** What was asked for. */
export interface StopReason {
  readonly text: string;
  /** Whether all that was received is to be processed first: not when nobody can see the results. */
  readonly graceful: boolean;
  readonly signal?: StopSignal;
}

/** Why a command is to end before it is done. */
export class StopRequests {
  readonly #asked = new AbortController();
  readonly #onSignal = (signal: StopSignal): void => this.#ask(signal);
  readonly #onStdoutError = (error: NodeJS.ErrnoException): void => this.#stdoutFailed(error);
  /** A command runs until it is done or told to stop: Node would end it as soon as it waits for nothing of the system's. */
  readonly #letGo = every(LONGEST_INTERVAL_MS, () => {});
  readonly #action: string;
  #reason: StopReason | undefined;
  #isStdoutClosed = false;
  /** Told of the first request, and of a second signal just before it ends the process. */
  log: Logger | undefined;

  /** @param action what the first request leads to, for the log */
  constructor(action: string) {
    this.#action = action;
    for (const signal of SIGNALS) process.on(signal, this.#onSignal);
    process.stdout.on('error', this.#onStdoutError);
  }

  /** Aborts with the first request. */
  get signal(): AbortSignal {
    return this.#asked.signal;
  }

  /** Undefined: none yet. */
  get reason(): StopReason | undefined {
    return this.#reason;
  }

  /** Resolves with the first request. */
  get asked(): Promise<void> {
    return new Promise((resolve) => {
      if (this.signal.aborted) resolve();
      else this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** Writes to stdout. @throws Error when nobody reads it any more: what is to be seen there is then not done */
  write(text: string): void {
    if (this.#isStdoutClosed) throw new Error('nobody reads stdout any more');
    process.stdout.write(text);
  }

  /**
   * No request is heard from now on; a signal does what it does by default. What still waits for the system after a request (a file
   * system that does not answer) does not hold the process for ever.
   */
  forget(): void {
    this.#letGo();
    for (const signal of SIGNALS) process.off(signal, this.#onSignal);
    const reason = this.#reason;
    if (reason === undefined) return;
    // process.exit() would wait for the threads that hang in system calls.
    after(LINGER_MS, () => endBy(reason.signal ?? 'SIGTERM'), false);
  }

  #ask(signal: StopSignal): void {
    if (this.#reason !== undefined) {
      this.log?.warn({ signal }, 'stopped at once: what has not committed was not acknowledged and comes again');
      for (const each of SIGNALS) process.off(each, this.#onSignal);
      endBy(signal);
      return;
    }
    const text = `${signal}: ${this.#action}; once more stops at once`;
    this.log?.info({ signal }, text);
    this.#reason = { text, graceful: true, signal };
    this.#asked.abort();
  }

  /** Another process that writes to the same stdout has found that nobody reads it any more. */
  outputClosed(): void {
    this.#stdoutFailed({ name: 'Error', message: 'nobody reads it', code: 'EPIPE' });
  }

  #stdoutFailed(error: NodeJS.ErrnoException): void {
    this.#isStdoutClosed = true;
    if (this.#reason !== undefined) return;
    const text = `stdout cannot be written (${error.code ?? error.message}): stopping; what is not through comes again`;
    this.log?.warn({ code: error.code }, text);
    this.#reason = { text, graceful: false };
    this.#asked.abort();
  }
}

/** Ends this process as the signal does by default. The first process of a container is one that no signal ends by default: it exits. */
function endBy(signal: StopSignal): void {
  process.kill(process.pid, signal);
  if (process.pid === 1) process.exit(128 + constants.signals[signal]);
}
