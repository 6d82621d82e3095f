/**
 * Where the entry of a text key is that came a moment ago. JavaScript's Map hashes a text that it has not seen, and each word of a line is
 * such a text: to look into the Map takes half of the CPU time of a word count. Here a few characters say in which slot the entry would be;
 * when it is there, and its key is this very key, the Map is not asked. Keys that share a slot put each other out of it, which costs time only.
 */

/** A power of two. 2^13 and 2^15 were slower: entries of fewer keys, and more memory than the nearest caches have. */
const SLOTS = 1 << 14;

/**
 * The slot of a key, out of its length and its characters where keys differ most: numbers at the end, and the middle. To go through all
 * characters takes as long as the Map does.
 *
 * @returns from 0 to 16383
 */
export function slotOf(key: string): number {
  const { length } = key;
  if (length === 0) return 0;
  // The factors are odd and have bits all over: those of FNV-1a, and of mixers after MurmurHash3 (Appleby, public domain).
  const hash =
    Math.imul(length ^ key.charCodeAt(length - 1), 0x01000193) ^
    Math.imul(key.charCodeAt(length > 2 ? length - 2 : 0), 0x85ebca6b) ^
    Math.imul(key.charCodeAt(length > 3 ? length - 3 : 0), 0xc2b2ae35) ^
    Math.imul(key.charCodeAt(length >> 1), 0x2c1b3c6d);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

/** As many slots as there are, each without an entry. */
export function emptySlots<E>(): (E | undefined)[] {
  return new Array<E | undefined>(SLOTS).fill(undefined);
}
