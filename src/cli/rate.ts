/** How fast events come, as lines and screens on a terminal say it. */

/** Of the last batches, so many tell the rate. */
export const RATED = 10;

/**
 * Events per second of the last batches, by their times.
 * @param batches oldest first
 * @returns undefined where fewer than two tell nothing of it
 */
export function eventsPerSecond(
  batches: readonly { readonly time: number; readonly events: number }[],
): number | undefined {
  const [first, ...rest] = batches.slice(-RATED - 1);
  const end = rest.at(-1);
  if (first === undefined || end === undefined || end.time === first.time) return undefined;
  return Math.round((rest.reduce((sum, { events }) => sum + events, 0) * 1000) / (end.time - first.time));
}
