/** What a stop that did not commit everything gives back. Somebody who stops a job must learn what it leaves: it comes again, if it came from where things can be sent again. */
import type { EventBus } from '../core/events.ts';
import type { Logger } from '../core/log.ts';

/** What a stop that did not commit everything gives back. */
export class GivenBack {
  readonly #log: Logger;
  readonly #events: EventBus;
  #givenEvents = 0;
  #givenBatches = 0;

  constructor(log: Logger, events: EventBus) {
    this.#log = log;
    this.#events = events;
  }

  /** Counts what goes back. @param batches those that had begun */
  count(events: number, batches: number): void {
    this.#givenEvents += events;
    this.#givenBatches += batches;
  }

  /** Tells of all of it, when there is something. @param reason why the job stops */
  report(reason: string): void {
    const events = this.#givenEvents;
    const batches = this.#givenBatches;
    if (events === 0 && batches === 0) return;
    const what = `${events} events, ${batches} of their batches begun, were given back uncommitted`;
    this.#log.warn({ reason, events, batches }, `${reason}: ${what}`);
    this.#events.next({ type: 'givenBack', reason, events, batches });
  }
}
