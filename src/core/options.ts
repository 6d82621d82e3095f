/** The kinds of options, of which tables are made; what is done with a table is in option-table.ts. */
import { inspect } from 'node:util';
import { type DurationLike, parseDuration } from './duration.ts';
import {
  type Declared,
  declared,
  type Given,
  type InOf,
  isObject,
  type Option,
  type OutOf,
  option,
  type Presence,
  type Resolved,
  resolveOptions,
  type Spec,
  type Table,
} from './option-table.ts';
import { GIB, KIB, MIB, parseSize, type SizeLike } from './size.ts';

export {
  checkOptions,
  computed,
  defaultText,
  type Given,
  isObject,
  misfit,
  type Option,
  type OptionTable,
  option,
  optionsForWorkers,
  type Resolved,
  resolveOptions,
  type SettingText,
  settingTexts,
  type Table,
  unknownOption,
  withDefaults,
} from './option-table.ts';
export type { SizeLike } from './size.ts';

/** The value in the largest unit of which it is a whole number. */
function inUnits(units: readonly (readonly [string, number])[]): (value: unknown) => string {
  return (value) => {
    if (typeof value !== 'number' || value === 0) return String(value);
    const [unit, one] = units.find(([, one]) => value % one === 0) ?? ['', 1];
    return `${value / one}${unit}`;
  };
}

const showSize = inUnits([
  ['GiB', GIB],
  ['MiB', MIB],
  ['KiB', KIB],
  ['B', 1],
]);
const showDuration = inUnits([
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]);

/** Bytes. */
export function size<const S extends Spec<number, SizeLike>>(spec: S): Declared<number, SizeLike, S> {
  return declared<number, SizeLike, S>(spec, {
    kind: 'size',
    expected: "whole bytes greater than 0, or a text such as '64MiB' or '1GB'",
    show: showSize,
    read: parseSize,
  });
}

/** ms greater than 0 and at most ten years, or a text; with `orZero` 0 too. */
export function duration<const S extends Spec<number, DurationLike> & { readonly orZero?: boolean }>(
  spec: S,
): Declared<number, DurationLike, S> {
  const least = spec.orZero === true ? 'of at least 0' : 'greater than 0';
  return declared<number, DurationLike, S>(spec, {
    kind: 'duration',
    expected: `whole milliseconds ${least} as a number, or a text such as '250ms', '1s', '5m', '1h'`,
    show: showDuration,
    read: (value) => {
      if (value === 0 && spec.orZero === true) return 0;
      return typeof value === 'number' || typeof value === 'string' ? parseDuration(value) : undefined;
    },
  });
}

/** What a whole number may say besides. */
export interface CountSpec extends Spec<number> {
  readonly min?: number;
  readonly max?: number;
  /** Whether Infinity fits: no limit. */
  readonly orInfinity?: boolean;
}

/** A whole number from `min` (0) to `max`. */
export function count<const S extends CountSpec>(spec: S): Declared<number, number, S> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
  return option(spec, {
    kind: 'whole number',
    expected: `a whole number ${range}`,
    read: (value, _, isText) => {
      const number = isText ? numberOf(value) : value;
      if (number === Number.POSITIVE_INFINITY && spec.orInfinity === true) return number;
      return typeof number === 'number' && Number.isSafeInteger(number) && number >= min && number <= max
        ? number
        : undefined;
    },
  });
}

/** A number above 0, not necessarily whole. */
export function positive<const S extends Spec<number> & { readonly orInfinity?: boolean }>(
  spec: S,
): Declared<number, number, S> {
  return option(spec, {
    kind: 'number',
    expected: 'a number greater than 0',
    read: (value) =>
      typeof value === 'number' && value > 0 && (Number.isFinite(value) || spec.orInfinity === true)
        ? value
        : undefined,
  });
}

/** A TCP port; 0: any free one. */
export function port<const S extends Spec<number>>(spec: S): Declared<number, number, S> {
  const { read } = count({ max: 65_535 });
  return option(spec, { kind: 'port', expected: 'a port from 1 to 65535, or 0 for any free one', read });
}

/** A text that is not empty. */
export function text<const S extends Spec<string> & { readonly expected?: string }>(
  spec: S,
): Declared<string, string, S> {
  return option(spec, {
    kind: 'text',
    expected: spec.expected ?? 'a text',
    read: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
  });
}

/** The kind of an option that is on or off. */
export const TRUE_OR_FALSE = 'true or false';

/** true or false. */
export function flag<const S extends Spec<boolean>>(spec: S): Declared<boolean, boolean, S> {
  return option(spec, {
    kind: TRUE_OR_FALSE,
    expected: TRUE_OR_FALSE,
    read: (value, _, isText) => {
      if (typeof value === 'boolean') return value;
      // A variable of the environment has a text.
      return isText && (value === 'true' || value === 'false') ? value === 'true' : undefined;
    },
  });
}

