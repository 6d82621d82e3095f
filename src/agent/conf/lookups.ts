/**
 * Where the variables of a flume.conf come from, by their prefixes: `${env:X}`, `${sys:X}`, `${java:os}`, `${date:yyyy-MM-dd}`. What
 * Java calls system properties is what the command line gives as `-Dname=value`, and a few that every Java has.
 */
import os from 'node:os';
import path from 'node:path';
import { wallMs } from '../../core/machine.ts';
import { formatDate } from './date-format.ts';

/** What stands around a file that is read. */
export interface Surroundings {
  /** Where `${env:X}` comes from. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where `${sys:X}` comes from: `-DX=value`. */
  readonly system?: Readonly<Record<string, string>> | undefined;
}

/** A value; or why there is none: it is not set, which leaves the text as it is, or it is refused. */
export type LookedUp = { readonly value: string } | { readonly missing: string } | { readonly refused: string };

type LookUp = (name: string, given: Surroundings) => LookedUp;

/** The system property that lets `${X}` without a prefix be a variable of the environment. */
const IMPLEMENTATION = 'propertiesImplementation';
const WITH_ENVIRONMENT = 'org.apache.flume.node.EnvVarResolverProperties';

const JAVA: Readonly<Record<string, () => string>> = {
  os: () => `${os.type()} ${os.release()}, architecture: ${os.arch()}`,
  hardware: () => `processors: ${os.availableParallelism()}, architecture: ${os.arch()}`,
  locale: () => `default locale: ${Intl.DateTimeFormat().resolvedOptions().locale}, platform encoding: UTF-8`,
};
/** What says which Java it is. */
const OF_JAVA_ONLY = ['version', 'runtime', 'vm'];

/** System properties that every Java has. */
const SYSTEM: Readonly<Record<string, () => string>> = {
  'user.home': () => os.homedir(),
  'user.dir': () => process.cwd(),
  'user.name': () => os.userInfo().username,
  'java.io.tmpdir': () => os.tmpdir(),
  'os.name': () => os.type(),
  'os.version': () => os.release(),
  'os.arch': () => os.arch(),
  'file.separator': () => path.sep,
  'path.separator': () => path.delimiter,
  'line.separator': () => os.EOL,
};

const PREFIXES: Readonly<Record<string, LookUp>> = {
  env: (name, { env }) => found(env[name], `the environment variable ${name} is not set`),
  sys: (name, { system }) =>
    found(
      own(system, name) ?? own(SYSTEM, name)?.(),
      `there is no system property ${name}, which -D${name}=VALUE sets`,
    ),
  java: (name) => {
    if (OF_JAVA_ONLY.includes(name)) return { refused: `this is Node.js ${process.version}: there is no Java here` };
    return found(own(JAVA, name)?.(), `expected java:${Object.keys(JAVA).join(', java:')}`);
  },
  date: (pattern) => {
    const date = formatDate(pattern, wallMs());
    if ('text' in date) return { value: date.text };
    return { refused: `the letter ${date.unknown} of the date format ${pattern} is not known here` };
  },
};

/**
 * Looks up a name with a prefix.
 * @returns undefined when it has none that is known: then it is another property of the files
 * @example lookUp('env:HOME', { env: process.env }) // { value: '/home/me' }
 */
export function lookUp(name: string, given: Surroundings): LookedUp | undefined {
  const [, prefix = '', rest = ''] = /^(\w+):(.*)$/s.exec(name) ?? [];
  return own(PREFIXES, prefix.toLowerCase())?.(rest, given);
}

/** What `${X}` is where no property has that name: a variable of the environment, if Flume was told so. */
export function lookUpBare(name: string, { env, system }: Surroundings): string | undefined {
  return own(system, IMPLEMENTATION) === WITH_ENVIRONMENT ? env[name] : undefined;
}

function found(value: string | undefined, missing: string): LookedUp {
  return value === undefined ? { missing } : { value };
}

function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
