/**
 * Numbers by which Spark brings rows to partitions as we say: Spark sends a row to the partition that the hash of a column names, so each of
 * our partitions gets a number whose hash is that partition. Source: Spark's Murmur3_x86_32.hashInt with seed 42, and pmod of it
 * (HashPartitioning.partitionIdExpression).
 */
const SEED = 42;

/** Spark's hash of an INT. */
export function sparkHash(value: number): number {
  let k1 = Math.imul(value, 0xcc9e2d51);
  k1 = (k1 << 15) | (k1 >>> 17);
  k1 = Math.imul(k1, 0x1b873593);
  let h1 = SEED ^ k1;
  h1 = (h1 << 13) | (h1 >>> 19);
  h1 = (Math.imul(h1, 5) + 0xe6546b64) | 0;
  h1 ^= 4;
  h1 ^= h1 >>> 16;
  h1 = Math.imul(h1, 0x85ebca6b);
  h1 ^= h1 >>> 13;
  h1 = Math.imul(h1, 0xc2b2ae35);
  return h1 ^ (h1 >>> 16);
}

const known = new Map<number, readonly number[]>();

/** For each of `count` partitions a number whose hash is that partition. */
export function slotsOf(count: number): readonly number[] {
  const present = known.get(count);
  if (present !== undefined) return present;
  const slots: number[] = new Array<number>(count).fill(-1);
  for (let value = 0, found = 0; found < count; value++) {
    const partition = ((sparkHash(value) % count) + count) % count;
    if (slots[partition] !== -1) continue;
    slots[partition] = value;
    found++;
  }
  known.set(count, slots);
  return slots;
}
