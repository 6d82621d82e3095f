/**
 * The flags of `streamjob run`, in one table: yargs reads them and describes them. A call that is plainly right is read without yargs, which
 * takes a fifth of the start of the command; yargs reads all others and says what is wrong.
 */
import type { Argv, CommandModule } from 'yargs';
import { JOB_OPTIONS } from '../api/options.ts';
import { defaultText, type Option, TRUE_OR_FALSE } from '../core/options.ts';

/** What `run` is called with; beside these, the options of a job, as texts. */
export interface RunFlags {
  readonly job: string;
  readonly batches?: number;
  readonly untilDrained: boolean;
  readonly json: boolean;
  readonly ui?: boolean;
  readonly uiPort?: number;
  readonly uiHost?: string;
  readonly uiToken?: string;
  readonly uiValues?: boolean;
  readonly uiRedact?: string;
  readonly uiRedactNames?: string;
  readonly readyLimit?: string;
  readonly record?: string;
  /** Whether `streamjob dev` has called it. */
  readonly dev?: boolean;
  readonly stackTrace?: boolean;
  readonly logLevel?: string;
  readonly [option: string]: unknown;
}

interface Flag {
  readonly type: 'boolean' | 'number' | 'string';
  readonly default?: boolean | string;
  /** What `--help` says the default is, where yargs is not to set it. */
  readonly defaultDescription?: string;
  readonly choices?: readonly string[];
  readonly describe?: string;
  readonly hidden?: boolean;
}

type Flags = Readonly<Record<string, Flag>>;

const DEFAULT_LEVEL = 'info';

/** Of all commands. */
export const COMMON_FLAGS: Flags = {
  'stack-trace': { type: 'boolean', default: false, describe: 'show stack traces of errors' },
  'log-level': {
    type: 'string',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    default: process.env['STREAMJOB_LOG_LEVEL'] ?? DEFAULT_LEVEL,
    describe: 'the least important lines to log',
  },
};

const RUN_FLAGS: Flags = {
  batches: { type: 'number', describe: 'stop after so many batches that held data' },
  'until-drained': { type: 'boolean', default: false, describe: 'stop when all input has been processed' },
  json: { type: 'boolean', default: false, describe: 'one JSON object per batch on stdout' },
  ui: { type: 'boolean', default: true, describe: "the job's web page, REST endpoints and metrics; --no-ui: none" },
  'ui-port': {
    type: 'number',
    describe: 'their port, 0 for any free one',
    defaultDescription: '4040, or the next free one',
  },
  'ui-host': { type: 'string', describe: 'the address they listen on', defaultDescription: '127.0.0.1' },
  'ui-token': {
    type: 'string',
    describe: 'allows changes to who sends it; without one nothing can be changed',
    defaultDescription: 'STREAMJOB_UI_TOKEN',
  },
  'ui-values': {
    type: 'boolean',
    default: true,
    describe: 'the page shows values (taps, states, dead letters); --no-ui-values: never',
  },
  'ui-redact': {
    type: 'string',
    describe: 'a regular expression: what it finds in values is not shown',
    defaultDescription: 'STREAMJOB_UI_REDACT',
  },
  'ui-redact-names': {
    type: 'string',
    describe: 'headers and fields whose values are not shown, with commas between',
    defaultDescription: 'STREAMJOB_UI_REDACT_NAMES',
  },
  'ready-limit': {
    type: 'string',
    describe: 'how long a batch may take before /readyz says no, e.g. 30s',
    defaultDescription: '10 batch intervals, 30s at least',
  },
  record: {
    type: 'string',
    describe: 'a directory that what each batch held is written to, for streamjob replay',
  },
  dev: { type: 'boolean', hidden: true, describe: 'what is tried out is remembered apart from what is run' },
  ...jobFlags(),
};

/** A flag of the command that is no option of the job. */
export interface OwnFlag {
  /** As RunFlags has it. */
  readonly name: string;
  readonly doc: string;
  /** What holds without it, in words; undefined: nothing does. */
  readonly byDefault: string | undefined;
  /** The variable of the environment that says it, too. */
  readonly variable: string | undefined;
}

const VARIABLES: Readonly<Record<string, string>> = {
  'ui-token': 'STREAMJOB_UI_TOKEN',
  'ui-redact': 'STREAMJOB_UI_REDACT',
  'ui-redact-names': 'STREAMJOB_UI_REDACT_NAMES',
  'log-level': 'STREAMJOB_LOG_LEVEL',
};

