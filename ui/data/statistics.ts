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
/** After a long pause, only the newest are looked at. */
const MOST_INTERVALS = 1000;

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

/**
 * How much came in a second, interval by interval: batches that are cut eagerly are put together, intervals without a batch count too.
 * @param points times of batches in ms since the epoch, oldest first, with what came in each
 * @returns times of intervals with what came in a second of each
 */
export function ratesOf(
  points: readonly (readonly [number, number])[],
  intervalMs: number,
): readonly [number, number][] {
  const [first, last] = [points[0]?.[0], points.at(-1)?.[0]];
  if (first === undefined || last === undefined) return [];
  const slotOf = (time: number): number => Math.floor(time / intervalMs);
  const rates = Array.from(
    { length: Math.min(MOST_INTERVALS, slotOf(last) - slotOf(first) + 1) },
    (_, at): [number, number] => [(slotOf(last) - at) * intervalMs, 0],
  ).reverse();
  const begin = slotOf(rates[0]?.[0] ?? 0);
  for (const [time, amount] of points) {
    const rate = rates[slotOf(time) - begin];
    if (rate !== undefined) rate[1] += (amount * 1000) / intervalMs;
  }
  // Where several batches share an interval, the first and the last one are seen in part.
  return points.length > rates.length && rates.length > 2 ? rates.slice(1, -1) : rates;
}
