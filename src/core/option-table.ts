/**
 * Options objects of users: an option is declared once, in the table of what takes it, with its kind, its default and what it does. The
 * checks, the defaults, what worker threads are told and the documentation derive from the table. Where nothing checks an options object,
 * a misspelt `dedup` switches exactly-once off without a word, and a limit that is NaN is no limit. The kinds are in options.ts.
 */
import { inspect } from 'node:util';
import { StreamjobError } from './errors.ts';
import { didYouMean } from './registry.ts';

/** Whether a resolved object has the option for certain: because users must give it, or because it has a default. */
export type Presence = 'required' | 'default' | 'optional';

/** The values of other options, by their names: what a default may depend on. */
export type Others = Readonly<Record<string, unknown>>;

/** A default that is worked out when options are resolved. */
export class Computed<T> {
  /** What it is, for people: 'as many as there are cores'. */
  readonly says: string;
  readonly value: (others: Others) => T;

  constructor(says: string, value: (others: Others) => T) {
    this.says = says;
    this.value = value;
  }
}

/**
 * A default that depends on other options or on the machine.
 * @param says what it is, for the documentation
 * @param value gets the other options: those that users gave, those with plain defaults, and the computed ones before it in the table
 * @example count({ default: computed('as many as there are cores', () => availableParallelism()) })
 */
export function computed<T>(says: string, value: (others: Others) => T): Computed<T> {
  return new Computed(says, value);
}

/** What each declaration may say, whatever its kind. `In` is what users write, `Out` what is made of it. */
export interface Spec<Out, In = Out> {
  /** What it does, in a sentence without its full stop: for `--help` and the documentation. */
  readonly doc?: string;
  /** Further sentences, for the documentation alone. */
  readonly more?: string;
  /** What a number counts: 'events', 'bytes'. */
  readonly unit?: string;
  readonly required?: boolean;
  /** As users would write it. */
  readonly default?: In | Computed<Out>;
  /** Of an option without default: what happens when nobody gives it. */
  readonly absent?: string;
  /** Whether worker threads are told it, because the graph that they build may depend on it. */
  readonly forWorkers?: boolean;
}

/** One option. */
export interface Option<Out = unknown, In = unknown, P extends Presence = Presence> extends Spec<Out, In> {
  /** What fits, behind "give …". */
  readonly expected: string;
  /** What kind of value it is, in a word or two. */
  readonly kind: string;
  readonly presence: P;
  /** For `--help`: the words that fit, where there are few. */
  readonly choices?: readonly string[];
  /** The options that its value has itself, for the documentation. */
  readonly table?: Table;
  /** How a default that is no text is written for people, where that is not as it stands. */
  readonly show?: (value: unknown) => string;
  /**
   * The value, or undefined when it does not fit. Objects are checked by their own table, which throws.
   * @param isText the value comes from the command line or the environment, where everything is a text
   */
  readonly read: (value: unknown, where: string, isText: boolean) => Out | undefined;
}

/** Options by their names. */
export type Table = Readonly<Record<string, Option>>;

/** An option for each property of `O`. */
export type OptionTable<O extends object> = { readonly [K in keyof Required<O>]: Option };

/** The option that a declaration `S` makes. */
export type Declared<Out, In, S> = Option<
  Out,
  In,
  S extends { required: true } ? 'required' : S extends { default: unknown } ? 'default' : 'optional'
>;

/** What a kind knows of its options. */
export type Kind<Out> = Pick<Option<Out>, 'expected' | 'kind' | 'choices' | 'table' | 'show' | 'read'>;

/**
 * Declares an option of a kind of its own, whose values are used as users write them.
 * @example option({ required: true }, { kind: 'letter', expected: 'a letter', read: (v) => (v === 'a' ? 'a' : undefined) })
 */
export function option<Out, const S extends Spec<Out>>(spec: S, kind: Kind<Out>): Declared<Out, Out, S> {
  return declared<Out, Out, S>(spec, kind);
}

