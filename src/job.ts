/** A job: what a file such as jobs/wordcount.ts exports, and its options, compiled once from all places they come from. */
import type { StreamingContext } from './context.ts';
import { type DurationLike, durationMs } from './core/duration.ts';
import { StreamjobError } from './core/errors.ts';
import { nearest } from './core/registry.ts';
import { RELIABILITY_LEVELS, type Reliability, reliabilityOf } from './core/reliability.ts';
import { engines } from './engine/index.ts';
import { type BackpressureOptions, resolveRates } from './flow/batch/rate-control.ts';
import { DEFAULT_DEAD_LETTER_FILE } from './flow/stage/dead-letters.ts';

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
  readonly agent?: string | { readonly conf: string; readonly name: string };
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
}

/** What flags and the environment may say: texts, by option name. */
export type OptionTexts = Readonly<Record<string, string | undefined>>;

const OPTION_NAMES = [
  'name',
  'batchInterval',
  'cut',
  'linger',
  'batchesInFlight',
  'agent',
  'onFailure',
  'maxRetries',
  'onPoison',
  'deadLetterFile',
  'backpressure',
  'parallelism',
  'engine',
  'stateStore',
  'stateCache',
  'reliability',
  'checkpointDir',
] as const;

/**
 * Flag over environment over job file over default.
 * @param env the process's environment; `STREAMJOB_BATCH_INTERVAL` stands for batchInterval
 * @throws StreamjobError CONFIG_INVALID, CONFIG_UNKNOWN
 */
export function resolveJobOptions(file: JobOptions, flags: OptionTexts, env: OptionTexts): ResolvedJobOptions {
  checkNames(file);
  const pick = (option: (typeof OPTION_NAMES)[number]): unknown =>
    flags[option] ?? env[environmentName(option)] ?? file[option];
  const name = pick('name');
  if (typeof name !== 'string' || name === '') throw invalid('name', name, 'give the job a name');
  const cut = pick('cut') ?? 'interval';
  if (cut !== 'interval' && cut !== 'eager') throw invalid('cut', cut, "use 'interval' or 'eager'");
  const batchesInFlight = Number(pick('batchesInFlight') ?? 2);
  if (batchesInFlight !== 1 && batchesInFlight !== 2) {
    throw invalid('batchesInFlight', pick('batchesInFlight'), 'use 1 or 2');
  }
  const onFailure = pick('onFailure') ?? 'retry';
  if (onFailure !== 'retry' && onFailure !== 'stop') throw invalid('onFailure', onFailure, "use 'retry' or 'stop'");
  const batchInterval = pick('batchInterval');
  if (batchInterval === undefined) throw invalid('batchInterval', batchInterval, "give one, e.g. '1s'");
  const maxRetries = pick('maxRetries');
  const stateStore = pick('stateStore') ?? 'memory';
  if (stateStore !== 'memory' && stateStore !== 'lmdb')
    throw invalid('stateStore', stateStore, "use 'memory' or 'lmdb'");
  const stateCache = pick('stateCache');
  const parallelism = pick('parallelism');
  const onPoison = pick('onPoison') ?? 'fail';
  if (onPoison !== 'fail' && onPoison !== 'skip') throw invalid('onPoison', onPoison, "use 'fail' or 'skip'");
  const deadLetterFile = pick('deadLetterFile') ?? DEFAULT_DEAD_LETTER_FILE;
  if (typeof deadLetterFile !== 'string' || deadLetterFile === '') {
    throw invalid('deadLetterFile', deadLetterFile, 'give the path of a file');
  }
  return {
    name,
    cut,
    linger: durationMs((pick('linger') ?? 2) as DurationLike, 'linger'),
    batchesInFlight,
    onFailure,
    onPoison,
    deadLetterFile,
    backpressure: resolveBackpressure(pick('backpressure')),
    batchInterval: durationMs(batchInterval as DurationLike, 'batchInterval'),
    agent: resolveAgent(pick('agent')),
    maxRetries: maxRetries === undefined ? undefined : count(maxRetries, 'maxRetries', 0),
    parallelism: parallelism === undefined ? undefined : count(parallelism, 'parallelism', 1),
    stateStore,
    stateCache: stateCache === undefined ? undefined : count(stateCache, 'stateCache', 1),
    engine: engineName(pick('engine') ?? 'inline'),
    reliability: reliabilityLevel(pick('reliability') ?? 'end-to-end'),
    reliabilityAsked: pick('reliability') !== undefined,
    checkpointDir: checkpointDirectory(pick('checkpointDir')),
  };
}

/** `batchInterval` -> `STREAMJOB_BATCH_INTERVAL` */
export function environmentName(option: string): string {
  return `STREAMJOB_${option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

function resolveAgent(agent: unknown): ResolvedJobOptions['agent'] {
  if (agent === undefined || agent === '') return undefined;
  if (typeof agent === 'string') return { conf: agent, name: 'a1' };
  if (typeof agent === 'object' && agent !== null && 'conf' in agent && typeof agent.conf === 'string') {
    const name = 'name' in agent && typeof agent.name === 'string' ? agent.name : 'a1';
    return { conf: agent.conf, name };
  }
  throw invalid('agent', agent, "give the path of a flume.conf, or { conf: './flume.conf', name: 'a1' }");
}

function resolveBackpressure(value: unknown): BackpressureOptions | false {
  let given: unknown = value ?? {};
  try {
    if (typeof given === 'string') given = JSON.parse(given) as unknown;
    if (given !== false && (typeof given !== 'object' || given === null)) throw new Error('neither');
    resolveRates(given as BackpressureOptions | false);
    return given as BackpressureOptions | false;
  } catch {
    throw invalid(
      'backpressure',
      value,
      `give false, or rates above 0 such as {"initialRate": 5000, "maxRate": 20000}`,
    );
  }
}

function checkNames(file: JobOptions): void {
  for (const name of Object.keys(file)) {
    if ((OPTION_NAMES as readonly string[]).includes(name)) continue;
    const near = nearest(name, OPTION_NAMES);
    throw new StreamjobError('CONFIG_UNKNOWN', `a job has no option ${name}`, {
      where: 'defineJob',
      hint: `${near === undefined ? '' : `did you mean ${near}? `}options are ${OPTION_NAMES.join(', ')}`,
    });
  }
}

function reliabilityLevel(value: unknown): Reliability {
  const level = typeof value === 'string' ? reliabilityOf(value) : undefined;
  if (level !== undefined) return level;
  throw invalid('reliability', value, `use one of ${RELIABILITY_LEVELS.join(', ')}`);
}

function checkpointDirectory(value: unknown): string | false | undefined {
  if (value === undefined || value === false) return value;
  if (value === 'none') return false;
  if (typeof value === 'string' && value !== '') return value;
  throw invalid('checkpointDir', value, "give a directory; or false, as a flag 'none', for no checkpoint");
}

function engineName(value: unknown): string {
  if (typeof value === 'string' && engines.find(value) !== undefined) return value;
  throw new StreamjobError('CONFIG_UNKNOWN', `there is no engine ${JSON.stringify(value)}`, {
    where: 'engine',
    hint: `engines are ${engines.names.join(', ')}`,
  });
}

function count(value: unknown, option: string, least: number): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= least) return number;
  throw invalid(option, value, `give a whole number of at least ${least}`);
}

function invalid(option: string, value: unknown, hint: string): StreamjobError {
  return new StreamjobError('CONFIG_INVALID', `${option} cannot be ${JSON.stringify(value)}`, { where: option, hint });
}
