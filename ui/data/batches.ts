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

/**
 * After which time the timeline has to be asked for next, so that all that may have changed is in the answer. Batches that came by events
 * say nothing here: those before them may be in an answer that never came.
 * @param answered what the timeline answered, oldest first
 * @param since after which time it was asked for
 */
export function askSince(answered: readonly TimelineBatch[], since: number): number {
  const unfinished = answered.find(({ status }) => status !== 'COMPLETED');
  return unfinished === undefined ? (answered.at(-1)?.time ?? since) : unfinished.time - 1;
}

/** Whether a batch needs somebody's look. */
export function hasFailed({ error, failures, givenUp }: TimelineBatch): boolean {
  return givenUp || failures > 0 || error !== null;
}
