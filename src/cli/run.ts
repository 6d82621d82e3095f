/** `streamjob run JOB.ts`: runs a job with its embedded agent until it is stopped, drained, or has done enough batches. */
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { Agent } from '../agent/agent.ts';
import { StreamingContext } from '../context.ts';
import { messageOf, StreamjobError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import {
  type BuildJob,
  environmentName,
  type JobOptions,
  type OptionTexts,
  type ResolvedJobOptions,
  resolveJobOptions,
} from '../job.ts';
import { loadJob } from '../load-job.ts';
import { hintAtThreads } from './hint.ts';
import { makeLogger } from './logger.ts';
import { batchLine, StatusLine } from './report.ts';
import { UsageError } from './usage-error.ts';

interface RunFlags {
  readonly job: string;
  readonly batches?: number;
  readonly untilDrained: boolean;
  readonly json: boolean;
  readonly stackTrace?: boolean;
  readonly logLevel?: string;
  readonly [option: string]: unknown;
}

/** See the file's head. */
export const runCommand: CommandModule<object, RunFlags> = {
  command: 'run <job>',
  describe: 'run a job until Ctrl+C',
  builder: (args) =>
    args
      .positional('job', { type: 'string', demandOption: true, describe: 'the job file, TypeScript or JavaScript' })
      .option('batches', { type: 'number', describe: 'stop after so many batches that held data' })
      .option('until-drained', { type: 'boolean', default: false, describe: 'stop when all input has been processed' })
      .option('json', { type: 'boolean', default: false, describe: 'one JSON object per batch on stdout' })
      .option('ui', { type: 'boolean', default: true, hidden: true })
      .option('name', { type: 'string', describe: "the job's name in logs" })
      .option('batch-interval', { type: 'string', describe: "e.g. '250ms', '1s'" })
      .option('cut', {
        choices: ['interval', 'eager'] as const,
        describe: 'when batches are cut: at multiples of the interval, or as soon as something waits',
      })
      .option('linger', {
        type: 'string',
        describe: "with --cut eager, from one cut to the next at least; default '2ms'",
      })
      .option('batches-in-flight', {
        type: 'string',
        describe:
          '2 (default): stages of the next batch run while outputs are waited for; 1: one batch after the other',
      })
      .option('on-failure', { choices: ['retry', 'stop'] as const, describe: 'what to do when a batch fails' })
      .option('max-retries', {
        type: 'string',
        describe: 'how often a failed batch is run again; default: without limit',
      })
      .option('on-poison', {
        choices: ['fail', 'skip'] as const,
        describe: 'what to do when a function throws on a value: fail the batch, or leave the value out',
      })
      .option('dead-letter-file', { type: 'string', describe: 'where values that were left out are written' })
      .option('backpressure', {
        type: 'string',
        describe: 'rates of inputs as JSON, e.g. \'{"maxRate": 5000}\', or false',
      })
      .option('agent', { type: 'string', describe: 'the flume.conf of the embedded agent a1' })
      .option('engine', {
        type: 'string',
        describe: "who computes: 'inline', the main thread; or 'threads', one worker per partition",
      })
      .option('state-store', {
        choices: ['memory', 'lmdb'] as const,
        describe: 'where states are kept while the job runs',
      })
      .option('state-cache', {
        type: 'string',
        describe: 'with lmdb, how many keys of each operator are kept in memory',
      })
      .option('reliability', { type: 'string', describe: 'end-to-end, store-on-failure or best-effort' })
      .option('checkpoint-dir', { type: 'string', describe: "what outlives a crash; 'none': nothing does" })
      .option('parallelism', { type: 'string', describe: 'partitions of batches and shuffles' })
      .example('$0 run jobs/wordcount.ts --until-drained --json', 'count the sample, then stop') as never,
  handler: run,
};

async function run(flags: RunFlags): Promise<void> {
  if (flags.batches !== undefined && !(Number.isSafeInteger(flags.batches) && flags.batches > 0)) {
    throw new UsageError(`--batches must be a whole number greater than 0, not ${flags.batches}`);
  }
  // In JSON mode stdout has one object per line and nothing else, whatever a job logs.
  if (flags.json) globalThis.console = new console.Console(process.stderr, process.stderr);
  const { job, path: jobPath } = await loadJob(flags.job);
  const inFile = { ...job.options, ...agentBeside(job.options.agent, jobPath) };
  const options = resolveOptions(inFile, flags as unknown as OptionTexts);
  const status = new StatusLine(process.stderr);
  const log = await makeLogger({ level: flags.logLevel, stackTrace: flags.stackTrace });
  const ssc = openContext(options, flags, log, status, jobPath);
  await buildJob(job.build, ssc, jobPath);
  const agent =
    options.agent === undefined
      ? undefined
      : await (await import('../agent/agent.ts')).Agent.fromFile(options.agent.conf, {
          name: options.agent.name,
          log,
          ...(options.reliabilityAsked ? { reliability: options.reliability } : {}),
        });
  if (flags.untilDrained) requireEnd(agent);
  await runToEnd(ssc, agent, flags.untilDrained, log);
  status.clear();
}

/** A value that came from a flag is a slip of the call, not of the job. */
function resolveOptions(inFile: JobOptions, flags: OptionTexts): ResolvedJobOptions {
  try {
    return resolveJobOptions(inFile, flags, process.env);
  } catch (error) {
    const option = error instanceof StreamjobError ? error.where : undefined;
    const variable = option === undefined ? '' : environmentName(option);
    if (option !== undefined && flags[option] === undefined && process.env[variable] !== undefined) {
      throw new StreamjobError('CONFIG_INVALID', `${variable} cannot be ${process.env[variable]}`, {
        where: `the environment variable ${variable}`,
        ...(error instanceof StreamjobError && error.hint !== undefined ? { hint: error.hint } : {}),
      });
    }
    if (option === undefined || flags[option] === undefined) throw error;
    const flag = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const hint = error instanceof StreamjobError && error.hint !== undefined ? `: ${error.hint}` : '';
    throw new UsageError(`--${flag} cannot be ${flags[option]}${hint}`);
  }
}

function openContext(
  options: ResolvedJobOptions,
  flags: RunFlags,
  log: Logger,
  status: StatusLine,
  module: string,
): StreamingContext {
  const { maxRetries, checkpointDir, parallelism, stateCache, agent: _, reliabilityAsked: __, ...context } = options;
  const ssc = new StreamingContext({
    ...context,
    log,
    job: { module, consoleToStderr: flags.json },
    ...(checkpointDir === undefined ? {} : { checkpointDir }),
    standardCheckpointDir: path.join('.streamjob', options.name.replace(/[^\w.-]+/g, '_')),
    ...(maxRetries === undefined ? {} : { maxRetries }),
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(stateCache === undefined ? {} : { stateCache }),
    ...(flags.batches === undefined ? {} : { maxBatches: flags.batches }),
    write: (text) => {
      if (flags.json) return;
      status.clear();
      process.stdout.write(text);
    },
  });
  if (options.engine === 'inline') hintAtThreads(ssc, log);
  ssc.events$.subscribe((event) => {
    if (event.type !== 'batchCompleted') return;
    if (flags.json) process.stdout.write(`${batchLine(event.batch)}\n`);
    status.show(event.batch);
  });
  return ssc;
}

/** A job names its flume.conf relative to itself; a flag or the environment, relative to the working directory. */
function agentBeside(agent: JobOptions['agent'], jobPath: string): Pick<JobOptions, 'agent'> {
  if (agent === undefined) return {};
  const beside = (conf: string): string => path.resolve(path.dirname(jobPath), conf);
  return { agent: typeof agent === 'string' ? beside(agent) : { ...agent, conf: beside(agent.conf) } };
}

async function buildJob(build: BuildJob, ssc: StreamingContext, jobPath: string): Promise<void> {
  try {
    await build(ssc);
  } catch (cause) {
    if (cause instanceof StreamjobError) throw cause;
    throw new StreamjobError('JOB_INVALID', `the job's build function threw: ${messageOf(cause)}`, {
      where: jobPath,
      hint: 'mend the job file; --stack-trace shows where it came from',
      cause,
    });
  }
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
  ssc: StreamingContext,
  agent: Agent | undefined,
  untilDrained: boolean,
  log: Logger,
): Promise<void> {
  const stop = new AbortController();
  const signals = stopOnSignals(stop, ssc, log);
  try {
    await ssc.start();
    if (agent !== undefined) await startAgent(agent, ssc);
    const ended = ssc.awaitTermination();
    const drained = untilDrained && agent !== undefined ? agent.drained(stop.signal) : never();
    const asked = new Promise<void>((resolve) =>
      stop.signal.addEventListener('abort', () => resolve(), { once: true }),
    );
    await Promise.race([ended, drained, asked]);
    if (stop.signal.aborted && agent !== undefined) await drainAgent(agent, log);
    await ssc.stop();
    await agent?.stop();
    await ended;
  } finally {
    signals.forget();
    stop.abort();
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

async function drainAgent(agent: Agent, log: Logger): Promise<void> {
  const deadline = AbortSignal.timeout(DRAIN_MS);
  await agent.drain(deadline);
  if (deadline.aborted) log.warn({}, 'the agent stops with events in its channels; file channels keep them');
}

/** The first signal stops gracefully, the second at once. */
function stopOnSignals(stop: AbortController, ssc: StreamingContext, log: Logger): { forget(): void } {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) {
      log.warn({ signal }, 'stopped at once: what has not committed was not acknowledged and comes again');
      void ssc.stop({ graceful: false });
      process.exit(SIGNAL_EXIT_BASE + (signal === 'SIGINT' ? 2 : 15));
    }
    log.info({ signal }, `${signal}: stopping after what was received has committed; once more stops at once`);
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    forget: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

/** By the shells' custom, 128 and the signal's number. */
const SIGNAL_EXIT_BASE = 128;

function never(): Promise<never> {
  return new Promise(() => {});
}
