/** The options of a job, compiled once from all places they come from: flag over environment over job file over default. */

import { StreamjobError } from '../core/errors.ts';
import {
  checkOptions,
  misfit,
  type Option,
  type Resolved,
  resolveOptions,
  type Table,
  withDefaults,
} from '../core/options.ts';
import { didYouMean } from '../core/registry.ts';
import type { JobOptions } from './job-options.ts';
import { AGENT_OPTIONS, JOB_OPTIONS } from './options.ts';

/** Options with everything filled in. */
export type ResolvedJobOptions = Omit<Resolved<typeof JOB_OPTIONS>, 'agent'> & {
  readonly agent: Resolved<typeof AGENT_OPTIONS> | undefined;
  /** Whether somebody asked for the level: then the embedded agent keeps it too. */
  readonly reliabilityAsked: boolean;
};

/** What flags and the environment may say: texts, by option name. */
export type OptionTexts = Readonly<Record<string, string | undefined>>;

const OPTIONS: Table = JOB_OPTIONS;

/** Variables that are ours and no options of a job: the last is the test kit's. */
const OTHER_VARIABLES = [
  ...['STREAMJOB_LOG_LEVEL', 'STREAMJOB_UI_TOKEN', 'STREAMJOB_UI_REDACT', 'STREAMJOB_UI_REDACT_NAMES'],
  'STREAMJOB_SEED',
];

/**
 * Flag over environment over job file over default.
 * @param env the process's environment; `STREAMJOB_BATCH_INTERVAL` stands for batchInterval
 * @throws StreamjobError CONFIG_INVALID, CONFIG_UNKNOWN
 */
export function resolveJobOptions(file: JobOptions, flags: OptionTexts, env: OptionTexts): ResolvedJobOptions {
  checkOptions('defineJob', mayBeElsewhere(OPTIONS), file);
  checkVariables(env);
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(OPTIONS)) {
    const text = flags[name] ?? env[environmentName(name)];
    const given = text ?? (Reflect.get(file, name) as unknown);
    if (given !== undefined) values[name] = readOption(name, option, given, text !== undefined);
    if (option.required === true && values[name] === undefined) throw misfit(name, undefined, option, '');
  }
  const { agent, ...resolved } = withDefaults(JOB_OPTIONS, values);
  return {
    ...resolved,
    agent: resolveAgent(agent),
    reliabilityAsked: values['reliability'] !== undefined,
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
function mayBeElsewhere(table: Table): Table {
  return Object.fromEntries(Object.entries(table).map(([name, option]) => [name, { ...option, required: false }]));
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

function resolveAgent(agent: Resolved<typeof JOB_OPTIONS>['agent']): ResolvedJobOptions['agent'] {
  if (agent === undefined || agent === '') return undefined;
  return typeof agent === 'string' ? resolveOptions('agent', AGENT_OPTIONS, { conf: agent }) : agent;
}