/** The flags of `run` that are no options of the job. */
export function runFlags(): readonly OwnFlag[] {
  const ofJob = jobFlags();
  return Object.entries({ ...RUN_FLAGS, ...COMMON_FLAGS })
    .filter(([name, { hidden }]) => !Object.hasOwn(ofJob, name) && hidden !== true)
    .map(([name, { default: own, defaultDescription, describe = '' }]) => {
      const variable = VARIABLES[name];
      const isVariable = defaultDescription !== undefined && defaultDescription === variable;
      const byDefault = name === 'log-level' ? DEFAULT_LEVEL : own === undefined ? defaultDescription : String(own);
      return { name: optionName(name), doc: describe, byDefault: isVariable ? undefined : byDefault, variable };
    });
}

/** Each option of a job is a flag. */
export function jobFlags(): Flags {
  return Object.fromEntries(
    Object.entries<Option>(JOB_OPTIONS).map(([name, option]) => [flagName(name), flagOf(option)]),
  );
}

/** Its default is told and not given to yargs: below the flag there are still the environment and the job file. */
function flagOf(option: Option): Flag {
  const { doc, choices } = option;
  const byDefault = defaultText(option)?.replaceAll('`', '');
  return {
    type: option.kind === TRUE_OR_FALSE ? 'boolean' : 'string',
    ...(doc && { describe: doc }),
    ...(byDefault && { defaultDescription: byDefault }),
    ...(choices && { choices }),
  };
}

/** @example flagName('batchInterval') // 'batch-interval' */
export function flagName(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** @example optionName('batch-interval') // 'batchInterval' */
function optionName(flag: string): string {
  return flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The command, for yargs. @param run what it does */
export function runCommand(run: (flags: RunFlags) => Promise<void>): CommandModule<object, RunFlags> {
  return {
    command: 'run <job>',
    describe: 'run a job until Ctrl+C',
    builder: (args) =>
      addRunFlags(args).example('$0 run jobs/wordcount.ts --until-drained --json', 'count the sample, then stop'),
    handler: run,
  };
}

/** Tells yargs of the job and the flags of `run`. */
export function addRunFlags(args: Argv): Argv<RunFlags> {
  const own = args.positional('job', {
    type: 'string',
    demandOption: true,
    describe: 'the job file, TypeScript or JavaScript',
  });
  // What yargs infers of each flag is what RunFlags says.
  return addFlags(own, RUN_FLAGS) as Argv<never>;
}

/** Tells yargs of flags. */
export function addFlags<T>(args: Argv<T>, flags: Flags): Argv<T> {
  for (const [name, flag] of Object.entries(flags)) args.option(name, flag);
  return args;
}

/**
 * Reads the words of a call of `run`.
 * @param words those after `run`
 * @returns undefined when yargs is to read them: a word is not known, has no value, comes twice, or may be read in two ways
 * @example plainFlags(['job.ts', '--json']) // { job: 'job.ts', json: true, untilDrained: false, … }
 */
export function plainFlags(words: readonly string[]): RunFlags | undefined {
  const known: Flags = { ...COMMON_FLAGS, ...RUN_FLAGS };
  const given = new Map<string, string | number | boolean>();
  let job: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (!word.startsWith('-')) {
      if (job !== undefined || !isPlain(word)) return undefined;
      job = word;
      continue;
    }
    const [, no, name = '', joined] = /^--(no-)?([a-z-]+)(?:=(.*))?$/s.exec(word) ?? [];
    const flag = Object.hasOwn(known, name) ? known[name] : undefined;
    if (flag === undefined || given.has(name)) return undefined;
    if (no !== undefined && flag.type !== 'boolean') return undefined;
    const value = readValue(flag, no === undefined, joined, words[i + 1]);
    if (value === undefined) return undefined;
    if (flag.type !== 'boolean' && joined === undefined) i++;
    given.set(name, value);
  }
  if (job === undefined) return undefined;
  for (const [name, flag] of Object.entries(known)) {
    if (flag.default === undefined || given.has(name)) continue;
    if (!isChoice(flag, flag.default)) return undefined;
    given.set(name, flag.default);
  }
  const flags = Object.fromEntries([...given].map(([name, value]) => [optionName(name), value]));
  return { untilDrained: false, json: false, ...flags, job };
}

function readValue(
  flag: Flag,
  isSet: boolean,
  joined: string | undefined,
  next: string | undefined,
): string | number | boolean | undefined {
  if (flag.type === 'boolean') return joined !== undefined || next === 'true' || next === 'false' ? undefined : isSet;
  const text = joined ?? next;
  if (text === undefined || !isPlain(text) || !isChoice(flag, text)) return undefined;
  if (flag.type === 'string') return text;
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : undefined;
}

/** yargs takes quotes off, and reads what begins with a hyphen as a flag. */
function isPlain(text: string): boolean {
  return text !== '' && !/^[-'"]/.test(text);
}

function isChoice({ choices }: Flag, value: string | boolean): boolean {
  return choices?.some((each) => each === value) !== false;
}
