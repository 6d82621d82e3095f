/** What many batches have in common: means, percentiles, histograms. */

/** A summary of values. */
export interface Summary {
  readonly mean: number;
  readonly p95: number;
  readonly largest: number;
  /** How many values are in each of the bins from 0 to `largest`. */
  readonly bins: readonly number[];
}

const BINS = 16;

/** @returns undefined: there are no values */
export function summaryOf(values: readonly number[], bins = BINS): Summary | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const largest = sorted.at(-1) ?? 0;
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    const bin = largest <= 0 ? 0 : Math.min(bins - 1, Math.floor((Math.max(0, value) / largest) * bins));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    p95: sorted[Math.ceil(sorted.length * 0.95) - 1] ?? largest,
    largest,
    bins: counts,
  };
}
