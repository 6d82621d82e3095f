/** The batches that the page knows: what comes by events and what comes by the timeline are put together. */
import type { TimelineBatch } from './types.ts';

/** As many as the job keeps. */
export const MOST_BATCHES = 1000;

/**
 * What is known after news came. A batch that is over stays over: an older answer may still say that it runs.
 * @param known oldest first
 * @param news in any order
 * @param since batches after this time that are not over are in the news, or have become something else: they are forgotten
 * @param most how many are kept, the newest
 */
export function merged(
  known: readonly TimelineBatch[],
  news: readonly TimelineBatch[],
  since = Number.POSITIVE_INFINITY,
  most = MOST_BATCHES,
): readonly TimelineBatch[] {
  const byTime = new Map<number, TimelineBatch>();
  for (const batch of known) {
    if (batch.status === 'COMPLETED' || batch.time <= since) byTime.set(batch.time, batch);
  }
  for (const batch of news) {
    if (batch.status === 'COMPLETED' || byTime.get(batch.time)?.status !== 'COMPLETED') byTime.set(batch.time, batch);
  }
  return [...byTime.values()].sort((a, b) => a.time - b.time).slice(-most);
}

/** After which time the timeline has to be asked for, so that all that may have changed is in the answer. */
export function askSince(known: readonly TimelineBatch[]): number {
  const unfinished = known.find(({ status }) => status !== 'COMPLETED');
  return unfinished === undefined ? (known.at(-1)?.time ?? -1) : unfinished.time - 1;
}

/** Whether a batch needs somebody's look. */
export function hasFailed({ error, failures, givenUp }: TimelineBatch): boolean {
  return givenUp || failures > 0 || error !== null;
}
