/**
 * Random numbers of a simulation: xoshiro128** (Blackman and Vigna, 2018), seeded by a text. Each part of a simulation forks a stream
 * of its own by name, so that a draw that is added in one part does not change what the others get.
 */

/** A stream of random numbers; the same seed gives the same stream on every machine. */
export class Random {
  readonly #seed: string;
  readonly #state: Uint32Array;

  /** @param seed a number or a text; equal ones give equal streams */
  constructor(seed: number | string) {
    this.#seed = String(seed);
    this.#state = stateOf(this.#seed);
  }

  /** A stream that depends on the seed and the name alone, and not on what was drawn before. */
  fork(name: string): Random {
    return new Random(`${this.#seed}/${name}`);
  }

  /** 32 random bits, as a number from 0 to 2^32 - 1. */
  bits(): number {
    const s = this.#state;
    const [a = 0, b = 0, c = 0, d = 0] = s;
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const third = c ^ a;
    const fourth = d ^ b;
    s[1] = b ^ third;
    s[0] = a ^ fourth;
    s[2] = third ^ (b << 9);
    s[3] = rotate(fourth, 11);
    return result;
  }

  /** A number from 0 (inclusive) to 1 (exclusive), of 53 bits. */
  unit(): number {
    return ((this.bits() >>> 5) * 0x4000000 + (this.bits() >>> 6)) / 0x20000000000000;
  }

  /** A whole number from 0 to `below` - 1. */
  int(below: number): number {
    return Math.floor(this.unit() * below);
  }

  /** A number from `low` (inclusive) to `high` (exclusive). */
  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  /** Whether something that happens with this probability happens now; nothing is drawn for 0 and 1. */
  chance(probability: number): boolean {
    if (probability <= 0) return false;
    return probability >= 1 || this.unit() < probability;
  }

  /** One of them. @throws RangeError when there is none */
  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('nothing to pick from');
    return from[this.int(from.length)] as T;
  }

  /** The same values in another order, in a new array. */
  shuffle<T>(values: readonly T[]): T[] {
    const shuffled = [...values];
    for (let last = shuffled.length - 1; last > 0; last--) {
      const other = this.int(last + 1);
      const moved = shuffled[last] as T;
      shuffled[last] = shuffled[other] as T;
      shuffled[other] = moved;
    }
    return shuffled;
  }

  /** So many random bytes. */
  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count);
    for (let at = 0; at < count; at++) bytes[at] = this.bits() & 0xff;
    return bytes;
  }

  /** A random UUID (version 4). */
  uuid(): string {
    const bytes = this.bytes(16);
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

/** Four words from a text: FNV-1a over it, stretched by splitmix32. */
function stateOf(seed: string): Uint32Array {
  let hash = 0x811c9dc5;
  let other = 0x9e3779b9;
  for (let at = 0; at < seed.length; at++) {
    hash = Math.imul(hash ^ seed.charCodeAt(at), 0x01000193);
    other = Math.imul(other ^ seed.charCodeAt(at), 0x85ebca6b) + hash;
  }
  const state = new Uint32Array(4);
  for (let word = 0; word < 4; word++) state[word] = mix((word < 2 ? hash : other) + Math.imul(word + 1, 0x9e3779b9));
  // A state of zeros alone would stay so.
  if (state.every((word) => word === 0)) state[0] = 1;
  return state;
}

/** Spreads each bit over the whole word (the end of MurmurHash3). */
export function mix(word: number): number {
  let mixed = word | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
