/**
 * One bound on the memory for requests that have not arrived whole, over all connections of a server.
 *
 * Up to half of it everybody may read on. Above that, a connection whose request wants little more may still finish it, and the
 * one that began first may finish whatever it has: so there is always one that goes on, and what is held stays below the limit
 * and one frame. The others wait. While somebody waits, memory must not lie with peers that do not use it: a connection whose
 * peer sends next to nothing for a second is closed, and when somebody has waited for two seconds, those that wait and want most are
 * closed. Flume's sinks send again what was not answered.
 */
import type { Clock, Timer } from '../core/clock.ts';

/** What the budget asks of a connection. */
export interface BudgetPeer {
  /** It may go on reading. */
  resume(): void;
  /** Whether it is only the peer that keeps its request from growing. */
  waitsForPeer(): boolean;
  /** Its memory is wanted by others. */
  close(reason: string): void;
}

/** One connection's share. */
export interface BudgetShare {
  /**
   * Says what this connection holds now, and what its request wants still, in bytes.
   * @returns whether it may go on reading
   */
  hold(bytes: number, wanted: number): boolean;
  /** Gives everything back; the connection is gone. */
  release(): void;
}

interface Holder {
  readonly peer: BudgetPeer;
  bytes: number;
  wanted: number;
  waiting: boolean;
  /** When it began to wait, in ms of the clock. */
  waitingSince: number;
  /** When it had last got a good piece on, and how much it held then. */
  movedAt: number;
  movedBytes: number;
}

const LOOK_EVERY_MS = 250;
/** A peer that sends less than this much in this time does not use its memory. */
const LEAST_BYTES = 4096;
const LEAST_BYTES_WITHIN_MS = 1000;
const LONGEST_WAIT_MS = 2000;

/** A budget of bytes. */
export class MemoryBudget {
  readonly limit: number;
  readonly #clock: Clock;
  readonly #readAhead: number;
  #used = 0;
  /** In the order in which they began to hold something. */
  readonly #holders = new Set<Holder>();
  #waiting = 0;
  #timer: Timer | undefined;

  /**
   * @param limit bytes over all shares
   * @param readAhead bytes that the system reads of a connection that waits, besides
   */
  constructor(limit: number, clock: Clock, readAhead = 0) {
    this.limit = limit;
    this.#clock = clock;
    this.#readAhead = readAhead;
  }

  /** The bytes that are held now. */
  get used(): number {
    return this.#used;
  }

  /** The share of a new connection. */
  share(peer: BudgetPeer): BudgetShare {
    const holder = { peer, bytes: 0, wanted: 0, waiting: false, waitingSince: 0, movedAt: 0, movedBytes: 0 };
    return {
      hold: (bytes, wanted) => this.#hold(holder, bytes, wanted),
      release: () => void this.#hold(holder, 0, 0),
    };
  }

  #hold(holder: Holder, bytes: number, wanted: number): boolean {
    if (bytes === 0 && holder.bytes === 0) return true;
    this.#used += bytes - holder.bytes;
    holder.bytes = bytes;
    holder.wanted = wanted;
    if (bytes === 0) this.#holders.delete(holder);
    else if (!this.#holders.has(holder)) {
      this.#holders.add(holder);
      this.#moved(holder);
    } else if (bytes < holder.movedBytes || bytes - holder.movedBytes >= LEAST_BYTES) this.#moved(holder);
    this.#wait(holder, bytes > 0 && !this.#mayGoOn(holder));
    if (this.#waiting > 0) this.#wake();
    return !holder.waiting;
  }

  #moved(holder: Holder): void {
    holder.movedAt = this.#clock.now();
    holder.movedBytes = holder.bytes;
  }

  #wait(holder: Holder, waiting: boolean): void {
    if (holder.waiting === waiting) return;
    holder.waiting = waiting;
    this.#waiting += waiting ? 1 : -1;
    if (!waiting) return;
    holder.waitingSince = this.#clock.now();
    this.#timer ??= this.#clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  /** With what is read of the connections that wait. */
  get #isOverHalf(): boolean {
    return this.#used + this.#waiting * this.#readAhead > this.limit / 2;
  }

  #mayGoOn(holder: Holder): boolean {
    const half = this.limit / 2;
    if (!this.#isOverHalf || holder.wanted <= half / this.#holders.size) return true;
    const [oldest] = this.#holders;
    return oldest === holder;
  }

  #wake(): void {
    for (const holder of this.#holders) {
      if (!holder.waiting || !this.#mayGoOn(holder)) continue;
      this.#wait(holder, false);
      holder.peer.resume();
    }
  }

  /** Somebody waits: memory is taken from those who do not use it. */
  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.now();
    const byBytes = [...this.#holders].sort((a, b) => b.bytes - a.bytes);
    for (const holder of byBytes) {
      if (!this.#isOverHalf) break;
      if (now - holder.movedAt < LEAST_BYTES_WITHIN_MS || !holder.peer.waitsForPeer()) continue;
      this.#close(holder, 'others wait for the memory of its unfinished request, and it sends next to nothing');
    }
    this.#makeRoom(now);
    if (this.#waiting > 0) this.#timer ??= this.#clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  /**
   * Somebody has waited for too long: for the one that wants least, those that want most are closed, no more than half of them at
   * once. The one that began first is left: it goes on.
   */
  #makeRoom(now: number): void {
    const waiting = [...this.#holders].filter((holder) => holder.waiting).sort((a, b) => b.wanted - a.wanted);
    if (!waiting.some(({ waitingSince }) => now - waitingSince >= LONGEST_WAIT_MS)) return;
    const least = waiting.pop();
    const [oldest] = this.#holders;
    for (const holder of waiting.slice(0, Math.ceil(waiting.length / 2))) {
      if (least?.waiting !== true) return;
      if (holder !== oldest) this.#close(holder, 'others wait for memory, and its request wants most');
    }
  }

  #close(holder: Holder, why: string): void {
    holder.peer.close(`the memory for unfinished requests is used up (maxPartialBytes: ${this.limit}): ${why}`);
  }
}
