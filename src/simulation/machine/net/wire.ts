/**
 * One direction of a connection: bytes that one side wrote, on their way, and arrived but not read. They come in their order, in
 * pieces and after delays of the seed; between two connections there is no order. The window bounds what is under way.
 */
import type { Random } from '../random.ts';

/** How the way between two hosts is. */
export interface LinkQuality {
  /** How long a piece takes, in ms: between the two numbers. */
  readonly delay: readonly [number, number];
  /** How many bytes of one connection get through in a ms, at most. */
  readonly bytesPerMs: number;
  /** How often a piece takes much longer, as one does that is sent again, and how long then at most, in ms. */
  readonly late: { readonly chance: number; readonly ms: number };
}

/** What comes out of the wire, in order. */
export type Arrival =
  /** The other side's kernel has taken the connection. */
  | { readonly kind: 'accepted' }
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** The other side has ended its direction. */
  | { readonly kind: 'end' }
  /** The other side has broken the connection off. */
  | { readonly kind: 'reset' };

/** Bytes under way and not read, of one direction, after which its writer has to wait. */
const WINDOW_BYTES: number = 256 * 1024;
/** A piece is never larger. */
const MOST_PIECE_BYTES = 64 * 1024;
/** How many pieces a write becomes, at most, beside those that are too large. */
const MOST_CUTS = 3;

/** What a wire needs of its surroundings. */
export interface WireParts {
  readonly random: Random;
  readonly quality: () => LinkQuality;
  readonly now: () => number;
  /** Brings something to the other side, so many ms from now. */
  readonly send: (ms: number, arrival: Arrival) => void;
}

/** One direction of a connection. */
export class Wire {
  readonly #parts: WireParts;
  /** When the last piece arrives, in ms of simulated time. */
  #last = 0;
  /** Written and not read by the other side, in bytes. */
  #unread = 0;
  /** How many pieces have not come to the other side's kernel. */
  underWay = 0;

  constructor(parts: WireParts) {
    this.#parts = parts;
  }

  /** Whether the writer may go on. */
  get hasRoom(): boolean {
    return this.#unread < WINDOW_BYTES;
  }

  /** Written and not read by the other side, in bytes. */
  get unread(): number {
    return this.#unread;
  }

  /** Takes bytes over, which are the writer's again when it returns. */
  write(bytes: Uint8Array): void {
    this.#unread += bytes.length;
    const copy = Buffer.from(bytes);
    for (const [from, to] of this.#pieces(copy.length)) this.#send({ kind: 'bytes', bytes: copy.subarray(from, to) });
  }

  /** Sends something else, behind all that was written. */
  tell(kind: Exclude<Arrival['kind'], 'bytes'>): void {
    this.#send({ kind });
  }

  /** The other side has read so many bytes. */
  read(bytes: number): void {
    this.#unread -= bytes;
  }

  #send(arrival: Arrival): void {
    const { random, quality, now, send } = this.#parts;
    const bytes = arrival.kind === 'bytes' ? arrival.bytes.length : 0;
    const { delay, bytesPerMs, late } = quality();
    const slow = random.chance(late.chance) ? random.between(0, late.ms) : 0;
    const pace = bytes / bytesPerMs;
    this.#last = Math.max(now() + random.between(...delay) + slow + pace, this.#last + pace);
    this.underWay++;
    send(this.#last - now(), arrival);
  }

  #pieces(length: number): [number, number][] {
    const { random } = this.#parts;
    const ends = new Set<number>([length]);
    for (let end = MOST_PIECE_BYTES; end < length; end += MOST_PIECE_BYTES) ends.add(end);
    // Most writes arrive as they were made.
    if (length > 1 && random.chance(0.3)) {
      for (let cuts = random.int(MOST_CUTS) + 1; cuts > 0; cuts--) ends.add(1 + random.int(length - 1));
    }
    const sorted = [...ends].sort((a, b) => a - b);
    return sorted.map((end, at) => [sorted[at - 1] ?? 0, end]);
  }
}
