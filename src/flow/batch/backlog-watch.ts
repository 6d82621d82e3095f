/**
 * Watches the backlog, and stops receivers while it is too large. It looks whenever something has changed; and when nothing changes,
 * because an output hangs, the clock makes it look.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import type { EventBus } from '../../core/events.ts';
import type { Logger } from '../../core/log.ts';
import type { ReadingGate } from '../receive/reading-gate.ts';
import type { Backlog, BacklogState } from './backlog.ts';

/** What is watched, and who is told. */
export interface BacklogWatchSettings {
  readonly backlog: Backlog;
  /** The backlog as it is now. */
  readonly state: () => BacklogState;
  readonly reading: ReadingGate;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventBus;
}

/** Watches the backlog, and stops receivers while it is too large. */
export class BacklogWatch {
  readonly #settings: BacklogWatchSettings;
  #overrun: Timer | undefined;
  #paused = false;

  constructor(settings: BacklogWatchSettings) {
    this.#settings = settings;
  }

  /** Something has changed. */
  look(): void {
    const { backlog, clock } = this.#settings;
    const state = this.#settings.state();
    const overload = backlog.overload(state, this.#paused);
    this.#overrun?.cancel();
    const overrunInMs = overload === undefined ? backlog.overrunInMs(state) : Number.POSITIVE_INFINITY;
    this.#overrun =
      overrunInMs === Number.POSITIVE_INFINITY
        ? undefined
        : clock.after(Math.max(0, overrunInMs) + 1, () => this.look());
    if ((overload !== undefined) !== this.#paused) this.#pause(overload);
  }

  stop(): void {
    this.#overrun?.cancel();
  }

  /** @param overload why; undefined: receivers read again */
  #pause(overload: string | undefined): void {
    const { events, log, reading } = this.#settings;
    this.#paused = overload !== undefined;
    if (overload !== undefined) {
      log.warn({ reason: overload }, `receivers stop reading: ${overload}`);
      events.next({ type: 'readingPaused', reason: overload });
    } else {
      log.info({}, 'receivers read again');
      events.next({ type: 'readingResumed' });
    }
    reading.setAll('backlog', this.#paused);
  }
}
