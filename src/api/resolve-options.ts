/** The options of a job, compiled once from all places they come from: flag over environment over job file over default. */

import { StreamjobError } from '../core/errors.ts';
import type { Option } from '../core/options.ts';
import { checkOptions, misfit } from '../core/options.ts';
import { didYouMean } from '../core/registry.ts';
import type { Reliability } from '../core/reliability.ts';
import type { BackpressureOptions } from '../flow/batch/rate-control.ts';
import { DEFAULT_DEAD_LETTER_FILE } from '../flow/output/dead-letters.ts';
import type { JobOptions } from './job-options.ts';
import { JOB_OPTIONS } from './options.ts';

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
