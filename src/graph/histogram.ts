/** Histograms as Spark counts them: buckets are [low, high), the last one [low, high]; values outside and NaN are not counted. */
import { StreamjobError } from '../core/errors.ts';

/** @throws StreamjobError CONFIG_INVALID when there are fewer than two bounds, or they do not rise */
export function requireBounds(bounds: readonly number[]): void {
  if (bounds.length >= 2 && bounds.every((bound, i) => i === 0 || bound >= (bounds[i - 1] ?? bound))) return;
  throw new StreamjobError('CONFIG_INVALID', `these are no buckets of a histogram: [${bounds.join(', ')}]`, {
    where: 'histogram',
    hint: 'give at least two bounds in rising order, e.g. [0, 10, 20]',
  });
}

/** How many values are in each bucket. */
export function countBuckets(values: Iterable<number>, bounds: readonly number[]): number[] {
  const counts = new Array<number>(bounds.length - 1).fill(0);
  for (const value of values) {
    const bucket = bucketOf(value, bounds);
    if (bucket !== undefined) counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return counts;
}

/** The bucket of a value, by bisection. */
function bucketOf(value: number, bounds: readonly number[]): number | undefined {
  const last = bounds.length - 1;
  if (!(value >= (bounds[0] ?? Number.NaN)) || !(value <= (bounds[last] ?? Number.NaN))) return undefined;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (value >= (bounds[middle] ?? Number.NaN)) low = middle;
    else high = middle;
  }
  return low;
}

/** `count` buckets of the same width between the extremes; one bucket when all values are the same. */
export function evenBounds(min: number, max: number, count: number): number[] {
  if (!Number.isFinite(min) || !Number.isFinite(max)) {
    throw new StreamjobError('EMPTY_COLLECTION', 'a histogram over no values, NaN or Infinity has no buckets', {
      where: 'histogram',
      hint: 'filter them out first, or give the bounds of the buckets',
    });
  }
  if (min === max) return [min, min];
  return Array.from({ length: count + 1 }, (_, i) => (i === count ? max : min + (i * (max - min)) / count));
}
