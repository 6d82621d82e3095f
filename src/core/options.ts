/**
 * Options objects of users: an option is declared once, with its kind and what it does, and the checks of each object derive from
 * the declaration. Where nothing checks them, a misspelt `dedup` switches exactly-once off without a word, and a limit that is NaN
 * is no limit. The type of a table holds it equal to the interface that users see: an option in one of them only does not compile.
 */
import { inspect } from 'node:util';
import { parseDuration } from './duration.ts';
import { StreamjobError } from './errors.ts';
import { didYouMean } from './registry.ts';

/** One option. */
export interface Option {
  /** What fits, behind "give …". */
  readonly expected: string;
  /** What it does, for the command line and the documentation; options that only programs have may go without. */
  readonly doc?: string;
  readonly required?: boolean;
  /** For `--help`: the words that fit, where there are few. */
  readonly choices?: readonly string[];
  /**
   * The value, or undefined when it does not fit. Objects are checked by their own table, which throws.
   * @param isText the value comes from the command line or the environment, where everything is a text
   */
  readonly read: (value: unknown, where: string, isText: boolean) => unknown;
}

/** An option for each property of `O`. */
export type OptionTable<O extends object> = { readonly [K in keyof Required<O>]: Option };

interface Spec {
  readonly doc?: string;
  readonly required?: boolean;
}

const MIB = 1024 * 1024;
const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kib: 1024,
  mib: MIB,
  gib: 1024 * MIB,
  kb: 1000,
  mb: 1e6,
  gb: 1e9,
};

/** Bytes as users write them: a number, or a text such as '64MiB'. */
export type SizeLike = number | string;

/**
 * Bytes of a size.
 * @param value a whole number greater than 0, or a text with the unit KiB, MiB, GiB (1024) or kB, MB, GB (1000)
 * @param option the option's name, for the error
 * @throws StreamjobError CONFIG_INVALID
 * @example sizeBytes('64MiB', 'maxFrameBytes') // 67108864
 */
export function sizeBytes(value: SizeLike, option: string): number {
  const bytes = parseSize(value);
  if (bytes !== undefined) return bytes;
  throw misfit(option, value, size({}), '');
}

