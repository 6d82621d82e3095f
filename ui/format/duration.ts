/** Durations as Spark's pages write them. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
/** What stands where a duration is not known. */
export const UNKNOWN = '–';

/**
 * As Spark writes a duration: no decimals from 1 s to 1 min, where two batches are compared by their seconds.
 * @param ms in ms; null: it is not known
 * @example duration(450) // '0.5 s'
 */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return UNKNOWN;
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < 100) return `${Math.round(ms)} ms`;
  if (ms < SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(0)} s`;
  if (ms < 10 * MINUTE) return `${(ms / MINUTE).toFixed(1)} min`;
  return ms < HOUR ? `${(ms / MINUTE).toFixed(0)} min` : `${(ms / HOUR).toFixed(1)} h`;
}

/**
 * For what is looked at closely (means, parts of a batch, tasks): two or three digits that mean something.
 * @param ms in ms
 * @example fineDuration(2.61) // '2.6 ms'
 * @example fineDuration(1420) // '1.42 s'
 */
export function fineDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return UNKNOWN;
  if (ms < 0) return `-${fineDuration(-ms)}`;
  if (ms >= MINUTE) return duration(ms);
  if (ms >= SECOND) return `${(ms / SECOND).toFixed(ms < 10 * SECOND ? 2 : 1)} s`;
  if (ms >= 10 || Number.isInteger(ms)) return `${Math.round(ms)} ms`;
  if (ms < 0.01) return '<0.01 ms';
  return `${ms.toFixed(ms < 1 ? 2 : 1)} ms`;
}

/** A unit in which an axis counts. */
export interface Unit {
  readonly name: string;
  /** How many ms it has. */
  readonly ms: number;
}

/** The unit of an axis whose largest value is so many ms. */
export function unitOf(largestMs: number): Unit {
  if (largestMs < SECOND) return { name: 'ms', ms: 1 };
  if (largestMs < 2 * MINUTE) return { name: 's', ms: SECOND };
  return largestMs < 2 * HOUR ? { name: 'min', ms: MINUTE } : { name: 'h', ms: HOUR };
}

/** A value of an axis, with as many decimals as a step of it needs. @example inUnit(1500, unitOf(4000), 500) // '1.5 s' */
export function inUnit(ms: number, unit: Unit, stepMs: number): string {
  const step = stepMs / unit.ms;
  const decimals = step >= 1 || step <= 0 ? 0 : Math.min(3, Math.ceil(-Math.log10(step) - 1e-9));
  return `${(ms / unit.ms).toFixed(decimals)} ${unit.name}`;
}
