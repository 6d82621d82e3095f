/**
 * What a spillable memory channel has in memory: events by their numbers, and how much of its bounds they use. An event counts until its
 * take has committed, and is here until then, so that a stop can put on disk what was taken and not delivered.
 */
import { getHeapStatistics } from 'node:v8';
import type { PlainEvent } from '../../../core/event.ts';
import { EventQueue } from '../event-queue.ts';
import type { Taken } from '../transaction.ts';

/** What events, or the room for them, use of the bounds. */
export interface Use {
  readonly events: number;
  /** Bytes of bodies, in slots of avgEventSize. */
  readonly slots: number;
}

/** The bounds. */
export interface MemoryBounds extends Use {
  /** Bytes of a slot. */
  readonly slotBytes: number;
}

/**
 * How many slots there are.
 * @param bytes byteCapacity; 0: no limit, undefined: 80 % of the heap limit
 * @param buffer per cent of it that are kept for headers
 */
export function slotsOf(bytes: number | undefined, buffer: number, slotBytes: number): number {
  if (bytes === 0) return Number.POSITIVE_INFINITY;
  const capacity = bytes ?? getHeapStatistics().heap_size_limit * 0.8;
  return Math.max(1, Math.floor((capacity * (1 - buffer / 100)) / slotBytes));
}

/** The events in memory. */
export class MemoryEvents {
  readonly #bounds: MemoryBounds;
  #queue = new EventQueue();
  /** All of them by number: those that wait and those that were taken. */
  #all = new Map<number, Taken>();
  #used = 0;
  #usedSlots = 0;

  constructor(bounds: MemoryBounds) {
    this.#bounds = bounds;
  }

  /** Events and reserved room, in events. */
  get used(): number {
    return this.#used;
  }

  /** The next event to take. */
  get first(): Taken | undefined {
    return this.#queue.first;
  }

  /** All, also those that were taken, in their order. */
  get all(): Taken[] {
    return [...this.#all.values()].sort((a, b) => a.seq - b.seq);
  }

  /** How much room events need. */
  useOf(events: readonly PlainEvent[]): Use {
    const { slotBytes } = this.#bounds;
    let slots = 0;
    for (const { body } of events) slots += Math.max(1, Math.ceil(body.length / slotBytes));
    return { events: events.length, slots };
  }

  /** Whether so much fits when nothing else is here. */
  canHold({ events, slots }: Use): boolean {
    return events <= this.#bounds.events && slots <= this.#bounds.slots;
  }

  /** Takes room, if it is there. */
  reserve({ events, slots }: Use): boolean {
    const { events: most, slots: mostSlots } = this.#bounds;
    if (events > 0 && this.#used + events > most) return false;
    if (slots > 0 && this.#usedSlots + slots > mostSlots) return false;
    this.#used += events;
    this.#usedSlots += slots;
    return true;
  }

  /** Gives room back. */
  release({ events, slots }: Use): void {
    this.#used -= events;
    this.#usedSlots -= slots;
  }

  /** Adds events for which room was taken. @param first the number of the first, higher than all before */
  add(events: readonly PlainEvent[], first: number): void {
    events.forEach((event, i) => {
      const added = { seq: first + i, event };
      this.#queue.push(added);
      this.#all.set(added.seq, added);
    });
  }

  take(): Taken | undefined {
    return this.#queue.take();
  }

  /** Whether it is one of these, waiting or taken. */
  has({ seq }: Taken): boolean {
    return this.#all.has(seq);
  }

  /** Their take has committed; their room is not given back by this. */
  remove(taken: readonly Taken[]): void {
    for (const { seq } of taken) this.#all.delete(seq);
  }

  /** Their take was rolled back. @param taken ascending */
  restore(taken: readonly Taken[]): void {
    this.#queue.restore(taken);
  }

  /** Forgets all of it. */
  clear(): void {
    this.#queue = new EventQueue();
    this.#all = new Map();
    this.#used = 0;
    this.#usedSlots = 0;
  }
}
