/** What follows when a batch has failed: it is run again after a pause that grows, or it has failed for good and stops the job. */
import { type Clock, sleep } from '../core/clock.ts';
import { errorLine, messageOf, StreamjobError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import type { Reliability } from '../core/reliability.ts';
import type { Batch } from './batch/batch.ts';

/** What is decided by. */
export interface RetrySettings {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onFailure: 'retry' | 'stop';
  /** How often a failed batch is run again. Infinity: for ever. */
  readonly maxRetries: number;
  readonly reliability: Reliability;
}

/** Before the second attempt, in ms; each pause is twice as long as the one before. */
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;

/** How long to wait before what has failed is tried again, in ms. @param attempt the one that failed, from 1 */
export function retryPauseMs(attempt: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
}

/** What follows when a batch has failed. */
export class Retry {
  readonly #settings: RetrySettings;
  #waiting: { readonly time: number; readonly attempts: number } | undefined;

  constructor(settings: RetrySettings) {
    this.#settings = settings;
  }

  /** The batch that has failed and is run again, with how often it has failed. */
  get waiting(): { readonly time: number; readonly attempts: number } | undefined {
    return this.#waiting;
  }

  /**
   * Whether a batch that failed may be run again.
   * @param attempt the one that failed, from 1
   */
  allows(attempt: number, error: unknown): boolean {
    const { maxRetries, onFailure } = this.#settings;
    const hopeless = error instanceof StreamjobError && !error.canRetry;
    return onFailure === 'retry' && !hopeless && attempt <= maxRetries;
  }

  /** Resolves when the next attempt is to begin, or when the batch is given up. */
  async pause(batch: Batch, attempt: number, error: unknown): Promise<void> {
    const { clock, log } = this.#settings;
    const retryInMs = retryPauseMs(attempt);
    log.error(
      { batch: batch.time, attempt, retryInMs, err: error },
      `batch ${batch.time} failed (attempt ${attempt}), it is run again in ${retryInMs} ms: ${errorLine(error)}`,
    );
    this.#waiting = { time: batch.time, attempts: attempt };
    await sleep(clock, retryInMs, batch.givenUp);
  }

  /** The batch is over. */
  end(): void {
    this.#waiting = undefined;
  }

  /** The error that stops the job. @param attempt how often the batch was run */
  fatal(batch: Batch, attempt: number, cause: unknown): StreamjobError {
    const own = cause instanceof StreamjobError ? cause : undefined;
    const why = own === undefined ? messageOf(cause) : `${own.code}: ${own.message}`;
    const mayRetry = this.#settings.onFailure === 'stop' && own?.canRetry !== false;
    const remedies = [
      own?.hint,
      this.#whatBecomes(),
      mayRetry ? 'onFailure: "retry" runs a failed batch again' : undefined,
    ];
    const times = attempt === 1 ? 'once' : `${attempt} times`;
    return new StreamjobError('BATCH_FAILED', `batch ${batch.time} failed ${times}: ${why}`, {
      where: own?.where ?? `batch ${batch.time}`,
      hint: remedies.filter((each) => each !== undefined).join('; '),
      cause,
    });
  }

  /** Of the events of a batch that failed for good. */
  #whatBecomes(): string {
    switch (this.#settings.reliability) {
      case 'end-to-end':
        return 'nothing of the batch was acknowledged: mend the cause and start again';
      case 'store-on-failure':
        return 'its events are in the write-ahead log: mend the cause and start again, and they are run again';
      case 'best-effort':
        return "mend the cause and start again; at 'best-effort' what the batch held is lost";
    }
  }
}
