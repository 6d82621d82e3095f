/** A job: what a file such as jobs/wordcount.ts exports, and its options, compiled once from all places they come from. */

import type { DurationLike } from '../core/duration.ts';
import { StreamjobError } from '../core/errors.ts';
import { checkOptions, misfit, type Option } from '../core/options.ts';
import { didYouMean } from '../core/registry.ts';
import type { Reliability } from '../core/reliability.ts';
import type { BackpressureOptions } from '../flow/batch/rate-control.ts';
import { DEFAULT_DEAD_LETTER_FILE } from '../flow/output/dead-letters.ts';
import { JOB_OPTIONS } from './options.ts';
import type { StreamingContext } from './streaming-context.ts';

/** Options of a job. Each has a flag of `streamjob run` (kebab case) and an environment variable (`STREAMJOB_BATCH_INTERVAL`). */
export interface JobOptions {
  /** Names the job in logs. */
  readonly name: string;
  /** ms, or a text such as '250ms', '1s', '5m'. */
  readonly batchInterval: DurationLike;
  /** 'interval' (default): batches are cut at multiples of the interval; 'eager': as soon as something waits and the engine is idle. */
  readonly cut?: 'interval' | 'eager';
  /** With 'eager', from one cut to the next at least. Default 2 ms. */
  readonly linger?: DurationLike;
  /** 2 (default): the stages of the next batch run while outputs are waited for, where order allows it; 1: one after the other. */
  readonly batchesInFlight?: 1 | 2;
  /** A flume.conf, relative to the job file, whose agent `a1` (or `name`) runs in this process. */
  readonly agent?: string | { readonly conf: string; readonly name?: string };
  /** 'retry' (default) runs a failed batch again with backoff; 'stop' stops with exit code 3. */
  readonly onFailure?: 'retry' | 'stop';
  /** How often a failed batch is run again before the job stops. Default: without limit. */
  readonly maxRetries?: number;
  /** 'fail' (default) fails the batch when an operator's function throws on a value; 'skip' leaves the value out. */
  readonly onPoison?: 'fail' | 'skip';
  /** Where values that were left out go, relative to the working directory. Default `dead-letters.jsonl`. */
  readonly deadLetterFile?: string;
  /** How fast each input is read, as of StreamingContext; as a flag or in the environment: JSON, or `false`. */
  readonly backpressure?: BackpressureOptions | false;
  /** Partitions of batches and shuffles. Default: 1 with the inline engine, with threads as many as there are cores. */
  readonly parallelism?: number;
  /** Who computes: 'inline' (default), the main thread; or 'threads', a worker thread per partition, at most one per core. */
  readonly engine?: string;
  /** Where states are kept while the job runs: 'memory' (default), or 'lmdb', an embedded database, for more than memory holds. */
  readonly stateStore?: 'memory' | 'lmdb';
  /** With 'lmdb', how many keys of each operator are kept in memory. Default 100,000. */
  readonly stateCache?: number;
  /** What peers are told, and when: see README, "Reliability". Default 'end-to-end'. */
  readonly reliability?: Reliability;
  /**
   * Where state, windows and received data outlive a crash. Default: `.streamjob/NAME` below the working directory, for a job that
   * needs one. false (as a flag: `none`): nowhere.
   */
  readonly checkpointDir?: string | false;
  /**
   * Whether windows of a checkpoint are taken over by a job whose batch interval is a divisor of the old one. Once a batch has committed
   * there is no way back to the old interval with what they remember, so that it has to be asked for. Default false.
   */
  readonly allowIntervalChange?: boolean;
}

/** Makes the graph of a job; may be async, must be deterministic. */
export type BuildJob = (ssc: StreamingContext) => void | Promise<void>;

/** A job as its file exports it. */
export interface Job {
  readonly kind: 'streamjob.job';
  readonly options: JobOptions;
  readonly build: BuildJob;
}

/**
 * Defines a job; the job file exports the result as its default.
 *
 * @param build adds streams and outputs to the context; called at start, and again in each worker
 * @example
 * export default defineJob({ name: 'count', batchInterval: '1s' }, (ssc) => {
 *   ssc.flumeStream({ port: 41414 }).count().print();
 * });
 */
export function defineJob(options: JobOptions, build: BuildJob): Job {
  return { kind: 'streamjob.job', options, build };
}

