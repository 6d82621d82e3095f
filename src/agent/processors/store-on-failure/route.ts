/**
 * What the sink of a store_on_failure group takes from: its own channel, or the spill on disk. Every transaction goes by the
 * one that is chosen at its beginning; those who wait for events are told of a change.
 */
import type { Clock } from '../../../core/clock.ts';
import type { PlainEvent } from '../../../core/event.ts';
import type { Channel, Transaction, TransactionState } from '../../channels/channel.ts';
import { Waiters } from '../../channels/waiters.ts';

/** Which of the two. */
export type Way = 'direct' | 'spill';

/** What a route is made of. */
export interface RouteParts {
  readonly direct: Channel;
  readonly spill: Channel;
  readonly clock: Clock;
  /** A transaction with takes has ended. @param delivered whether they were delivered, or given back */
  readonly onEnd: (way: Way, delivered: boolean) => void;
}

/** The channel of the sink. */
export class Route implements Channel {
  readonly #parts: RouteParts;
  readonly #switches: Waiters;
  #way: Way = 'direct';
  #openDirect = 0;
  #directTakes = 0;

  constructor(parts: RouteParts) {
    this.#parts = parts;
    this.#switches = new Waiters(parts.clock);
  }

  /** Where transactions that begin now take from. */
  get way(): Way {
    return this.#way;
  }

  /** Transactions on the sink's own channel that hold events. */
  get openDirect(): number {
    return this.#openDirect;
  }

  /** How many transactions ever took from the sink's own channel. */
  get directTakes(): number {
    return this.#directTakes;
  }

  get transactionCapacity(): number {
    return this.#parts.direct.transactionCapacity;
  }

  get size(): number {
    return this.#parts.direct.size + this.#parts.spill.size;
  }

  switchTo(way: Way): void {
    this.#way = way;
    this.#switches.wake();
  }

  /** The processor starts and stops what is behind. */
  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  transaction(): Transaction {
    return new RoutedTransaction(this);
  }

  async available(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const { clock } = this.#parts;
    const deadline = clock.now() + timeoutMs;
    while (signal?.aborted !== true) {
      const way = this.#way;
      const found = await this.#availableBy(way, deadline - clock.now(), signal);
      if (way === this.#way) return found;
    }
    return false;
  }

  async whenEmpty(signal?: AbortSignal): Promise<void> {
    await this.#parts.direct.whenEmpty(signal);
    await this.#parts.spill.whenEmpty(signal);
  }

  /** Begins a transaction by the way of now. */
  beginNow(): { readonly way: Way; readonly inner: Transaction } {
    const way = this.#way;
    const inner = this.#parts[way].transaction();
    inner.begin();
    return { way, inner };
  }

  /** A transaction that refuses every use. */
  unbegun(): Transaction {
    return this.#parts.direct.transaction();
  }

  /** A transaction has its first event. */
  took(way: Way): void {
    if (way === 'spill') return;
    this.#openDirect++;
    this.#directTakes++;
  }

  /** A transaction that has taken is over. */
  ended(way: Way, delivered: boolean): void {
    if (way === 'direct') this.#openDirect--;
    this.#parts.onEnd(way, delivered);
  }

  async #availableBy(way: Way, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const round = new AbortController();
    const end = (): void => round.abort();
    signal?.addEventListener('abort', end, { once: true });
    try {
      return await Promise.race([
        this.#parts[way].available(timeoutMs, round.signal),
        this.#switches.wait(() => this.#way !== way, timeoutMs, round.signal),
      ]);
    } finally {
      signal?.removeEventListener('abort', end);
      round.abort();
    }
  }
}

class RoutedTransaction implements Transaction {
  readonly #route: Route;
  #begun: { readonly way: Way; readonly inner: Transaction } | undefined;
  #taken = 0;

  constructor(route: Route) {
    this.#route = route;
  }

  get state(): TransactionState {
    return this.#begun?.inner.state ?? 'new';
  }

  begin(): void {
    // The state of the one below refuses a second begin.
    if (this.#begun !== undefined) this.#begun.inner.begin();
    else this.#begun = this.#route.beginNow();
  }

  put(event: PlainEvent): void {
    this.#now.inner.put(event);
  }

  take(): PlainEvent | undefined {
    const { way, inner } = this.#now;
    const event = inner.take();
    if (event !== undefined && this.#taken++ === 0) this.#route.took(way);
    return event;
  }

  async commit(): Promise<void> {
    const { way, inner } = this.#now;
    await inner.commit();
    if (this.#taken > 0) this.#route.ended(way, true);
  }

  rollback(): Promise<void> {
    const { way, inner } = this.#now;
    const done = inner.rollback();
    if (this.#taken > 0) this.#route.ended(way, false);
    return done;
  }

  close(): void {
    this.#begun?.inner.close();
  }

  get #now(): { readonly way: Way; readonly inner: Transaction } {
    // One that was not begun refuses the call in its own words.
    return this.#begun ?? { way: this.#route.way, inner: this.#route.unbegun() };
  }
}
