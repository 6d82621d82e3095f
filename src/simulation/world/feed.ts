/**
 * What a fake Flume has in its channel: events that come over time, taken in batches, put back in order when they were not delivered.
 * It stands for a channel that never loses anything; the fakes' processes may be killed all the same.
 */
import type { PlainEvent } from '../../core/event.ts';
import type { Events, Made } from './events.ts';

/** A channel of a fake Flume. */
export class Feed {
  readonly name: string;
  readonly #events: Events;
  #waiting: Made[] = [];
  #made = 0;

  constructor(name: string, events: Events) {
    this.name = name;
    this.#events = events;
  }

  /** How many events were made, and are not delivered. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** One more event. @param event as it is sent; left out: its id and key are its headers */
  add(event?: PlainEvent): Made {
    const made = this.#events.make(this.name, this.#made++, event);
    this.#waiting.push(made);
    return made;
  }

  /** Up to `most` of the oldest, which are not there any more until they are put back. */
  take(most: number): readonly Made[] {
    return this.#waiting.splice(0, most);
  }

  /** They were not delivered. */
  putBack(made: readonly Made[]): void {
    this.#waiting = [...made, ...this.#waiting];
  }
}

/** An event as it is sent: unless somebody says otherwise its id and key are headers, as an interceptor gives them. */
export function toEvent({ event, id, key, padding }: Made): PlainEvent {
  return event ?? { headers: { id, key }, body: Buffer.from(`${key} ${id}${' '.repeat(padding)}`) };
}