/** As {@link option}, of a kind that makes `Out` of the `In` that users write. */
export function declared<Out, In, const S extends Spec<Out, In>>(spec: S, kind: Kind<Out>): Declared<Out, In, S> {
  const presence: Presence = spec.required === true ? 'required' : spec.default === undefined ? 'optional' : 'default';
  // The type says of `presence` what the line above works out.
  return { ...spec, ...kind, presence } as unknown as Declared<Out, In, S>;
}

type IsSure = Option<unknown, unknown, 'required' | 'default'>;
type IsRequired = Option<unknown, unknown, 'required'>;
/** What an option makes of a value. */
export type OutOf<E> = E extends Option<infer Out, unknown> ? Out : never;
/** What users may write for an option. */
export type InOf<E> = E extends Option<unknown, infer In> ? In : never;
type Shown<T> = { [K in keyof T]: T[K] };

/** What a table makes of an options object: with all defaults, durations in ms, sizes in bytes. What nobody gave is not in it. */
export type Resolved<T> = Shown<
  { readonly [K in keyof T as T[K] extends IsSure ? K : never]: OutOf<T[K]> } & {
    readonly [K in keyof T as T[K] extends IsSure ? never : K]?: OutOf<T[K]>;
  }
>;

/** The options objects that users may write for a table. */
export type Given<T> = Shown<
  { readonly [K in keyof T as T[K] extends IsRequired ? K : never]: InOf<T[K]> } & {
    readonly [K in keyof T as T[K] extends IsRequired ? never : K]?: InOf<T[K]>;
  }
>;

/**
 * Checks an options object: no unknown names, nothing required missing, each value as its option wants it. An option that is undefined
 * counts as left out.
 * @param where what takes the options, for errors: 'flumeStream', 'stop'
 * @throws StreamjobError CONFIG_UNKNOWN with the nearest known name; CONFIG_INVALID
 * @example checkOptions('stop', { graceful: flag({}) }, { gracefull: true }) // throws: did you mean graceful?
 */
export function checkOptions<O extends object>(where: string, table: OptionTable<O>, given: unknown): void {
  readGiven(where, table, given);
}

/**
 * Checks an options object, and fills in the defaults.
 * @param where what takes the options, for errors: 'flumeStream', 'stop'
 * @param around what computed defaults may depend on besides the options themselves
 * @throws StreamjobError CONFIG_UNKNOWN with the nearest known name; CONFIG_INVALID
 * @example resolveOptions('stop', { timeout: duration({ default: '30s' }) }, {}) // { timeout: 30000 }
 */
export function resolveOptions<T extends Table>(where: string, table: T, given: unknown, around?: Others): Resolved<T> {
  return withDefaults(table, readGiven(where, table, given), around);
}

/**
 * Fills in the defaults of values that were read already.
 * @param values by option; those that are not there or undefined get their defaults
 * @param around what computed defaults may depend on besides the options themselves
 */
export function withDefaults<T extends Table>(table: T, values: Others, around: Others = {}): Resolved<T> {
  const filled: Record<string, unknown> = {};
  const fill = (name: string, value: unknown): void => {
    if (value !== undefined) filled[name] = value;
  };
  for (const [name, option] of Object.entries(table)) {
    const { default: plain } = option;
    const isPlain = plain !== undefined && !(plain instanceof Computed);
    fill(name, values[name] === undefined && isPlain ? option.read(plain, name, false) : values[name]);
  }
  for (const [name, option] of Object.entries(table)) {
    if (filled[name] === undefined && option.default instanceof Computed) {
      fill(name, option.default.value({ ...around, ...filled }));
    }
  }
  // What is required is among the values, and what has a default is there now.
  return filled as Resolved<T>;
}

