/**
 * Calls a sink processor again and again. With an empty channel it waits until there is an event, but no longer than Flume does (one
 * second, then two, up to five): a sink may have work that depends on the time alone, such as a file to roll or a connection to renew.
 * After an error it waits five seconds, as Flume does.
 */

import { type Clock, sleep } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { nextLoop } from '../../core/machine.ts';
import type { SinkProcessor } from '../processors/processor.ts';
import type { SinkStatus } from '../sinks/sink.ts';

const AFTER_ERROR_MS = 5000;
/** How much longer each wait of an idle sink is than the one before, and the longest, in ms. */
const IDLE_STEP_MS = 1000;
const LONGEST_IDLE_MS = 5000;
/** How long a sink that is to stop may finish what it has begun, e.g. wait for an answer; then it is closed under it, in ms. */
const GRACE_MS = 10_000;

/** What a runner needs. */
export interface SinkRunnerParts {
  readonly name: string;
  readonly processor: SinkProcessor;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The loop around a sink processor. */
export class SinkRunner {
  readonly #parts: SinkRunnerParts;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #problem: string | undefined;

  constructor(parts: SinkRunnerParts) {
    this.#parts = parts;
  }

  /** Why what it did last has failed; undefined: it has not. */
  get problem(): string | undefined {
    return this.#problem;
  }

  async start(): Promise<void> {
    await this.#parts.processor.start();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    const done = new AbortController();
    await Promise.race([this.#running, sleep(this.#parts.clock, GRACE_MS, done.signal)]);
    done.abort();
    await this.#parts.processor.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { processor, clock, log, name } = this.#parts;
    const signal = this.#stop.signal;
    const pause = new Pause(processor, clock, signal);
    while (!signal.aborted) {
      let status: SinkStatus;
      let dueMs: number | undefined;
      try {
        status = await processor.process(signal);
        if (status === 'backoff' && !signal.aborted) dueMs = await processor.idle();
        this.#problem = undefined;
      } catch (error) {
        if (signal.aborted) return;
        this.#problem = messageOf(error);
        log.error({ sink: name, cause: this.#problem }, `sink ${name}: Unable to deliver event. ${this.#problem}`);
        await sleep(clock, AFTER_ERROR_MS, signal);
        continue;
      }
      if (status === 'backoff') await pause.wait(dueMs);
      else await pause.breathe();
    }
  }
}

/** The pauses between the calls of a processor. */
class Pause {
  readonly #processor: SinkProcessor;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  /** Calls in a row that found nothing. */
  #idle = 0;
  /** Of these, how many came right after an event was there: another sink of the channel had it, or this one does not want it now. */
  #inVain = 0;
  #woken = false;

  constructor(processor: SinkProcessor, clock: Clock, signal: AbortSignal) {
    this.#processor = processor;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** After a call that found nothing. @param dueMs when something is due by the time alone, in ms from now */
  async wait(dueMs = Number.POSITIVE_INFINITY): Promise<void> {
    this.#idle++;
    this.#inVain = this.#woken ? this.#inVain + 1 : 0;
    // An event that is there and is not taken would wake it for ever, without a pause.
    if (this.#inVain > 0) await sleep(this.#clock, Math.min(2 ** this.#inVain, LONGEST_IDLE_MS), this.#signal);
    const ms = Math.min(this.#idle * IDLE_STEP_MS, LONGEST_IDLE_MS, dueMs);
    this.#woken = await this.#processor.available(ms, this.#signal);
  }

  /** After a call that found something: sinks may go round without any real waiting; sockets and timers must have their turn. */
  async breathe(): Promise<void> {
    this.#idle = 0;
    this.#inVain = 0;
    this.#woken = false;
    await nextLoop();
  }
}
