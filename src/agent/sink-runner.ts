/**
 * Calls a sink processor again and again. With an empty channel it waits until there is an event (Flume looks every one
 * to five seconds, which adds as much latency); after an error it waits five seconds, as Flume does.
 */
import { type Clock, sleep } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { SinkProcessor } from './processors/processor.ts';
import type { SinkStatus } from './sinks/sink.ts';

const AFTER_ERROR_MS = 5000;

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

  constructor(parts: SinkRunnerParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    await this.#parts.processor.start();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#parts.processor.stop();
  }

  async #run(): Promise<void> {
    const { processor, clock, log, name } = this.#parts;
    const signal = this.#stop.signal;
    while (!signal.aborted) {
      let status: SinkStatus;
      try {
        status = await processor.process(signal);
      } catch (error) {
        if (signal.aborted) return;
        log.error(
          { sink: name, cause: messageOf(error) },
          `sink ${name}: Unable to deliver event. ${messageOf(error)}`,
        );
        await sleep(clock, AFTER_ERROR_MS, signal);
        continue;
      }
      if (status === 'backoff') await processor.available(signal);
      // Sinks may go round without any real waiting; sockets and timers must have their turn.
      else await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
}