/**
 * The options that worker threads are told.
 * @param values of the options of this thread
 * @example optionsForWorkers({ name: text({ forWorkers: true }), linger: duration({}) }, { name: 'a', linger: 2 }) // { name: 'a' }
 */
export function optionsForWorkers(table: Table, values: Others): Others {
  return Object.fromEntries(
    Object.entries(values).filter(([name, value]) => table[name]?.forWorkers === true && value !== undefined),
  );
}

/**
 * The default of an option, for people; of one without default, what happens when nobody gives it. Undefined: the table does not say.
 * @example defaultText(duration({ default: 2000 })) // '2s'
 */
export function defaultText(option: Option): string | undefined {
  const { default: plain, absent, show = showPlain } = option;
  if (plain instanceof Computed) return plain.says;
  if (plain === undefined) return absent;
  return typeof plain === 'string' ? plain : show(option.read(plain, '', false));
}

/** An option as it was resolved, for people. */
export interface SettingText {
  readonly name: string;
  readonly value: string;
  /** What the option does; empty: nothing is said of it. */
  readonly doc: string;
  /** What holds when nobody gives it; undefined: nothing does. */
  readonly byDefault: string | undefined;
}

/** Options as they were resolved, for people: those that are plain values, and objects with options of their own as JSON. */
export function settingTexts(table: Table, resolved: object): SettingText[] {
  return Object.entries(table).flatMap(([name, option]) => {
    const { doc = '', show = showPlain } = option;
    const value: unknown = Reflect.get(resolved, name);
    const isPlain = ['string', 'number', 'boolean'].includes(typeof value);
    const isTable = typeof value === 'object' && value !== null && option.kind !== 'object';
    if (!isPlain && !isTable) return [];
    const text = typeof value === 'string' ? value : isTable ? JSON.stringify(value, withNoLimit) : show(value);
    return [{ name, value: text, doc, byDefault: defaultText(option) }];
  });
}

/** JSON has no number for what has no limit. */
function withNoLimit(_: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? 'no limit' : value;
}

function showPlain(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? value.toLocaleString('en-US') : 'no limit';
  return Array.isArray(value) && value.length === 0 ? 'none' : String(value);
}

/** The values of an options object, each as its option reads it. */
function readGiven(where: string, table: Table, given: unknown): Others {
  if (!isObject(given)) {
    throw new StreamjobError('CONFIG_INVALID', `${where} takes an object with options, not ${shown(given)}`, { where });
  }
  const values: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const option = Object.hasOwn(table, name) ? table[name] : undefined;
    if (option === undefined) throw unknownOption(where, name, Object.keys(table));
    if (value === undefined) continue;
    values[name] = option.read(value, `${where}, ${name}`, false);
    if (values[name] === undefined) throw misfit(name, value, option, where);
  }
  for (const [name, { required, expected }] of Object.entries(table)) {
    if (required !== true || Reflect.get(given, name) !== undefined) continue;
    throw new StreamjobError('CONFIG_INVALID', `${where} needs the option ${name}`, {
      where,
      hint: `give ${expected}`,
    });
  }
  return values;
}

/** That there is no option of a name. */
export function unknownOption(where: string, name: string, known: readonly string[]): StreamjobError {
  return new StreamjobError('CONFIG_UNKNOWN', `${where} has no option ${name}`, {
    where,
    hint: `${didYouMean(name, known)}options are ${known.join(', ')}`,
  });
}

/** That a value does not fit its option. @param where what takes the option; empty: the option alone says it */
export function misfit(
  name: string,
  value: unknown,
  { expected }: Pick<Option, 'expected'>,
  where: string,
): StreamjobError {
  return new StreamjobError('CONFIG_INVALID', `${name} cannot be ${shown(value)}`, {
    where: where === '' ? name : `${where}, ${name}`,
    hint: `give ${expected}`,
  });
}

/** Whether a value is an object with properties, and no list. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const LONGEST_SHOWN = 80;

function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