/** One of some words or numbers. */
export function oneOf<const W extends string | number, const S extends Spec<W>>(
  allowed: readonly W[],
  spec: S,
): Declared<W, W, S> {
  const shown = allowed.map((each) => (typeof each === 'string' ? `'${each}'` : String(each)));
  return option(spec, {
    kind: 'one of',
    expected: [shown.slice(0, -1).join(', '), shown.at(-1)].join(' or '),
    choices: allowed.map(String),
    read: (value, _, isText) => allowed.find((each) => each === value || (isText && String(each) === value)),
  });
}

/** The spec of a kind whose type is written, not inferred: then `P` is written too, and the spec must be so. */
type SpecBy<P extends Presence, T> = Omit<Spec<T>, 'required' | 'default'> & { readonly expected?: string } & {
    required: { readonly required: true };
    default: { readonly default: NonNullable<Spec<T>['default']> };
    optional: { readonly required?: false };
  }[P];

/** A function, of the type `F`. @example fn<(name: string) => boolean>({ expected: 'a function' }) */
export function fn<F, P extends Presence = 'optional'>(spec: SpecBy<P, F>): Option<F, F, P> {
  return typed<F, P>(spec, 'function', spec.expected ?? 'a function', (value) => typeof value === 'function');
}

/** Anything at all: a value that only the user's own code understands, or that others check. */
export function anything<T = unknown, P extends Presence = 'optional'>(spec: SpecBy<P, T>): Option<T, T, P> {
  return typed<T, P>(spec, 'value', spec.expected ?? 'a value', () => true);
}

/** An object with these methods: a clock, a logger. */
export function withMethods<T, P extends Presence = 'optional'>(
  methods: readonly string[],
  spec: SpecBy<P, T>,
): Option<T, T, P> {
  return typed<T, P>(spec, 'object', `an object with the methods ${methods.join(', ')}`, (value) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
    return methods.every((name) => typeof Reflect.get(value, name) === 'function');
  });
}

/** @param fits as far as can be seen: the type of a function's parameters, say, can not */
function typed<T, P extends Presence>(
  spec: Spec<T>,
  kind: string,
  expected: string,
  fits: (value: unknown) => boolean,
): Option<T, T, P> {
  const read = (value: unknown): T | undefined => (fits(value) ? (value as T) : undefined);
  return option(spec, { kind, expected, read }) as Option<T, T, P>;
}

/** A list whose items fit `item`. */
export function list<Out, In, const S extends Spec<readonly Out[], readonly In[]> & { readonly expected: string }>(
  item: Option<Out, In>,
  spec: S & { readonly min?: number },
): Declared<readonly Out[], readonly In[], S> {
  return declared<readonly Out[], readonly In[], S>(spec, {
    kind: 'list',
    expected: spec.expected,
    read: (value, where, isText): readonly Out[] | undefined => {
      if (!Array.isArray(value) || value.length < (spec.min ?? 0)) return undefined;
      const items: Out[] = [];
      for (const [i, each] of value.entries()) {
        const read = item.read(each, `${where}[${i}]`, isText);
        if (read === undefined) return undefined;
        items.push(read);
      }
      return items;
    },
  });
}

/** An object with options of its own; its defaults are filled in too. */
export function object<T extends Table, const S extends Spec<Resolved<T>, Given<T>> & { readonly expected: string }>(
  table: T,
  spec: S,
): Declared<Resolved<T>, Given<T>, S> {
  const read = (value: unknown, where: string): Resolved<T> | undefined =>
    isObject(value) ? resolveOptions(where, table, value) : undefined;
  return declared<Resolved<T>, Given<T>, S>(spec, { kind: 'object', expected: spec.expected, table, read });
}

/** What fits one of several kinds; each is tried in turn, and the last one's own error counts. */
export function anyOf<K extends Option, const S extends Spec<OutOf<K>, InOf<K>> & { readonly expected?: string }>(
  kinds: readonly K[],
  spec: S,
): Declared<OutOf<K>, InOf<K>, S> {
  const table = kinds.find((kind) => kind.table !== undefined)?.table;
  return declared<OutOf<K>, InOf<K>, S>(spec, {
    kind: kinds.map(({ kind }) => kind).join(' or '),
    ...(table && { table }),
    expected: spec.expected ?? kinds.map(({ expected }) => expected).join('; or '),
    read: (value, where, isText) => {
      for (const kind of kinds) {
        const read = kind.read(value, where, isText);
        if (read !== undefined) return read as OutOf<K>;
      }
      return undefined;
    },
  });
}

/** Just this value. */
export function exactly<const T>(value: T): Option<T, T, 'optional'> {
  return declared<T, T, object>(
    {},
    {
      kind: `\`${inspect(value)}\``,
      expected: inspect(value),
      read: (given) => (given === value ? value : undefined),
    },
  );
}

function numberOf(value: unknown): unknown {
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
}
