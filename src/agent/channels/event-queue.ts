/** Events in memory in the order of their numbers: put at the end, taken from the front, and returned to the front. */
import { returnToHead, type Taken } from './transaction.ts';

/** How many used-up places at the front of the queue are kept before it is moved together. */
const COMPACT_AT = 4096;

/** A queue of events. */
export class EventQueue {
  #queue: Taken[] = [];
  #front = 0;
  /** Those that were returned, the next one last. */
  #head: Taken[] = [];

  /** The next event. */
  get first(): Taken | undefined {
    return this.#head.at(-1) ?? this.#queue[this.#front];
  }

  /** @param event with a higher number than all before */
  push(event: Taken): void {
    this.#queue.push(event);
  }

  /** Takes the next event. */
  take(): Taken | undefined {
    const returned = this.#head.pop();
    if (returned !== undefined) return returned;
    const next = this.#queue[this.#front];
    if (next === undefined) return undefined;
    this.#front++;
    if (this.#front >= COMPACT_AT && this.#front * 2 >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#front);
      this.#front = 0;
    }
    return next;
  }

  /** @param events that were taken, ascending */
  restore(events: readonly Taken[]): void {
    returnToHead(this.#head, events);
  }
}
