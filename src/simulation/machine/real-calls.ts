/**
 * Finds what goes around the machine: what Node does in real time (a timer, a file, zlib, dns, native code) completes at a moment that no
 * seed decides, so that two runs of it differ. Watching costs a fifth of the time of events that do nothing but settle promises, and
 * nothing that could be measured where an agent and a job work.
 */
import { createHook } from 'node:async_hooks';

/**
 * What runs between two events: promise jobs and ticks, and from Node 24 on a wrapper of a callback for the end of a stream, which is
 * called in a tick. The immediates are the scheduler's own.
 */
const ALLOWED = new Set(['PROMISE', 'TickObject', 'Microtask', 'Immediate', 'STREAM_END_OF_STREAM']);

/**
 * Watches until it is ended.
 * @param isRunning whether code of a process is running
 * @param found told of each real call, with where it was made
 * @returns ends it
 */
export function watchRealCalls(isRunning: () => boolean, found: (error: Error) => void): () => void {
  const hook = createHook({
    init(_id, type) {
      if (ALLOWED.has(type) || !isRunning()) return;
      found(new Error(`${type} is asked of Node itself, around the machine: it completes in real time`));
    },
  });
  hook.enable();
  return () => hook.disable();
}
