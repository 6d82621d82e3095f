/** Whether a job is alive and ready, as Kubernetes and load balancers ask. */
import type { Observer } from './observer.ts';
import { durationText } from './verdict.ts';

/** How a job is. */
export interface Readiness {
  readonly ready: boolean;
  /** What is wrong; empty when nothing is. */
  readonly problems: readonly string[];
}

/**
 * Ready: the job has started, its receivers run, and no batch takes longer than `limitMs` from its time to its commit.
 * @param limitMs in ms
 */
export function readinessOf(observer: Observer, limitMs: number): Readiness {
  const { history, observed, redaction } = observer;
  const problems: string[] = [];
  const state = observed.state();
  if (state !== 'active' || history.startedAt === undefined) problems.push(`the job is ${state}`);
  for (const { lastError, name, state: own } of observed.receivers()) {
    if (own !== 'running')
      problems.push(`${name} is ${own}${lastError === undefined ? '' : `: ${redaction.ofMessage(lastError.message)}`}`);
  }
  const running = observed.flow()?.running;
  if (running !== undefined) {
    const taken = observed.clock.now() - running.time;
    if (taken > limitMs) problems.push(`batch ${running.time} has not committed for ${durationText(taken)}`);
  }
  return { ready: problems.length === 0, problems };
}
