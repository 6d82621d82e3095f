/** Where peers are to be pointed at, and how near they are to giving up. */

/** The address in the name of a receiver; undefined: it has none. @example addressOf('Flume push stream [0] on 127.0.0.1:41414') */
export function addressOf(name: string): string | undefined {
  return / on (\S+:\d+)$/.exec(name)?.[1];
}

/** How pressing a wait is. */
export type Urgency = 'calm' | 'soon' | 'late';

/** @param waitedMs in ms @param timeoutMs how long the peer waits, in ms */
export function urgencyOf(waitedMs: number, timeoutMs: number): Urgency {
  if (waitedMs >= timeoutMs * 0.8) return 'late';
  return waitedMs >= timeoutMs * 0.5 ? 'soon' : 'calm';
}
