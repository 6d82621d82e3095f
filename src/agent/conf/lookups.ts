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

/** What a prefix stands for. */
export type LookUp = (name: string, given: Surroundings) => LookedUp;

/** The prefixes that there are, in lower case. */
export type Lookups = ReadonlyMap<string, LookUp>;

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

export const environment: LookUp = (name, { env }) => found(env[name], `the environment variable ${name} is not set`);

export const systemProperties: LookUp = (name, { system }) =>
  found(own(system, name) ?? own(SYSTEM, name)?.(), `there is no system property ${name}, which -D${name}=VALUE sets`);

export const java: LookUp = (name) => {
  if (OF_JAVA_ONLY.includes(name)) return { refused: `this is Node.js ${process.version}: there is no Java here` };
  return found(own(JAVA, name)?.(), `expected java:${Object.keys(JAVA).join(', java:')}`);
};

export const date: LookUp = (pattern) => {
  const formatted = formatDate(pattern, wallMs());
  if ('text' in formatted) return { value: formatted.text };
  return { refused: `the letter ${formatted.unknown} of the date format ${pattern} is not known here` };
};

/** The prefixes that there are unless `-Dlookups=FILE` names others. */
export const USUAL_LOOKUPS: Lookups = new Map([
  ['env', environment],
  ['sys', systemProperties],
  ['java', java],
  ['date', date],
]);

/**
 * Looks up a name with a prefix.
 * @returns undefined when it has none that is known: then it is another property of the files
 * @example lookUp('env:HOME', USUAL_LOOKUPS, { env: process.env }) // { value: '/home/me' }
 */
export function lookUp(name: string, lookups: Lookups, given: Surroundings): LookedUp | undefined {
  const [prefix, rest] = prefixOf(name);
  return prefix === undefined ? undefined : lookups.get(prefix.toLowerCase())?.(rest, given);
}

/** What stands before the first colon of a name, undefined where it has none, and what stands behind. */
export function prefixOf(name: string): [prefix: string | undefined, rest: string] {
  const colon = name.indexOf(':');
  return colon < 0 ? [undefined, name] : [name.slice(0, colon), name.slice(colon + 1)];
}

/** What `${X}` is where no property has that name: a variable of the environment, if Flume was told so. */
export function lookUpBare(name: string, { env, system }: Surroundings): string | undefined {
  return own(system, IMPLEMENTATION) === WITH_ENVIRONMENT ? env[name] : undefined;
}

/** A value, or why there is none. */
export function found(value: string | undefined, missing: string): LookedUp {
  return value === undefined ? { missing } : { value };
}

function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
