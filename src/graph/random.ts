/** Random numbers from a seed: the same seed gives the same numbers in every process, so that a batch that is run again is the same. */

/** Numbers in [0, 1). Source: SplitMix32 (Steele, Lea, Flood, 2014, in 32 bits). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** A seed of its own for each partition. */
export function partitionSeed(seed: number, partition: number): number {
  return (Math.imul(seed | 0, 0x01000193) ^ Math.imul(partition + 1, 0x85ebca6b)) | 0;
}

/** How often an event of mean `mean` occurs (Knuth's method; for sampling with replacement, where the mean is small). */
export function poisson(mean: number, random: () => number): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random(); product > limit; product *= random()) count++;
  return count;
}
