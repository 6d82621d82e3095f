/** What a worker thread of the threads engine does: it builds the job again, and joins the crew. The job module is the closure. */

import { setImmediate } from 'node:timers/promises';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { Member } from '../engine/threads/member.ts';
import type { FromWorker, WorkerStart } from '../engine/threads/messages.ts';
import { buildFailed, packError } from '../engine/threads/messages.ts';
import { loadJobModule } from '../load-job.ts';
import type { StreamingContextOptions } from './context-options.ts';
import { StreamingContext } from './streaming-context.ts';

/** Tells the main thread when it is ready, or why it cannot be. */
export async function serveWorker(): Promise<void> {
  const start = workerData as WorkerStart;
  const port = parentPort as MessagePort;
  if (start.job.consoleToStderr === true) globalThis.console = new console.Console(process.stderr, process.stderr);
  try {
    await join(start, port);
  } catch (error) {
    port.postMessage({ type: 'unready', error: packError(error) } satisfies FromWorker);
  }
}

async function join(start: WorkerStart, port: MessagePort): Promise<void> {
  const context = start.context as unknown as StreamingContextOptions;
  const stateDir = context.stateDir === undefined ? {} : { stateDir: `${context.stateDir}-${start.member}` };
  const ssc = new StreamingContext({ ...context, ...stateDir, engine: 'inline' });
  const build = await loadJobModule(start.job.module);
  try {
    await build(ssc, start.job.data);
  } catch (error) {
    throw buildFailed(error, start.member);
  }
  // What build opened may fail a moment later, by an event: a port that the main thread has taken. The worker is not ready then.
  await setImmediate();
  new Member({ ...start, ...StreamingContext.graphOf(ssc), port }).serve();
}
