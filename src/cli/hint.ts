/** A hint, once in a run, that worker threads would pay: the main thread is busy most of the time, and there are cores left. */
import { availableParallelism } from 'node:os';
import type { StreamingContext } from '../api/streaming-context.ts';
import type { Logger } from '../core/log.ts';

/** How many batches are looked at. */
const BATCHES = 10;
/** The part of the time that batches run for, from which on the one thread is the limit. */
const BUSY = 0.7;
/** Below this a batch is mostly overhead, which threads have more of. */
const FEWEST_EVENTS_PER_SECOND = 50_000;

/** Watches a context whose engine is the inline one. */
export function hintAtThreads(ssc: StreamingContext, log: Logger, cores: number = availableParallelism()): void {
  if (cores < 2) return;
  let seen: { readonly endedAt: number; readonly processingMs: number; readonly events: number }[] = [];
  const subscription = ssc.events$.subscribe((event) => {
    if (event.type !== 'batchCompleted') return;
    const { time, totalDelayMs, processingMs, events } = event.batch;
    seen = [...seen, { endedAt: time + totalDelayMs, processingMs, events }].slice(-BATCHES);
    const [first] = seen;
    const last = seen.at(-1);
    if (seen.length < BATCHES || first === undefined || last === undefined) return;
    const elapsedMs = last.endedAt - first.endedAt + first.processingMs;
    const busy = seen.reduce((sum, batch) => sum + batch.processingMs, 0) / elapsedMs;
    const rate = (seen.reduce((sum, batch) => sum + batch.events, 0) * 1000) / elapsedMs;
    if (busy < BUSY || rate < FEWEST_EVENTS_PER_SECOND) return;
    subscription.unsubscribe();
    log.info(
      { busy: Math.round(busy * 100) / 100, eventsPerSecond: Math.round(rate) },
      `batches keep the main thread busy for ${Math.round(busy * 100)} % of the time: --engine threads would use ${cores} cores (each worker builds the job again: what functions capture is then a variable of each)`,
    );
  });
}
