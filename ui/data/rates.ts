/** How fast counters rise that are read now and then. */

/** A counter as it was read. */
export interface Reading {
  /** ms, by any clock that does not go back */
  readonly at: number;
  readonly value: number;
}

/** Readings of so many ms are looked at: long enough that a batch interval of a second shows no waves. */
const LOOK_BACK_MS = 5000;

/** The readings that count, with a new one; all of them are dropped when the counter has begun anew. */
export function withReading(readings: readonly Reading[], next: Reading): readonly Reading[] {
  const last = readings.at(-1);
  const kept = last !== undefined && next.value < last.value ? [] : readings;
  return [...kept.filter(({ at }) => next.at - at <= LOOK_BACK_MS), next];
}

/** By how much the counter rises in a second; null: two readings are needed. */
export function rateOf(readings: readonly Reading[]): number | null {
  const [first, last] = [readings[0], readings.at(-1)];
  if (first === undefined || last === undefined || last.at <= first.at) return null;
  return ((last.value - first.value) * 1000) / (last.at - first.at);
}
