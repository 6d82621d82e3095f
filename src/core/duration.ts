/** Durations as users write them: a number of milliseconds, or a text such as '250ms', '1s', '5m', '1h'. */
import { StreamjobError } from './errors.ts';

/** A number of milliseconds, or a number with the unit ms, s, m or h. */
export type DurationLike = number | string;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Milliseconds of a duration.
 *
 * @param value what the user wrote
 * @param option the option's name, for the error
 * @returns whole milliseconds, greater than zero
 * @throws StreamjobError CONFIG_INVALID when it is no duration, or is zero or negative
 * @example
 * durationMs('1.5s', 'batchInterval'); // 1500
 */
export function durationMs(value: DurationLike, option: string): number {
  const ms = parseDuration(value);
  if (ms !== undefined) return ms;
  throw new StreamjobError(
    'CONFIG_INVALID',
    `${option} is not a duration: ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`,
    {
      where: option,
      hint: "give whole milliseconds greater than 0 as a number, or a text such as '250ms', '1s', '5m', '1h'",
    },
  );
}

/** Ten years, in ms: what is longer is a slip of the unit. */
const LONGEST_MS = 10 * 366 * 24 * 3_600_000;

/** As durationMs; undefined: it is none. */
export function parseDuration(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? parse(value) : value;
  return typeof ms === 'number' && Number.isSafeInteger(ms) && ms > 0 && ms <= LONGEST_MS ? ms : undefined;
}

function parse(text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)?\s*$/i.exec(text);
  if (match === null) return Number.NaN;
  const unit = UNIT_MS[(match[2] ?? 'ms').toLowerCase()] ?? Number.NaN;
  return Math.round(Number(match[1]) * unit);
}
