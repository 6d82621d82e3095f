/** Arithmetic of batch times and durations, both in ms, as Spark's Time and Duration do it. */

/** n milliseconds as a duration in ms. */
export const Milliseconds = (n: number): number => n;
/** n seconds as a duration in ms. */
export const Seconds = (n: number): number => n * 1000;
/** n minutes as a duration in ms. */
export const Minutes = (n: number): number => n * 60_000;

/**
 * The greatest zeroTime + k · duration that is not after `time`.
 * @example floorTime(1350, 200) // 1200
 */
export function floorTime(time: number, duration: number, zeroTime = 0): number {
  return Math.floor((time - zeroTime) / duration) * duration + zeroTime;
}

/** Whether a time or duration is a multiple of a duration. */
export function isMultipleOf(time: number, duration: number): boolean {
  return time % duration === 0;
}

/** From `from`, every `interval`, to before `to`. */
export function timesUntil(from: number, to: number, interval: number): number[] {
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / interval)) }, (_, i) => from + i * interval);
}

/** From `from`, every `interval`, up to and with `to`. */
export function timesTo(from: number, to: number, interval: number): number[] {
  return timesUntil(from, to + 1, interval);
}
