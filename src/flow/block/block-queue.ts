/** Second step: what has arrived and is in no batch yet, in the order of arrival, per receiver. */
import type { AckToken, Arrival } from '../receive/receiver.ts';

/** Arrivals of a batch, by the receiver's id. */
export type Blocks = ReadonlyMap<number, readonly Arrival[]>;

/** The queue. Its bound is the backlog's: receivers are not read any more before it grows too long. */
export class BlockQueue {
  #waiting = new Map<number, Map<number, Arrival>>();
  #events = 0;
  #bytes = 0;

  get events(): number {
    return this.#events;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  add(arrival: Arrival): void {
    const { receiver, sequence } = arrival.token;
    let ofReceiver = this.#waiting.get(receiver);
    if (ofReceiver === undefined) {
      ofReceiver = new Map();
      this.#waiting.set(receiver, ofReceiver);
    }
    ofReceiver.set(sequence, arrival);
    this.#events += arrival.events.count;
    this.#bytes += arrival.bytes;
  }

  /** Drops one that no batch has taken. False: it is not here. */
  remove({ receiver, sequence }: AckToken): boolean {
    const ofReceiver = this.#waiting.get(receiver);
    const arrival = ofReceiver?.get(sequence);
    if (ofReceiver === undefined || arrival === undefined) return false;
    ofReceiver.delete(sequence);
    if (ofReceiver.size === 0) this.#waiting.delete(receiver);
    this.#events -= arrival.events.count;
    this.#bytes -= arrival.bytes;
    return true;
  }

  /** Takes everything for a batch. */
  takeAll(): Blocks {
    const taken = new Map<number, readonly Arrival[]>();
    for (const [receiver, arrivals] of this.#waiting) taken.set(receiver, [...arrivals.values()]);
    this.#waiting = new Map();
    this.#events = 0;
    this.#bytes = 0;
    return taken;
  }
}
