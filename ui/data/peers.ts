/** Where peers are to be pointed at, and how near they are to giving up. */

/**
 * What to do so that something comes in, by the names that receivers have.
 * @param names of all receivers of the job, or of one
 * @example hintOf(['Flume push stream [0] on 127.0.0.1:41414']) // 'point a Flume avro sink at 127.0.0.1:41414'
 */
export function hintOf(names: readonly string[]): string | undefined {
  for (const name of names) {
    const [, kind, where] = /^(Flume push|Flume polling|file) stream \[\d+\] (?:on|of) (.+)$/.exec(name) ?? [];
    if (kind === 'Flume push') return `point a Flume avro sink at ${where}`;
    if (kind === 'Flume polling') return `start a Flume agent with a SparkSink at ${where}`;
    if (kind === 'file') return `move files into ${where}`;
  }
  return undefined;
}

/** That nothing has come in, and what to do. */
export function nothingCameIn(names: readonly string[]): string {
  const hint = hintOf(names);
  return hint === undefined ? 'Nothing has come in yet.' : `Nothing has come in: ${hint}.`;
}

/** How pressing a wait is. */
export type Urgency = 'calm' | 'soon' | 'late';

/** @param waitedMs in ms @param timeoutMs how long the peer waits, in ms */
export function urgencyOf(waitedMs: number, timeoutMs: number): Urgency {
  if (waitedMs >= timeoutMs * 0.8) return 'late';
  return waitedMs >= timeoutMs * 0.5 ? 'soon' : 'calm';
}