function parseSize(value: unknown): number | undefined {
  let bytes = value;
  if (typeof value === 'string') {
    const match = /^\s*(\d+(?:\.\d+)?)\s*([kmg]i?b|b)?\s*$/i.exec(value);
    const unit = SIZE_UNITS[(match?.[2] ?? '').toLowerCase()];
    bytes = match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
  }
  return typeof bytes === 'number' && Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** Bytes. */
export function size(spec: Spec): Option {
  return { ...spec, expected: "whole bytes greater than 0, or a text such as '64MiB' or '1GB'", read: parseSize };
}

/** ms greater than 0 and at most ten years, or a text; with `orZero` 0 too. */
export function duration(spec: Spec & { readonly orZero?: boolean }): Option {
  const least = spec.orZero === true ? 'of at least 0' : 'greater than 0';
  return {
    ...spec,
    expected: `whole milliseconds ${least} as a number, or a text such as '250ms', '1s', '5m', '1h'`,
    read: (value) => {
      if (value === 0 && spec.orZero === true) return 0;
      return typeof value === 'number' || typeof value === 'string' ? parseDuration(value) : undefined;
    },
  };
}

/** A whole number from `min` (0) to `max`. */
export function count(spec: Spec & { readonly min?: number; readonly max?: number }): Option {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return {
    ...spec,
    expected: `a whole number ${range}`,
    read: (value, _, isText) => {
      const number = isText ? numberOf(value) : value;
      return typeof number === 'number' && Number.isSafeInteger(number) && number >= min && number <= max
        ? number
        : undefined;
    },
  };
}

/** A number above 0, not necessarily whole. */
export function positive(spec: Spec & { readonly orInfinity?: boolean }): Option {
  return {
    ...spec,
    expected: 'a number greater than 0',
    read: (value) =>
      typeof value === 'number' && value > 0 && (Number.isFinite(value) || spec.orInfinity === true)
        ? value
        : undefined,
  };
}

/** A TCP port; 0: any free one. */
export function port(spec: Spec): Option {
  return { ...count({ ...spec, max: 65_535 }), expected: 'a port from 1 to 65535, or 0 for any free one' };
}

/** A text that is not empty. */
export function text(spec: Spec & { readonly expected?: string }): Option {
  return {
    ...spec,
    expected: spec.expected ?? 'a text',
    read: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
  };
}

/** true or false. */
export function flag(spec: Spec): Option {
  return { ...spec, expected: 'true or false', read: (value) => (typeof value === 'boolean' ? value : undefined) };
}

/** One of some words or numbers. */
export function oneOf(allowed: readonly (string | number)[], spec: Spec): Option {
  const shown = allowed.map((each) => (typeof each === 'string' ? `'${each}'` : each));
  return {
    ...spec,
    expected: [shown.slice(0, -1).join(', '), shown.at(-1)].join(' or '),
    choices: allowed.map(String),
    read: (value, _, isText) => allowed.find((each) => each === value || (isText && String(each) === value)),
  };
}

/** A function. */
export function fn(spec: Spec & { readonly expected?: string }): Option {
  return {
    ...spec,
    expected: spec.expected ?? 'a function',
    read: (value) => (typeof value === 'function' ? value : undefined),
  };
}

/** A list whose items fit `item`. */
export function list(item: Option, spec: Spec & { readonly min?: number; readonly expected: string }): Option {
  return {
    ...spec,
    read: (value, where, isText) => {
      if (!Array.isArray(value) || value.length < (spec.min ?? 0)) return undefined;
      const items = value.map((each: unknown, i) => item.read(each, `${where}[${i}]`, isText));
      return items.includes(undefined) ? undefined : items;
    },
  };
}

/** An object with options of its own. */
export function object<O extends object>(table: OptionTable<O>, spec: Spec & { readonly expected: string }): Option {
  return {
    ...spec,
    read: (value, where) => {
      if (!isObject(value)) return undefined;
      checkOptions(where, table, value);
      return value;
    },
  };
}

/** What fits one of several kinds; each is tried in turn, and the last one's own error counts. */
export function anyOf(kinds: readonly Option[], spec: Spec & { readonly expected?: string }): Option {
  return {
    ...spec,
    expected: spec.expected ?? kinds.map(({ expected }) => expected).join('; or '),
    read: (value, where, isText) => {
      for (const kind of kinds) {
        const read = kind.read(value, where, isText);
        if (read !== undefined) return read;
      }
      return undefined;
    },
  };
}

/** Just this value. */
export function exactly(value: unknown): Option {
  return { expected: inspect(value), read: (given) => (given === value ? given : undefined) };
}

/** Anything at all: a value that only the user's own code understands, or an object with methods (a clock, a logger). */
export function anything(spec: Spec & { readonly expected?: string }): Option {
  return { ...spec, expected: spec.expected ?? 'a value', read: (value) => value };
}

/** An object with these methods. */
export function withMethods(methods: readonly string[], spec: Spec): Option {
  return {
    ...spec,
    expected: `an object with the methods ${methods.join(', ')}`,
    read: (value) => {
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
      return methods.every((name) => typeof Reflect.get(value, name) === 'function') ? value : undefined;
    },
  };
}

/**
 * Checks an options object: no unknown names, nothing required missing, each value as its option wants it. An option that is undefined
 * counts as left out.
 * @param where what takes the options, for errors: 'flumeStream', 'stop'
 * @throws StreamjobError CONFIG_UNKNOWN with the nearest known name; CONFIG_INVALID
 * @example checkOptions('stop', { graceful: flag({}) }, { gracefull: true }) // throws: did you mean graceful?
 */
export function checkOptions<O extends object>(where: string, table: OptionTable<O>, given: unknown): void {
  const options: Readonly<Record<string, Option>> = table;
  if (!isObject(given)) {
    throw new StreamjobError('CONFIG_INVALID', `${where} takes an object with options, not ${shown(given)}`, { where });
  }
  for (const [name, value] of Object.entries(given)) {
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) throw unknownOption(where, name, Object.keys(options));
    if (value !== undefined && option.read(value, `${where}, ${name}`, false) === undefined) {
      throw misfit(name, value, option, where);
    }
  }
  for (const [name, { required, expected }] of Object.entries(options)) {
    if (required !== true || Reflect.get(given, name) !== undefined) continue;
    throw new StreamjobError('CONFIG_INVALID', `${where} needs the option ${name}`, {
      where,
      hint: `give ${expected}`,
    });
  }
}

/** That there is no option of a name. */
export function unknownOption(where: string, name: string, known: readonly string[]): StreamjobError {
  return new StreamjobError('CONFIG_UNKNOWN', `${where} has no option ${name}`, {
    where,
    hint: `${didYouMean(name, known)}options are ${known.join(', ')}`,
  });
}

/** That a value does not fit its option. @param where what takes the option; empty: the option alone says it */
export function misfit(name: string, value: unknown, { expected }: Option, where: string): StreamjobError {
  return new StreamjobError('CONFIG_INVALID', `${name} cannot be ${shown(value)}`, {
    where: where === '' ? name : `${where}, ${name}`,
    hint: `give ${expected}`,
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberOf(value: unknown): unknown {
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
}

const LONGEST_SHOWN = 80;

function shown(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
