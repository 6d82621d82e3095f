/** How long the page waits before it asks a job again that did not answer. */

const FIRST_MS = 1000;
const LONGEST_MS = 15_000;

/** @param tries that failed, one after the other, from 1 @returns ms @example retryDelayMs(3) // 4000 */
export function retryDelayMs(tries: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, tries - 1));
}
