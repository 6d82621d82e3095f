/** Deliveries that wait for their batch, oldest first, with one timer for the oldest: each may be held only so long. */
import type { Clock, Timer } from '../../core/clock.ts';
import type { HeldOfPeer } from './receiver.ts';

interface Entry<T> {
  readonly value: T;
  readonly since: number;
  /** Its time is over, but its batch is committing: it waits on without a limit. */
  expired: boolean;
}

/** Deliveries by their sequence numbers. */
export class HeldDeliveries<T> {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onExpired: (sequence: number) => void;
  readonly #entries = new Map<number, Entry<T>>();
  #timer: Timer | undefined;

  /** @param limitMs how long each may be held @param onExpired called once for each that was held longer */
  constructor(clock: Clock, limitMs: number, onExpired: (sequence: number) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#entries.size;
  }

  hold(sequence: number, value: T): void {
    this.#entries.set(sequence, {
      value,
      since: this.#clock.now(),
      expired: false,
    });
    if (this.#timer === undefined) this.#arm();
  }

  /** Takes one out. @returns it with the time since which it was held, in ms since the epoch */
  take(sequence: number): { readonly value: T; readonly since: number } | undefined {
    const entry = this.#entries.get(sequence);
    this.#entries.delete(sequence);
    return entry;
  }

  /** What each peer waits for. @param of the peer of a delivery, and how many events it has */
  byPeer(of: (value: T) => { readonly peer: string; readonly events: number }): HeldOfPeer[] {
    const held = new Map<string, HeldOfPeer>();
    for (const { value, since } of this.#entries.values()) {
      const { peer, events } = of(value);
      const before = held.get(peer);
      held.set(
        peer,
        before === undefined
          ? { peer, requests: 1, events, since }
          : { ...before, requests: before.requests + 1, events: before.events + events },
      );
    }
    return [...held.values()];
  }

  /** All sequence numbers, oldest first. */
  sequences(): number[] {
    return [...this.#entries.keys()];
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = undefined;
    for (const entry of this.#entries.values()) {
      if (entry.expired) continue;
      const left = entry.since + this.#limitMs - this.#clock.now();
      this.#timer = this.#clock.after(Math.max(0, left), () => this.#expire());
      return;
    }
  }

  #expire(): void {
    const limit = this.#clock.now() - this.#limitMs;
    for (const [sequence, entry] of [...this.#entries]) {
      if (entry.since > limit) break;
      if (entry.expired) continue;
      entry.expired = true;
      this.#onExpired(sequence);
    }
    this.#arm();
  }
}
