/**
 * The options of a context and of a job, each declared once: the checks, the flags of `streamjob run`, the environment variables and the
 * options that worker threads get derive from here. What users see of them is in the interfaces `StreamingContextOptions` and `JobOptions`.
 */

import { StreamjobError } from '../core/errors.ts';
import {
  anyOf,
  anything,
  count,
  duration,
  exactly,
  flag,
  fn,
  type Option,
  type OptionTable,
  object,
  oneOf,
  size,
  text,
  withMethods,
} from '../core/options.ts';
import { didYouMean } from '../core/registry.ts';
import { RELIABILITY_LEVELS, reliabilityOf } from '../core/reliability.ts';
import type { JobModule } from '../engine/engine.ts';
import { engines } from '../engine/index.ts';
import { BACKPRESSURE_OPTIONS } from '../flow/batch/rate-control.ts';
import type { StopOptions, StreamingContextOptions } from './context-options.ts';
import type { JobOptions } from './job-options.ts';

const checkpointDir: Option = {
  expected: "a directory; or false, as a flag 'none', for no checkpoint",
  doc: "what outlives a crash; 'none': nothing does",
  read: (value, _, isText) => {
    if (value === false || (isText && value === 'none')) return false;
    return typeof value === 'string' && value !== '' ? value : undefined;
  },
};

/** A flag stands alone; a variable of the environment has true or false. */
const allowIntervalChange: Option = {
  expected: 'true or false',
  doc: 'take over windows of a checkpoint with a smaller batch interval, although there is no way back',
  read: (value, _, isText) => {
    if (typeof value === 'boolean') return value;
    if (!isText) return undefined;
    return value === '' || value === 'true' ? true : value === 'false' ? false : undefined;
  },
};

const reliability: Option = {
  expected: RELIABILITY_LEVELS.map((level) => `'${level}'`).join(', '),
  doc: RELIABILITY_LEVELS.join(', '),
  read: (value) => (typeof value === 'string' ? reliabilityOf(value) : undefined),
};

const backpressure: Option = {
  expected: 'false, or rates above 0 such as {"initialRate": 5000, "maxRate": 20000}',
  doc: 'rates of inputs as JSON, e.g. \'{"maxRate": 5000}\', or false',
  read: (value, where, isText) => {
    const given = isText && typeof value === 'string' ? parsed(value) : value;
    if (given === false) return false;
    return object(BACKPRESSURE_OPTIONS, { expected: '' }).read(given, where, isText);
  },
};

const engine: Option = {
  expected: `one of ${engines.names.map((name) => `'${name}'`).join(', ')}`,
  doc: "who computes: 'inline', the main thread; or 'threads', one worker per partition",
  read: (value, where) => {
    if (typeof value !== 'string') return undefined;
    const kind = engines.find(value);
    if (kind !== undefined) return kind.type;
    throw new StreamjobError('CONFIG_UNKNOWN', `there is no engine ${JSON.stringify(value)}`, {
      where,
      hint: `${didYouMean(value, engines.names)}engines are ${engines.names.join(', ')}`,
    });
  },
};

/** Of jobs and of contexts. */
const SHARED = {
  name: text({ doc: "the job's name in logs", expected: 'the job a name' }),
  batchInterval: duration({ doc: "e.g. '250ms', '1s'", required: true }),
  cut: oneOf(['interval', 'eager'], {
    doc: 'when batches are cut: at multiples of the interval, or as soon as something waits',
  }),
  linger: duration({ doc: "with --cut eager, from one cut to the next at least; default '2ms'" }),
  batchesInFlight: oneOf([2, 1], {
    doc: '2 (default): stages of the next batch run while outputs are waited for; 1: one batch after the other',
  }),
  onFailure: oneOf(['retry', 'stop'], { doc: 'what to do when a batch fails' }),
  maxRetries: count({ doc: 'how often a failed batch is run again; default: without limit' }),
  onPoison: oneOf(['fail', 'skip'], {
    doc: 'what to do when a function throws on a value: fail the batch, or leave the value out',
  }),
  deadLetterFile: text({ doc: 'where values that were left out are written', expected: 'the path of a file' }),
  backpressure,
  parallelism: count({ min: 1, max: 1024, doc: 'partitions of batches and shuffles' }),
  engine,
  stateStore: oneOf(['memory', 'lmdb'], { doc: 'where states are kept while the job runs' }),
  stateCache: count({ min: 1, doc: 'with lmdb, how many keys of each operator are kept in memory' }),
  reliability,
  checkpointDir,
  allowIntervalChange,
} as const;

const AGENT_OPTIONS: OptionTable<{ conf: string; name?: string }> = {
  conf: text({ required: true }),
  name: text({}),
};

/** Of a job: each is a flag of `streamjob run` and an environment variable, too. */
export const JOB_OPTIONS: OptionTable<JobOptions> = {
  ...SHARED,
  name: { ...SHARED.name, required: true },
  // The empty text takes the agent of the job file away: Flume's own feeds the job then.
  agent: anyOf([text({}), exactly(''), object(AGENT_OPTIONS, { expected: '' })], {
    expected: "the path of a flume.conf, '' for none, or { conf: './flume.conf', name: 'a1' }",
    doc: "the flume.conf of the embedded agent a1; '' for none",
  }),
};

const JOB_MODULE_OPTIONS: OptionTable<JobModule> = {
  module: text({ required: true }),
  data: anything({}),
  consoleToStderr: flag({}),
  source: text({}),
};

/** The methods of a logger, beside `child`, which console has not. */
const LOG_METHODS = ['debug', 'info', 'warn', 'error'];

export const CONTEXT_OPTIONS: OptionTable<StreamingContextOptions> = {
  ...SHARED,
  stateDir: text({ expected: 'a directory' }),
  job: object(JOB_MODULE_OPTIONS, { expected: 'the module of the job: { module: import.meta.url }' }),
  embeddedAgent: flag({}),
  maxBatches: count({ min: 1 }),
  maxBacklogBytes: size({}),
  maxLogBytes: size({}),
  standardCheckpointDir: text({ expected: 'a directory' }),
  files: withMethods(['create', 'read', 'rename'], {}),
  log: withMethods(LOG_METHODS, {}),
  write: fn({}),
  telemetry: withMethods(['counter', 'observableCounter', 'gauge', 'span'], {}),
  clock: withMethods(['now', 'after'], {}),
};

export const STOP_OPTIONS: OptionTable<StopOptions> = {
  graceful: flag({}),
  timeout: duration({}),
};

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
