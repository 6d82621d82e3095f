/** Runs a job over a recording: its inputs get what was recorded, batch by batch, and the clock is moved from one batch to the next. */
import { loadJob } from '../../api/load-job.ts';
import type { OptionTexts, ResolvedJobOptions } from '../../api/resolve-options.ts';
import { StreamingContext } from '../../api/streaming-context.ts';
import { ManualClock } from '../../core/clock.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { BatchSummary } from '../../core/events.ts';
import type { Logger } from '../../core/log.ts';
import { didYouMean } from '../../core/registry.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import { floorTime } from '../../core/time.ts';
import { type RecordedBatch, readRecording } from '../../flow/record/read-recording.ts';
import { agentBeside, buildJob, resolveOptions } from '../job-parts.ts';

/** What a replay is made of. */
export interface ReplayOptions {
  /** The recording. */
  readonly from: string;
  /** Options that win over those of the job. */
  readonly flags: OptionTexts;
  readonly log: Logger;
  /** Takes each batch, in their order. */
  readonly onBatch: (batch: BatchSummary) => void;
  /** Told how far it is. */
  readonly telemetry?: Telemetry;
  /** Ends it between two batches. */
  readonly signal: AbortSignal;
}

/**
 * Runs a job over a recording.
 * @param file the job
 * @throws StreamjobError JOB_NOT_FOUND, JOB_INVALID, FILE_NOT_FOUND, LOG_CORRUPT, CONFIG_UNKNOWN for an input that the job does not have,
 *   BATCH_FAILED
 */
export async function replayJob(file: string, options: ReplayOptions): Promise<void> {
  const { flags, from, log, onBatch, signal } = options;
  const { job, path } = await loadJob(file, log);
  const resolved = resolveOptions({ ...job.options, ...agentBeside(job.options.agent, path) }, flags);
  const torn = (name: string): void =>
    log.warn({ file: name }, `the last record of ${name} is not whole: it is left out`);
  let run: Run | undefined;
  try {
    for await (const batch of readRecording(from, torn, options.telemetry)) {
      if (signal.aborted) break;
      run ??= await startRun(batch.time, resolved, path, log, async (ssc) => {
        await buildJob(job.build, ssc, path);
        ssc.events$.subscribe((event) => event.type === 'batchCompleted' && onBatch(event.batch));
      });
      await handOver(run, batch);
    }
    if (run !== undefined) await moveTo(run, run.clock.now() + run.ssc.batchInterval);
  } finally {
    await run?.ssc.stop({ graceful: false });
  }
}

interface Run {
  readonly ssc: StreamingContext;
  readonly clock: ManualClock;
  readonly failure: () => unknown;
}

async function startRun(
  first: number,
  { agent: _, reliabilityAsked: __, ...context }: ResolvedJobOptions,
  module: string,
  log: Logger,
  build: (ssc: StreamingContext) => Promise<void>,
): Promise<Run> {
  const clock = new ManualClock();
  const ssc = new StreamingContext({
    ...context,
    log,
    clock,
    embeddedAgent: true,
    job: { module, consoleToStderr: true },
    // What a run remembers, and what its peers were told, is that run's.
    checkpointDir: false,
    reliability: 'end-to-end',
    // All that a batch held is there at its time.
    cut: 'interval',
    backpressure: false,
    onFailure: 'stop',
    write: () => {},
  });
  clock.advanceTo(tickBefore(ssc, first));
  StreamingContext.replay(ssc);
  await build(ssc);
  let failure: unknown;
  ssc.events$.subscribe((event) => {
    if (event.type === 'batchFailed') failure = event.error;
  });
  await ssc.start();
  return { ssc, clock, failure: () => failure };
}

/** The last time before `time` at which a batch is cut. */
function tickBefore(ssc: StreamingContext, time: number): number {
  return floorTime(time - 1, ssc.batchInterval);
}

/** All batches before this one are run; what it held waits then for the next one to be cut. */
async function handOver(run: Run, { time, deliveries }: RecordedBatch): Promise<void> {
  await moveTo(run, tickBefore(run.ssc, time));
  const receivers = StreamingContext.replayed(run.ssc);
  for (const { input, events } of deliveries) {
    const receiver = receivers.get(input);
    if (receiver === undefined) {
      const known = [...receivers.keys()];
      throw new StreamjobError('CONFIG_UNKNOWN', `the recording has events of ${input}, which the job does not have`, {
        hint: `${didYouMean(input, known)}inputs of the job are ${known.join(', ')}; uid('${input}') of a stream gives it that name`,
      });
    }
    receiver.push(events);
  }
}

/** @throws what made a batch fail */
async function moveTo({ ssc, clock, failure }: Run, time: number): Promise<void> {
  if (time > clock.now()) clock.advanceTo(time);
  await StreamingContext.caughtUp(ssc);
  if (failure() !== undefined) await ssc.awaitTermination();
}
