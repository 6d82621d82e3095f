/** All events of a simulation by their ids: who made them, who was told "delivered" of them, and when. */

import type { PlainEvent } from '../../core/event.ts';

/** An event. */
export interface Made {
  readonly id: string;
  readonly key: string;
  /** Who sends it: `flume0`. */
  readonly by: string;
  /** In ms of simulated time; undefined: nobody was told. */
  acknowledgedAt: number | undefined;
  /** Whether the level promises nothing for it: it lay in the memory of a process that was killed. */
  forfeited: boolean;
  /** The agent that told its application that it has it. */
  takenBy: string | undefined;
  /** How long its body is beside its key and id, in bytes. */
  readonly padding: number;
  /** How often it was sent to the job by a fake Flume; agents send in their own ways. */
  sent: number;
  /** As it is sent, where whoever made it says so. */
  readonly event: PlainEvent | undefined;
}

const KEYS = ['a', 'b', 'c', 'd', 'e'];

/** All events by their ids. */
export class Events {
  readonly all: Map<string, Made> = new Map();
  readonly #now: () => number;
  readonly #onAcknowledged: (made: Made) => void;
  readonly #padding: number;
  #acknowledged = 0;

  /**
   * @param onAcknowledged called when somebody is told of an event for the first time
   * @param padding how long bodies are beside their keys and ids, in bytes
   */
  constructor(now: () => number, onAcknowledged: (made: Made) => void, padding = 0) {
    this.#padding = padding;
    this.#now = now;
    this.#onAcknowledged = onAcknowledged;
  }

  /** How many somebody was told of. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** A new one. @param event as it is sent; left out: its id and key are its headers */
  make(by: string, number: number, event?: PlainEvent): Made {
    const id = `${by}-${number}`;
    const key = KEYS[number % KEYS.length] ?? 'a';
    const made: Made = {
      id,
      key,
      by,
      acknowledgedAt: undefined,
      forfeited: false,
      takenBy: undefined,
      padding: this.#padding,
      sent: 0,
      event,
    };
    this.all.set(id, made);
    return made;
  }

  /** Its sender was told that it is delivered, by the job itself. */
  tell(id: string): void {
    const made = this.all.get(id);
    if (made === undefined || made.acknowledgedAt !== undefined) return;
    made.acknowledgedAt = this.#now();
    this.#acknowledged++;
    this.#onAcknowledged(made);
  }

  /** How many events of each key the job itself has acknowledged. */
  acknowledgedByKey(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { acknowledgedAt, key } of this.all.values()) {
      if (acknowledgedAt !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return counts;
  }
}
