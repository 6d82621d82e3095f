/**
 * The commands with their flags, as their builders tell them to yargs: they are called with one that only takes notes. yargs has no public
 * way to ask for this, and its own completion starts the program at every press of the key.
 */
import type { Argv } from 'yargs';
import { flagName } from '../run-flags.ts';

/** What is completed where a value stands. */
export type Values = 'files' | 'directories' | 'nothing' | readonly string[];

/** A flag of a command. */
export interface NotedFlag {
  /** With its hyphens: `-n`, `--name`. */
  readonly names: readonly string[];
  readonly describe: string;
  /** Undefined: it has no value. */
  readonly values: Values | undefined;
}

/** A command, or one below another. */
export interface NotedCommand {
  /** `tool`, `tool fcintegrity`. */
  readonly words: string;
  readonly describe: string;
  readonly flags: readonly NotedFlag[];
  /** Of the words that are no flags. */
  readonly values: Values;
  readonly children: readonly NotedCommand[];
}

/** What builders give yargs of a flag or of a word, as far as it is used here. */
interface Given {
  readonly type?: string;
  readonly alias?: string | readonly string[];
  readonly choices?: readonly string[];
  readonly default?: unknown;
  readonly describe?: string;
  readonly hidden?: boolean;
}

interface GivenCommand {
  readonly command: string;
  /** False: nobody is to see it. */
  readonly describe: string | false;
  readonly builder: (yargs: Argv) => unknown;
}

/** Builds commands: it calls the methods of yargs. */
export type Build = (yargs: Argv) => unknown;

/**
 * The commands that `build` adds to a parser.
 * @param build is called with a parser that parses nothing
 * @param known the words that the position of a name takes, where the builder does not say it by `choices`
 * @example notedCommands((parser) => parser.command(checkCommand)) // [{ words: 'check', flags: […], … }]
 */
export function notedCommands(build: Build, known: Readonly<Record<string, readonly string[]>>): NotedCommand[] {
  const { commands, flags } = notesOf(build);
  return commands.map((command) => note(command, '', flags, known));
}

interface Notes {
  readonly flags: [name: string, given: Given][];
  readonly words: [name: string, given: Given][];
  readonly commands: GivenCommand[];
}

function notesOf(build: Build): Notes {
  const notes: Notes = { flags: [], words: [], commands: [] };
  const methods: Readonly<Record<string, (...given: readonly never[]) => unknown>> = {
    option: (name: string, given: Given) => notes.flags.push([name, given]),
    options: (all: Readonly<Record<string, Given>>) => notes.flags.push(...Object.entries(all)),
    positional: (name: string, given: Given) => notes.words.push([name, given]),
    command: (given: GivenCommand) => given.describe === false || notes.commands.push(given),
  };
  const taker: object = new Proxy(
    {},
    {
      get:
        (_, method) =>
        (...given: readonly never[]) => {
          methods[String(method)]?.(...given);
          return taker;
        },
    },
  );
  build(taker as Argv);
  return notes;
}

function note(
  { command, describe, builder }: GivenCommand,
  above: string,
  common: Notes['flags'],
  known: Readonly<Record<string, readonly string[]>>,
): NotedCommand {
  const notes = notesOf(builder);
  const words = `${above}${command.split(' ', 1)[0]}`;
  const [position] = notes.words;
  return {
    words,
    describe: describe || '',
    flags: [...notes.flags, ...common].flatMap(flagsOf).concat({
      names: ['--help'],
      describe: 'show help',
      values: undefined,
    }),
    values: position === undefined ? 'nothing' : valuesOf(position, known),
    children: notes.commands.map((child) => note(child, `${words} `, common, known)),
  };
}

function flagsOf([name, given]: [name: string, given: Given]): NotedFlag[] {
  const { alias = [], describe = '', hidden, type } = given;
  if (hidden === true) return [];
  // yargs takes each name in both forms.
  const all = [name, ...[alias].flat()].map((each) => (each.length === 1 ? `-${each}` : `--${flagName(each)}`));
  const names = [...new Set(all)];
  if (type !== 'boolean') return [{ names, describe, values: valuesOfFlag(name, given) }];
  const flag: NotedFlag = { names, describe, values: undefined };
  const long = names.filter((each) => each.startsWith('--')).map((each) => each.replace(/^--/, '--no-'));
  return given.default === true ? [flag, { ...flag, names: long }] : [flag];
}

/** Of a word: files unless it says otherwise. */
function valuesOf([name, given]: Notes['words'][number], known: Readonly<Record<string, readonly string[]>>): Values {
  return given.choices ?? known[name] ?? (DIRECTORY.test(name) ? 'directories' : 'files');
}

/** Of a flag: most take a number, a time, a name. */
function valuesOfFlag(name: string, { choices, type }: Given): Values {
  if (choices !== undefined) return choices;
  if (DIRECTORY.test(name)) return 'directories';
  return type !== 'number' && FILE.test(name) ? 'files' : 'nothing';
}

const DIRECTORY = /(?:dir(?:s|ectory|name)?|^from|^record)$/i;
const FILE = /(?:file|filename|conf|agent|props|validator|compare)$/i;
