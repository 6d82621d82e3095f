/** How much of the history a timeline shows: single batches, all that are kept, or the last hours minute by minute. */
import { duration } from '../format/duration.ts';
import { count } from '../format/number.ts';

const HOUR_MS = 3_600_000;

/** A choice; it stands in the address. */
export type SpanName = 'batches' | 'all' | 'hour' | 'day';

/** How far minutes go back, in ms; undefined: batches are shown, not minutes. */
export const MINUTES_MS: Readonly<Record<SpanName, number | undefined>> = {
  batches: undefined,
  all: undefined,
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
};

/** The one that an address names. */
export function spanOf(text: string | null, otherwise: SpanName): SpanName {
  return text !== null && Object.hasOwn(MINUTES_MS, text) ? (text as SpanName) : otherwise;
}

/** With their titles. @param kept how many batches are */
export function spanChoices(batchIntervalMs: number, kept: number): readonly (readonly [SpanName, string])[] {
  return [
    ['batches', `a bar per ${duration(batchIntervalMs)}`],
    ['all', `all ${count(kept)} kept`],
    ['hour', 'an hour'],
    ['day', 'a day'],
  ];
}
