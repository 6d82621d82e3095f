/** Which batch of the history is chosen: the places of a slider are those of the batches that are over, and behind them now. */
import type { TimelineBatch } from '../data/types.ts';

/** The place of the chosen batch; the last one is now. @param over oldest first @param chosen undefined: now */
export function placeOf(over: readonly TimelineBatch[], chosen: number | undefined): number {
  if (chosen === undefined) return over.length;
  const at = over.findIndex(({ time }) => time >= chosen);
  return at < 0 ? over.length : at;
}

/** The batch at a place; undefined: now. */
export function batchAt(over: readonly TimelineBatch[], place: number): TimelineBatch | undefined {
  return over[Math.max(0, Math.trunc(place))];
}

/** The time that an address names; undefined: none, or it is no time. */
export function chosenTime(text: string | null): number | undefined {
  return text !== null && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}