/** Options with everything filled in. */
export interface ResolvedJobOptions {
  readonly name: string;
  /** ms */
  readonly batchInterval: number;
  readonly cut: 'interval' | 'eager';
  /** ms */
  readonly linger: number;
  readonly batchesInFlight: 1 | 2;
  readonly agent: { readonly conf: string; readonly name: string } | undefined;
  readonly onFailure: 'retry' | 'stop';
  /** Undefined: without limit. */
  readonly maxRetries: number | undefined;
  readonly onPoison: 'fail' | 'skip';
  readonly deadLetterFile: string;
  readonly backpressure: BackpressureOptions | false;
  /** Undefined: the engine's default. */
  readonly parallelism: number | undefined;
  readonly engine: string;
  readonly stateStore: 'memory' | 'lmdb';
  /** Undefined: the default. */
  readonly stateCache: number | undefined;
  readonly reliability: Reliability;
  /** Whether somebody asked for the level: then the embedded agent keeps it too. */
  readonly reliabilityAsked: boolean;
  /** Undefined: the standard one, if one is needed. */
  readonly checkpointDir: string | false | undefined;
  readonly allowIntervalChange: boolean;
}

/** What flags and the environment may say: texts, by option name. */
export type OptionTexts = Readonly<Record<string, string | undefined>>;

const OPTIONS: Readonly<Record<string, Option>> = JOB_OPTIONS;

const DEFAULTS = {
  cut: 'interval',
  linger: 2,
  batchesInFlight: 2,
  onFailure: 'retry',
  onPoison: 'fail',
  deadLetterFile: DEFAULT_DEAD_LETTER_FILE,
  backpressure: {},
  engine: 'inline',
  stateStore: 'memory',
  reliability: 'end-to-end',
  allowIntervalChange: false,
} as const satisfies Partial<JobOptions>;

/** Variables that are ours and no options of a job. */
const OTHER_VARIABLES = ['STREAMJOB_LOG_LEVEL'];

/**
 * Flag over environment over job file over default.
 * @param env the process's environment; `STREAMJOB_BATCH_INTERVAL` stands for batchInterval
 * @throws StreamjobError CONFIG_INVALID, CONFIG_UNKNOWN
 */
export function resolveJobOptions(file: JobOptions, flags: OptionTexts, env: OptionTexts): ResolvedJobOptions {
  checkOptions('defineJob', optional(JOB_OPTIONS), file);
  checkVariables(env);
  const values: Record<string, unknown> = { ...DEFAULTS };
  for (const [name, option] of Object.entries(OPTIONS)) {
    const text = flags[name] ?? env[environmentName(name)];
    const given = text ?? (Reflect.get(file, name) as unknown);
    if (given !== undefined) values[name] = readOption(name, option, given, text !== undefined);
    if (option.required === true && values[name] === undefined) throw misfit(name, undefined, option, '');
  }
  const read = values as Partial<ResolvedJobOptions> &
    typeof DEFAULTS &
    Pick<ResolvedJobOptions, 'name' | 'batchInterval'>;
  return {
    maxRetries: undefined,
    parallelism: undefined,
    stateCache: undefined,
    checkpointDir: undefined,
    ...read,
    agent: resolveAgent(values['agent'] as JobOptions['agent']),
    reliabilityAsked: (flags['reliability'] ?? env[environmentName('reliability')] ?? file.reliability) !== undefined,
  };
}

function readOption(name: string, option: Option, given: unknown, isText: boolean): unknown {
  let value: unknown;
  try {
    value = option.read(given, name, isText);
  } catch (error) {
    // Who wrote a flag looks for the flag's name.
    if (!isText || !(error instanceof StreamjobError)) throw error;
  }
  if (value === undefined) throw misfit(name, given, option, '');
  return value;
}

/** The file may leave out what a flag or the environment gives. */
function optional(table: typeof JOB_OPTIONS): typeof JOB_OPTIONS {
  const entries = Object.entries(table).map(([name, option]: [string, Option]) => [
    name,
    { ...option, required: false },
  ]);
  return Object.fromEntries(entries) as typeof JOB_OPTIONS;
}

/** A misspelt variable would be a setting that silently is not there. */
function checkVariables(env: OptionTexts): void {
  const known = [...Object.keys(OPTIONS).map(environmentName), ...OTHER_VARIABLES];
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('STREAMJOB_') || value === undefined || known.includes(name)) continue;
    throw new StreamjobError('CONFIG_UNKNOWN', `there is no option for the environment variable ${name}`, {
      where: `the environment variable ${name}`,
      hint: `${didYouMean(name, known)}variables are ${known.join(', ')}; give those of your own another beginning`,
    });
  }
}

/** `batchInterval` -> `STREAMJOB_BATCH_INTERVAL` */
export function environmentName(option: string): string {
  return `STREAMJOB_${option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

function resolveAgent(agent: JobOptions['agent']): ResolvedJobOptions['agent'] {
  if (agent === undefined || agent === '') return undefined;
  return typeof agent === 'string' ? { conf: agent, name: 'a1' } : { conf: agent.conf, name: agent.name ?? 'a1' };
}
