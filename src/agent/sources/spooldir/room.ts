/** What a source does when a disk is full: it waits, and goes on as soon as there is room. */
import { sleep } from '../../../core/clock.ts';
import { messageOf, systemCodeOf } from '../../../core/errors.ts';
import type { Retry, SourceContext } from '../source.ts';

/** Errors that say nothing of the file that is worked on: what the machine has too little of may come back. */
const LACKING: readonly (string | undefined)[] = ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE', 'ENOMEM'];

/** Whether it fails only for now, as something is used up: the disk, a quota, open files, memory. */
export function isLacking(error: unknown): boolean {
  return LACKING.includes(systemCodeOf(error));
}

/** What a source needs to try again. */
export interface TryingAgain {
  readonly context: SourceContext;
  readonly retry: Retry;
  readonly signal: AbortSignal;
}

/**
 * Does something again and again until it succeeds. That it fails is told once and counted.
 * @param what that cannot be done, for people
 * @param isForNow whether it is tried again after an error
 * @returns false when the source was stopped before
 * @throws errors that are not for now
 */
export async function untilDone(
  { context, retry, signal }: TryingAgain,
  what: string,
  work: () => Promise<void>,
  isForNow: (error: unknown) => boolean,
): Promise<boolean> {
  const { counters, log, name, clock } = context;
  for (let wait = retry.first; ; wait = Math.min(wait * 2, retry.max)) {
    try {
      await work();
      return true;
    } catch (error) {
      if (!isForNow(error)) throw error;
      if (wait === retry.first) {
        counters.GenericProcessingFail++;
        log.error({ cause: messageOf(error) }, `source ${name}: ${what}: ${messageOf(error)}. It is tried again`);
      }
    }
    await sleep(clock, wait, signal);
    if (signal.aborted) return false;
  }
}
