/** `streamjob run JOB.ts`: runs a job with its embedded agent until it is stopped, drained, or has done enough batches. */
import path from 'node:path';
import type { Agent } from '../agent/runtime/agent.ts';
import { loadJob } from '../api/load-job.ts';
import type { OptionTexts, ResolvedJobOptions } from '../api/resolve-options.ts';
import { StreamingContext } from '../api/streaming-context.ts';
import { systemClock } from '../core/clock.ts';
import { StreamjobError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { timeoutSignal } from '../core/machine.ts';
import { untilAborted } from '../core/scope.ts';
import { TelemetryRegistry } from '../core/telemetry.ts';
import type { Recorder } from '../flow/record/recorder.ts';
import { LogTail } from '../observe/log-tail.ts';
import { isOpenTelemetryAsked } from '../observe/otel/asked.ts';
import { eventsInChannels, eventsOnTheWay, tellDraining } from './draining.ts';
import { hintAtThreads } from './hint.ts';
import { agentBeside, buildJob, resolveOptions } from './job-parts.ts';
import { makeLogger } from './logger.ts';
import { OutputClosed } from './output-closed.ts';
import { ProgressLine } from './progress.ts';
import { batchLine, StatusLine } from './report.ts';
import type { RunFlags } from './run-flags.ts';
import { runSettings } from './run-settings.ts';
import { StopRequests } from './stop-requests.ts';
import { UsageError } from './usage-error.ts';
import { WebPage } from './web-page.ts';
import { limitYoungGeneration } from './young-generation.ts';

/** Does what the command is called for. @throws UsageError, StreamjobError */
export async function run(flags: RunFlags): Promise<void> {
  if (flags.batches !== undefined && !(Number.isSafeInteger(flags.batches) && flags.batches > 0)) {
    throw new UsageError(`--batches must be a whole number greater than 0, not ${flags.batches}`);
  }
  const requests = new StopRequests('stopping after what was received has committed');
  try {
    await runUntilAsked(flags, requests);
  } finally {
    requests.forget();
  }
}

async function runUntilAsked(flags: RunFlags, requests: StopRequests): Promise<void> {
  // In JSON mode stdout has one object per line and nothing else, whatever a job logs.
  if (flags.json) globalThis.console = new console.Console(process.stderr, process.stderr);
  const logTail = new LogTail(systemClock, flags.logLevel === 'debug');
  const log = logTail.over(await makeLogger({ level: flags.logLevel, stackTrace: flags.stackTrace }));
  requests.log = log;
  // What a job does while it is loaded may take for ever.
  const prepared = await untilAborted(prepare(flags, requests, log, logTail), requests.signal);
  if (prepared === undefined) return;
  const { ssc, page, status } = prepared;
  const recorder = await record(ssc, flags.record, log);
  try {
    await runToEnd(prepared, flags.untilDrained, log, requests);
  } finally {
    recorder?.close();
    await page?.close();
  }
  status.clear();
  if (requests.reason?.graceful === false) throw new OutputClosed(requests.reason.text);
}

/** Has what batches hold written to a directory. @throws StreamjobError FILE_ACCESS */
async function record(
  ssc: StreamingContext,
  directory: string | undefined,
  log: Logger,
): Promise<Recorder | undefined> {
  if (directory === undefined) return undefined;
  const { Recorder } = await import('../flow/record/recorder.ts');
  const recorder = new Recorder(directory, log);
  StreamingContext.record(ssc, (time, blocks, nameOf) => recorder.record(time, blocks, nameOf));
  return recorder;
}

/** A job that is ready to start. */
interface Prepared {
  readonly ssc: StreamingContext;
  readonly telemetry: TelemetryRegistry;
  readonly agent: Agent | undefined;
  readonly page: WebPage | undefined;
  readonly status: StatusLine;
}

async function prepare(flags: RunFlags, requests: StopRequests, log: Logger, logTail: LogTail): Promise<Prepared> {
  const { job, path: jobPath } = await loadJob(flags.job, log);
  const inFile = { ...job.options, ...agentBeside(job.options.agent, jobPath) };
  const options = resolveOptions(inFile, flags as unknown as OptionTexts);
  const status = new StatusLine(process.stderr);
  const telemetry = new TelemetryRegistry();
  const progress = new ProgressLine(process.stderr, log);
  telemetry.onWork((work) => progress.show(work));
  const ssc = openContext({ ...options, telemetry }, flags, log, status, jobPath, requests);
  await buildJob(job.build, ssc, jobPath);
  const agent =
    options.agent === undefined
      ? undefined
      : await (await import('../agent/runtime/agent.ts')).Agent.fromFile(options.agent.conf, {
          name: options.agent.name,
          log,
          telemetry,
          ...(options.reliabilityAsked ? { reliability: options.reliability } : {}),
        });
  if (flags.untilDrained) requireEnd(agent);
  if (options.engine === 'inline') limitYoungGeneration();
  const { checkpointDir = standardDirectory(options.name, flags) } = options;
  const directory = checkpointDir === false ? undefined : checkpointDir;
  const place = {
    ...{ log, logTail, directory },
    agent: agent && (() => agent.inspect()),
    run: runSettings(inFile, flags, jobPath),
  };
  const isWatched = flags.ui !== false || isOpenTelemetryAsked(process.env);
  const page = isWatched ? new WebPage(ssc, flags, telemetry, place) : undefined;
  await page?.begin();
  if (page !== undefined) status.summary = () => page.summary();
  return { ssc, telemetry, agent, page, status };
}

function openContext(
  options: ResolvedJobOptions & { readonly telemetry: TelemetryRegistry },
  flags: RunFlags,
  log: Logger,
  status: StatusLine,
  module: string,
  requests: StopRequests,
): StreamingContext {
  const { agent, reliabilityAsked: _, ...context } = options;
  const ssc = new StreamingContext({
    ...context,
    log,
    embeddedAgent: agent !== undefined,
    job: { module, consoleToStderr: flags.json },
    standardCheckpointDir: standardDirectory(options.name, flags),
    ...(flags.batches === undefined ? {} : { maxBatches: flags.batches }),
    write: (text) => {
      if (flags.json) return;
      status.clear();
      requests.write(text);
    },
  });
  if (options.engine === 'inline') hintAtThreads(ssc, log);
  ssc.events$.subscribe((event) => {
    if (event.type !== 'batchCompleted') return;
    if (flags.json && requests.reason?.graceful !== false) process.stdout.write(`${batchLine(event.batch)}\n`);
    status.show(event.batch);
  });
  return ssc;
}

/** Where a job keeps what it was given no place for, below the working directory. */
function standardDirectory(name: string, { dev }: RunFlags): string {
  return path.join('.streamjob', ...(dev === true ? ['dev'] : []), name.replace(/[^\w.-]+/g, '_'));
}

/** @throws StreamjobError DRAIN_IMPOSSIBLE */
function requireEnd(agent: Agent | undefined): void {
  if (agent === undefined) {
    throw new StreamjobError('DRAIN_IMPOSSIBLE', '--until-drained needs an embedded agent whose sources end', {
      hint: 'give the job an agent, or stop it with --batches or Ctrl+C',
    });
  }
  const endless = agent.endlessSources();
  if (endless.length === 0) return;
  throw new StreamjobError(
    'DRAIN_IMPOSSIBLE',
    `--until-drained: these sources of the agent never end: ${endless.join(', ')}`,
    {
      hint: 'use sources that end (spooldir, exec, seq with totalEvents), or stop with --batches or Ctrl+C',
    },
  );
}

async function runToEnd(
  { ssc, agent, telemetry }: Prepared,
  untilDrained: boolean,
  log: Logger,
  requests: StopRequests,
): Promise<void> {
  const over = new AbortController();
  try {
    await untilAborted(ssc.start(), requests.signal);
    if (agent !== undefined && !requests.signal.aborted) {
      await untilAborted(startAgent(agent, ssc), requests.signal);
    }
    const ended = ssc.awaitTermination();
    const drained = untilDrained && agent !== undefined ? agent.drained(over.signal) : never();
    await Promise.race([ended, drained, requests.asked]);
    const graceful = requests.reason?.graceful !== false;
    if (requests.signal.aborted && graceful && agent !== undefined) await drainAgent(agent, log, telemetry);
    const observed = StreamingContext.observe(ssc, telemetry);
    const endTelling = tellDraining(telemetry, 'committing what was received', () => eventsOnTheWay(observed));
    await ssc.stop({ graceful }).finally(endTelling);
    await agent?.stop();
    await ended;
  } finally {
    over.abort();
    await ssc.stop({ graceful: false });
    await agent?.stop();
  }
}

/** An agent that cannot start ends the run: its error is the run's. */
async function startAgent(agent: Agent, ssc: StreamingContext): Promise<void> {
  try {
    await agent.start();
  } catch (error) {
    await ssc.stop({ graceful: false });
    throw error;
  }
}

/** How long a stopped agent's sinks may deliver what its channels hold, in ms; a file channel keeps the rest. */
const DRAIN_MS = 10_000;

async function drainAgent(agent: Agent, log: Logger, telemetry: TelemetryRegistry): Promise<void> {
  const { signal, end } = timeoutSignal(DRAIN_MS);
  const endTelling = tellDraining(telemetry, 'draining the channels', () => eventsInChannels(telemetry));
  await agent.drain(signal).finally(() => {
    end();
    endTelling();
  });
  if (signal.aborted) log.warn({}, 'the agent stops with events in its channels; file channels keep them');
}

function never(): Promise<never> {
  return new Promise(() => {});
}
