/** Keys that were read last, with what they had: as many as there is room for. */
import { KeyedMap } from '../graph/keys.ts';

/** Keys that were read last, with what they had. */
export class LastRead<K, V> {
  readonly #most: number;
  /** The youngest at the end. */
  #entries = new KeyedMap<K, V>();

  /** @param most keys */
  constructor(most: number) {
    this.#most = most;
  }

  has(key: K): boolean {
    return this.#entries.find(key) !== undefined;
  }

  /** Reading makes it the youngest. */
  read(key: K): V | undefined {
    const found = this.#entries.find(key)?.[1];
    if (found !== undefined) this.put(key, found);
    return found;
  }

  /** @param value undefined: the key goes */
  put(key: K, value: V | undefined): void {
    this.#entries.delete(key);
    if (value === undefined) return;
    this.#entries.add(key, value);
    if (this.#entries.size <= this.#most) return;
    for (const [oldest] of this.#entries.entries()) {
      this.#entries.delete(oldest);
      return;
    }
  }

  clear(): void {
    this.#entries = new KeyedMap();
  }
}
