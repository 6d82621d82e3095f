/** What a worker thread of the threads engine does: it builds the job again, and joins the crew. The job module is the closure. */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { nextLoop } from '../core/machine.ts';
import { Member } from '../engine/crew/member.ts';
import type { FromMember } from '../engine/crew/messages.ts';
import { buildFailed, packError } from '../engine/crew/messages.ts';
import { sharedMemory } from '../engine/threads/launcher.ts';
import type { WorkerStart } from '../engine/threads/messages.ts';
import { BUILD_PLACE } from '../engine/threads/messages.ts';
import { serveThread, toMainThread } from '../engine/threads/thread.ts';
import type { Bundle } from '../load/bundle.ts';
import { takeBundle } from '../load/bundles.ts';
import type { StreamingContextOptions } from './context-options.ts';
import { loadJobModule } from './load-job.ts';
import { StreamingContext } from './streaming-context.ts';

/** Tells the main thread when it is ready, or why it cannot be. */
export async function serveWorker(): Promise<void> {
  const start = workerData as WorkerStart;
  const port = parentPort as MessagePort;
  if (start.job.consoleToStderr === true) globalThis.console = new console.Console(process.stderr, process.stderr);
  try {
    await join(start, port);
  } catch (error) {
    port.postMessage({ type: 'unready', error: packError(error) } satisfies FromMember);
  }
}

async function join(start: WorkerStart, port: MessagePort): Promise<void> {
  const context = start.job.context as unknown as StreamingContextOptions;
  const stateDir = context.stateDir === undefined ? {} : { stateDir: `${context.stateDir}-${start.member}` };
  const ssc = new StreamingContext({ ...context, ...stateDir, engine: 'inline' });
  if (start.job.bundle !== undefined) takeBundle(start.job.bundle as Bundle);
  const build = await loadJobModule(start.job.module);
  try {
    await build(ssc, start.job.data);
  } catch (error) {
    throw buildFailed(error, start.member, BUILD_PLACE);
  }
  // What build opened may fail a moment later, by an event: a port that the main thread has taken. The worker is not ready then.
  await nextLoop();
  const own = { ...StreamingContext.graphOf(ssc), memory: sharedMemory, send: toMainThread(port) };
  serveThread(new Member({ ...start, ...own }), port);
}
