/** What a worker thread of the threads engine runs: it builds the job again, and joins the crew. The job module is the closure. */
import { setImmediate } from 'node:timers/promises';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Bundle } from './api/load/bundle.ts';
import { loadJobModule, takeBundle } from './api/load/load-job.ts';
import { StreamingContext, type StreamingContextOptions } from './context.ts';
import { Member } from './engine/threads/member.ts';
import { buildFailed, type FromWorker, packError, type WorkerStart } from './engine/threads/messages.ts';

const start = workerData as WorkerStart;
const port = parentPort as MessagePort;

if (start.job.consoleToStderr === true) globalThis.console = new console.Console(process.stderr, process.stderr);
try {
  const context = start.job.context as unknown as StreamingContextOptions;
  const stateDir = context.stateDir === undefined ? {} : { stateDir: `${context.stateDir}-${start.member}` };
  const ssc = new StreamingContext({ ...context, ...stateDir, engine: 'inline' });
  if (start.job.bundle !== undefined) takeBundle(start.job.bundle as Bundle);
  const build = await loadJobModule(start.job.module);
  try {
    await build(ssc, start.job.data);
  } catch (error) {
    throw buildFailed(error, start.member);
  }
  // What build opened may fail a moment later, by an event: a port that the main thread has taken. The worker is not ready then.
  await setImmediate();
  const { graph, accumulators } = StreamingContext.graphOf(ssc);
  new Member({ ...start, graph, accumulators, port }).serve();
} catch (error) {
  port.postMessage({ type: 'unready', error: packError(error) } satisfies FromWorker);
}
