/**
 * The options of a context and of a job, each declared once: the checks, the defaults, the flags of `streamjob run`, the environment
 * variables, what worker threads are told and docs/options.md derive from here. What users see of them is in the interfaces
 * `StreamingContextOptions` and `JobOptions`.
 */

import { type Clock, systemClock } from '../core/clock.ts';
import type { Files } from '../core/files.ts';
import type { Log } from '../core/log.ts';
import {
  anyOf,
  anything,
  computed,
  count,
  duration,
  exactly,
  flag,
  fn,
  type OptionTable,
  object,
  option,
  size,
  text,
  withMethods,
} from '../core/options.ts';
import { noTelemetry, type Telemetry } from '../core/telemetry.ts';
import type { JobModule } from '../engine/engine.ts';
import type { StopOptions, StreamingContextOptions } from './context-options.ts';
import type { JobOptions } from './job-options.ts';
import { SHARED_OPTIONS } from './shared-options.ts';

const CHECKPOINT_DIR = {
  kind: 'directory or `false`',
  expected: "a directory; or false, as a flag 'none', for no checkpoint",
  read: (value: unknown, _: string, isText: boolean): string | false | undefined => {
    if (value === false || (isText && value === 'none')) return false;
    return typeof value === 'string' && value !== '' ? value : undefined;
  },
};

/** The agent of a job, where more than its file is said. */
export const AGENT_OPTIONS = {
  conf: text({ required: true, doc: 'the flume.conf' }),
  name: text({ default: 'a1', doc: 'which agent of the file' }),
} satisfies OptionTable<{ conf: string; name?: string }>;

/** Of a job: each is a flag of `streamjob run` and an environment variable, too. */
export const JOB_OPTIONS = {
  name: text({ required: true, expected: 'the job a name', doc: "the job's name in logs" }),
  // The empty text takes the agent of the job file away: Flume's own feeds the job then.
  agent: anyOf([text({}), exactly(''), object(AGENT_OPTIONS, { expected: '' })], {
    expected: "the path of a flume.conf, '' for none, or { conf: './flume.conf', name: 'a1' }",
    absent: 'no agent in this process',
    doc: "the flume.conf of the embedded agent a1; '' for none",
    more: 'Relative to the job file; as a flag or variable, to the working directory. `{ conf, name }` names another agent of the file.',
  }),
  ...SHARED_OPTIONS,
  checkpointDir: option(
    {
      absent: '`.streamjob/NAME` below the working directory, for a job that needs one',
      doc: "where state, windows and received data outlive a crash; false (as a flag 'none'): nowhere",
    },
    CHECKPOINT_DIR,
  ),
} satisfies OptionTable<JobOptions>;

export const JOB_MODULE_OPTIONS = {
  module: text({ required: true, doc: 'path or URL of the module' }),
  data: anything({ doc: 'what its function gets beside the context: plain data' }),
  consoleToStderr: flag({ doc: 'whether what workers write with console goes to stderr' }),
  source: text({ doc: 'the file to bundle for workers, where it is not `module`' }),
} satisfies OptionTable<JobModule>;

/** The methods of a logger, beside `child`, which console has not. */
const LOG_METHODS = ['debug', 'info', 'warn', 'error'];

export const CONTEXT_OPTIONS = {
  ...SHARED_OPTIONS,
  name: text({ default: 'streamjob', forWorkers: true, expected: 'the job a name', doc: "the job's name in logs" }),
  checkpointDir: option(
    { absent: 'nowhere', doc: 'where state, windows and received data outlive a crash; false: nowhere' },
    CHECKPOINT_DIR,
  ),
  standardCheckpointDir: text({
    expected: 'a directory',
    doc: 'the checkpoint directory of a job that needs one and does not name it: what `streamjob run` gives',
  }),
  stateDir: text({
    expected: 'a directory',
    forWorkers: true,
    absent: "`state` in the checkpoint directory, or one among the machine's temporary files",
    doc: "with stateStore 'lmdb', a directory of its own for the database",
  }),
  job: object(JOB_MODULE_OPTIONS, {
    expected: 'the module of the job: { module: import.meta.url }',
    doc: "where worker threads find the job; needed for engine 'threads'",
    more: 'A module whose default export is a job (defineJob), or a function that gets a context and `data` and builds the same graph on it.',
  }),
  embeddedAgent: flag({
    default: false,
    doc: "whether the embedded agent feeds the job: unlike Flume's, its sinks have many requests in flight",
    more: '`streamjob run` says so.',
  }),
  maxBatches: count({
    min: 1,
    orInfinity: true,
    default: Number.POSITIVE_INFINITY,
    unit: 'batches',
    doc: 'stop after so many batches that held data',
  }),
  maxBacklogBytes: size({ default: '256MiB', doc: 'the most memory for received data that waits or is processed' }),
  maxLogBytes: size({ default: '8GiB', doc: 'the most disk for received data that waits in the write-ahead log' }),
  log: withMethods<Log>(LOG_METHODS, {
    absent: 'warnings and errors to stderr',
    doc: 'where lines go: a pino logger fits, and so does `console`',
  }),
  write: fn<(text: string) => void, 'default'>({
    default: computed('stdout', () => (text) => void process.stdout.write(text)),
    doc: 'takes what `print` prints',
  }),
  telemetry: withMethods<Telemetry, 'default'>(['counter', 'observableCounter', 'gauge', 'span'], {
    default: computed('nobody', () => noTelemetry),
    doc: 'takes counters, gauges and spans of the job: what it did, and what took time',
  }),
  clock: withMethods<Clock, 'default'>(['now', 'after'], {
    default: computed("the machine's", () => systemClock),
    doc: 'what time it is, and timers',
  }),
  files: withMethods<Files>(['create', 'read', 'rename'], {
    absent: "this machine's",
    doc: 'the file system of the checkpoint, for tests',
  }),
} satisfies OptionTable<StreamingContextOptions>;

/** A graceful stop is given this many batch intervals, and this many ms at least. */
const GRACE = { intervals: 10, leastMs: 30_000 };

/** Defaults depend on `batchInterval`, in ms, which is told when they are resolved. */
export const STOP_OPTIONS = {
  graceful: flag({
    default: true,
    doc: 'whether what was received is run and committed, or given back to where it came from',
  }),
  timeout: duration({
    default: computed('10 batch intervals, at least 30 s', ({ batchInterval }) =>
      Math.max(GRACE.leastMs, GRACE.intervals * Number(batchInterval)),
    ),
    doc: 'after this a graceful stop gives the rest back',
  }),
} satisfies OptionTable<StopOptions>;
