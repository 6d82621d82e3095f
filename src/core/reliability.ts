/** The three levels of reliability, strongest first. What each promises is written in docs/reliability.md. */

/** What an agent may lose, and when a receiver tells its peers that events are delivered. */
export type Reliability = 'end-to-end' | 'store-on-failure' | 'best-effort';

/** All levels, strongest first. */
export const RELIABILITY_LEVELS: readonly Reliability[] = ['end-to-end', 'store-on-failure', 'best-effort'];

/** The level that a text names, or undefined. */
export function reliabilityOf(text: string): Reliability | undefined {
  return RELIABILITY_LEVELS.find((level) => level === text.toLowerCase());
}

/** Whether `level` loses more than `wanted` allows. */
export function isWeaker(level: Reliability, wanted: Reliability): boolean {
  return RELIABILITY_LEVELS.indexOf(level) > RELIABILITY_LEVELS.indexOf(wanted);
}
