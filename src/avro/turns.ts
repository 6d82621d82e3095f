/**
 * What may be done between two turns of the event loop, over all connections of a server: a peer that sends requests by the ten
 * thousand, on one connection or on many, must not keep timers and other peers waiting.
 */
import { soon } from '../core/machine.ts';

/** What looking at a piece of what was read costs, and a request on top of it: about a microsecond each. */
const MOST_UNITS = 5000;

/** The work that is left of this turn. */
export class Turns {
  #left = MOST_UNITS;
  #waiting: (() => void)[] = [];

  /** Whether there is something left. */
  get isOpen(): boolean {
    return this.#left > 0;
  }

  /** Something was done. @param units microseconds of it, about */
  spend(units: number): void {
    if (this.#left <= 0) return;
    this.#left -= units;
    if (this.#left <= 0) soon(() => this.#next());
  }

  /** Calls `go` in a later turn, when its time has come; only to be called while nothing is left. */
  wait(go: () => void): void {
    this.#waiting.push(go);
  }

  #next(): void {
    this.#left = MOST_UNITS;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const [at, go] of waiting.entries()) {
      if (this.#left <= 0) {
        this.#waiting.unshift(...waiting.slice(at));
        return;
      }
      go();
    }
  }
}
