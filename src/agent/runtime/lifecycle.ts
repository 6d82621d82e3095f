/**
 * Starts the components of an agent, group after group, and stops them in the reverse order. A stop has an end, whatever a component
 * does: one that does not stop in time is reported and left behind, and the stop goes on with the others.
 */

import { type Clock, sleep } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { every } from '../../core/machine.ts';

/** What is started and stopped. */
export interface Part {
  /** For people, e.g. `source r1`. */
  readonly what: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A component that did not start. */
export interface Failure {
  readonly part: Part;
  readonly error: unknown;
}

/** How long the components of one group, which are stopped together, may take, in ms. */
export const STOP_TIMEOUT_MS = 30_000;
/** An interval that does nothing needs no turn: this is the longest that Node's timers take. */
const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/** Starts and stops groups of components: for an agent its channels, then its sinks, then its sources. */
export class Lifecycle {
  #groups: readonly (readonly Part[])[];
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #abort = new AbortController();
  readonly #started = new Set<Part>();
  readonly #unstopped: string[] = [];
  #letGo: (() => void) | undefined;
  #stopping: Promise<void> | undefined;
  /** Components that are stopped since they are in no group any more. */
  #leaving: Promise<unknown> = Promise.resolve();

  constructor(groups: readonly (readonly Part[])[], clock: Clock, log: Logger) {
    this.#groups = groups;
    this.#clock = clock;
    this.#log = log;
  }

  /** Aborts when a stop begins. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** What did not stop in time. */
  get unstopped(): readonly string[] {
    return this.#unstopped;
  }

  /**
   * Starts all, one after the other. From here to the stop the process does not end by itself: components that have nothing to do, such
   * as a source that is at its end, hold no socket and no timer, and Node would end the process under those who wait.
   * @throws what a component threw; those before it run on until `stop`
   */
  async start(): Promise<void> {
    this.#hold();
    for (const part of this.#groups.flat()) {
      if (this.signal.aborted) return;
      await this.#startPart(part);
    }
  }

  /** Whether it has been started, and not been stopped. */
  isStarted(part: Part): boolean {
    return this.#started.has(part);
  }

  /**
   * As {@link start}, of those that are not started yet, and going on when one fails; a failure in the first group (channels) keeps the
   * groups behind it from starting.
   * @returns those that failed
   */
  async tryStart(): Promise<readonly Failure[]> {
    this.#hold();
    const failures: Failure[] = [];
    for (const [i, group] of this.#groups.entries()) {
      for (const part of group) {
        if (this.signal.aborted) return failures;
        if (this.#started.has(part)) continue;
        try {
          await this.#startPart(part);
        } catch (error) {
          failures.push({ part, error });
        }
      }
      if (i === 0 && failures.length > 0) break;
    }
    return failures;
  }

  /** Goes over to other groups: what is started and in none of them is stopped, last group first. Nothing is started. */
  async leaveFor(groups: readonly (readonly Part[])[]): Promise<void> {
    if (this.signal.aborted) return;
    const staying = new Set(groups.flat());
    const going = this.#groups.map((group) => group.filter((part) => this.#started.has(part) && !staying.has(part)));
    this.#groups = groups;
    const errors: unknown[] = [];
    const leave = async (): Promise<void> => {
      for (const group of going.reverse()) {
        await Promise.all(group.map((part) => this.#stopPart(part, errors)));
        for (const part of group) this.#started.delete(part);
      }
    };
    this.#leaving = leave();
    await this.#leaving;
    for (const error of errors)
      this.#log.error({ cause: messageOf(error) }, `a component failed as it was stopped: ${messageOf(error)}`);
  }

  #hold(): void {
    if (!this.signal.aborted) this.#letGo ??= every(LONGEST_INTERVAL_MS, () => {});
  }

  async #startPart(part: Part): Promise<void> {
    await part.start();
    // A stop came while it started, and did not know of it.
    if (this.signal.aborted) return await part.stop();
    this.#started.add(part);
  }

  /**
   * Stops what was started, last group first; more calls wait for the first.
   * @throws the error of the one component that failed, or an AggregateError of all
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#abort.abort();
    await this.#leaving;
    const errors: unknown[] = [];
    for (const group of [...this.#groups].reverse()) {
      await Promise.all(group.filter((part) => this.#started.has(part)).map((part) => this.#stopPart(part, errors)));
    }
    this.#letGo?.();
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) throw new AggregateError(errors, `${errors.length} errors while stopping`);
  }

  async #stopPart(part: Part, errors: unknown[]): Promise<void> {
    const done = new AbortController();
    const stopped = part.stop().then(
      () => true,
      (error: unknown) => {
        errors.push(error);
        return true;
      },
    );
    const inTime = await Promise.race([stopped, sleep(this.#clock, STOP_TIMEOUT_MS, done.signal).then(() => false)]);
    done.abort();
    if (inTime) return;
    this.#unstopped.push(part.what);
    this.#log.error(
      { component: part.what },
      `${part.what} did not stop within ${STOP_TIMEOUT_MS / 1000} s and is left behind; what it had not committed stays in its channel`,
    );
  }
}
