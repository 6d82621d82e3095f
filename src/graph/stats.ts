/** Figures of a set of numbers, gathered in parts and merged: count, mean, variance and the rest. */

/** What `stats` gives. Variance and deviation of the whole set; those of a sample divide by one less. */
export interface Stats {
  /** How many values there are. */
  readonly count: number;
  /** Their sum. */
  readonly sum: number;
  /** Their mean; NaN when there are none. */
  readonly mean: number;
  /** The least one; Infinity when there are none. */
  readonly min: number;
  /** The greatest one; -Infinity when there are none. */
  readonly max: number;
  /** Of all values: the sum of squared distances from the mean, divided by the count. */
  readonly variance: number;
  /** Its square root. */
  readonly stdev: number;
  /** The same, divided by the count less one: that of a sample. */
  readonly sampleVariance: number;
  /** Its square root. */
  readonly sampleStdev: number;
}

/** Count, mean, and the sum of squared distances from the mean, with the extremes. */
export interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly squares: number;
  readonly min: number;
  readonly max: number;
}

/** Of no number. */
export const NO_MOMENTS: Moments = {
  count: 0,
  mean: 0,
  squares: 0,
  min: Number.POSITIVE_INFINITY,
  max: Number.NEGATIVE_INFINITY,
};

/** With one number more (Welford, 1962). */
export function addToMoments({ count, mean, squares, min, max }: Moments, value: number): Moments {
  const delta = value - mean;
  const newMean = mean + delta / (count + 1);
  return {
    count: count + 1,
    mean: newMean,
    squares: squares + delta * (value - newMean),
    min: Math.min(min, value),
    max: Math.max(max, value),
  };
}

/** Of both sets together (Chan, Golub, LeVeque, 1979). */
export function mergeMoments(a: Moments, b: Moments): Moments {
  if (a.count === 0) return b;
  if (b.count === 0) return a;
  const count = a.count + b.count;
  const delta = b.mean - a.mean;
  return {
    count,
    mean: a.mean + (delta * b.count) / count,
    squares: a.squares + b.squares + (delta * delta * a.count * b.count) / count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}

/** The figures; NaN where there are too few numbers for one, as in Spark. */
export function statsOf({ count, mean, squares, min, max }: Moments): Stats {
  const variance = count === 0 ? Number.NaN : squares / count;
  const sampleVariance = count < 2 ? Number.NaN : squares / (count - 1);
  return {
    count,
    sum: mean * count,
    mean: count === 0 ? Number.NaN : mean,
    min,
    max,
    variance,
    stdev: Math.sqrt(variance),
    sampleVariance,
    sampleStdev: Math.sqrt(sampleVariance),
  };
}
