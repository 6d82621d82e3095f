/**
 * The kinds of values that a property of flume.conf can have. A component declares its properties with these; reading,
 * validation and documentation derive from the declaration.
 */

import { messageOf } from '../../core/errors.ts';
import { nearest } from '../../core/registry.ts';
import { Charset } from './charset/charset.ts';
import { charsetNames } from './charset/names.ts';
import { JavaPattern } from './pattern/pattern.ts';

/** What a text was refused for: what was expected, for "expected …". */
export class Expected {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a number counts. */
export type Unit = 'ms' | 's' | 'bytes' | 'characters' | 'events' | 'events/s' | 'lines' | '%';

/** What stands for a text that cannot be used. */
export type Lenient = 'default' | 'false';

/** One property of a component. */
export interface Field<T> {
  /** What it does, for people. */
  readonly doc: string;
  /** The kind of its values, for people: `a whole number of at least 1`. */
  readonly kind: string;
  /** The unit of a number. */
  readonly unit?: Unit;
  /** Further names of the property, e.g. deprecated ones. */
  readonly aliases?: readonly string[];
  /** The value when the property is not given, as a user would write it; undefined: there is none. */
  readonly fallback?: string;
  /** How the documentation shows that default, where it depends on the machine or is a number of no meaning by itself. */
  readonly shown?: string;
  /** Whether a file must give it. */
  readonly required: boolean;
  /**
   * What Flume takes where the text cannot be used, and so does this, with a warning: the default, or false. Without it such a text is an
   * error.
   */
  readonly lenient?: Lenient;
  /** Of a map, whose name ends with `.*`: how the value of one of its entries is read. */
  readonly item?: Field<unknown>;
  /** The value of a text, or what was expected instead. */
  readonly parse: (text: string) => T | Expected;
}

/** The properties of a component by name. A name that ends with `.*` is a map of all properties with that prefix. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The values that `F` reads. */
export type Values<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never;
};

interface Spec {
  readonly doc: string;
  readonly unit?: Unit;
  readonly shown?: string;
  readonly aliases?: readonly string[];
  readonly lenient?: Lenient;
}

/** A declaration with a default, a required one, or one that may be missing. */
type WithDefault = Spec & { readonly default: string | number | boolean };
type Required = Spec & { readonly required: true };
type Value<S, T> = S extends WithDefault | Required ? T : T | undefined;

function field<T, S extends Spec>(spec: S, kind: string, parse: (text: string) => T | Expected): Field<Value<S, T>> {
  const fallback = 'default' in spec ? String(spec.default) : undefined;
  return {
    doc: spec.doc,
    kind,
    ...(spec.unit === undefined ? {} : { unit: spec.unit }),
    ...(spec.shown === undefined ? {} : { shown: spec.shown }),
    ...(spec.aliases === undefined ? {} : { aliases: spec.aliases }),
    ...(fallback === undefined ? {} : { fallback }),
    ...(spec.lenient === undefined ? {} : { lenient: spec.lenient }),
    required: 'required' in spec,
    // A missing optional value is never parsed, so the type's `undefined` comes from the reader.
    parse: parse as (text: string) => Value<S, T> | Expected,
  };
}

/** A text. */
export function text<S extends Spec | WithDefault | Required>(spec: S): Field<Value<S, string>> {
  return field<string, S>(spec, 'text', (value) => value);
}

/** A whole number from `min` to `max`. */
export function int<
  S extends (Spec | WithDefault | Required) & {
    readonly min?: number;
    readonly max?: number;
  },
>(spec: S): Field<Value<S, number>> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = spec;
  const range =
    max === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${min}` : `a whole number from ${min} to ${max}`;
  return field<number, S>(spec, range, (value) => {
    // Java's Long.MAX_VALUE is a common way to write "no limit"; it is past what a number holds exactly.
    const number = Math.min(/^[+-]?\d+$/.test(value) ? Number(value) : Number.NaN, Number.MAX_SAFE_INTEGER);
    return number >= min && number <= max ? number : new Expected(range);
  });
}

/** A TCP port; 0 stands for any free one. */
export function port<S extends Spec | WithDefault | Required>(spec: S): Field<Value<S, number>> {
  return int({ ...spec, min: 0, max: 65_535 });
}

/** `true` or `false`, in any case; anything else is false, as Java's Boolean.parseBoolean has it, with a warning. */
export function bool<S extends Spec | WithDefault | Required>(spec: S): Field<Value<S, boolean>> {
  return field<boolean, S>({ lenient: 'false', ...spec }, 'true or false', (value) => {
    const lower = value.toLowerCase();
    return lower === 'true' ? true : lower === 'false' ? false : new Expected('true or false');
  });
}

/** One of some words, compared without case. */
export function choice<const W extends string, S extends Spec | WithDefault | Required>(
  words: readonly W[],
  spec: S,
): Field<Value<S, W>> {
  return field<W, S>(
    spec,
    `one of ${words.join(', ')}`,
    (value) =>
      words.find((word) => word.toLowerCase() === value.toLowerCase()) ?? new Expected(`one of ${words.join(', ')}`),
  );
}

/** A list of names separated by white space. */
export function names<S extends Spec | WithDefault | Required>(spec: S): Field<Value<S, readonly string[]>> {
  return field<readonly string[], S>(spec, 'names separated by blanks', (value) =>
    value.split(/\s+/).filter((name) => name !== ''),
  );
}

/** A regular expression, as Java's for what file names need. */
export function regex<S extends Spec | WithDefault | Required>(spec: S): Field<Value<S, RegExp>> {
  return field<RegExp, S>(spec, 'a regular expression', (value) => {
    try {
      return new RegExp(value, 'u');
    } catch {
      // Java accepts escapes of ordinary characters, which the u flag refuses.
    }
    try {
      return new RegExp(value);
    } catch {
      return new Expected('a regular expression');
    }
  });
}

/** A regular expression as Java has it, in all that can be translated. */
export function javaPattern<S extends Spec | WithDefault | Required>(spec: S): Field<Value<S, JavaPattern>> {
  return field<JavaPattern, S>(spec, "a regular expression of Java's", (value) => {
    try {
      return new JavaPattern(value);
    } catch (error) {
      return new Expected(`a regular expression of Java's; ${messageOf(error)}`);
    }
  });
}

/** A character set, by any name that Java has for it. */
export function charset<S extends Spec | WithDefault | Required>(spec: S): Field<Value<S, Charset>> {
  return field<Charset, S>(spec, 'a character set', (value) => {
    const known = Charset.find(value);
    if (known !== undefined) return known;
    const near = nearest(value, charsetNames);
    const meant = near === undefined ? '' : `; did you mean ${near}?`;
    return new Expected(`a character set by Java's name, e.g. UTF-8, ISO-8859-1 or UTF-16${meant}`);
  });
}

/**
 * All properties with a prefix, by what comes behind it: the field `mapping.*` reads `mapping.CZ = c1` as the entry `CZ`.
 * @param item how the value of each entry is read
 * @example const fields = { 'mapping.*': map(names({ doc: 'channels of a value' }), { doc: 'channels by the value of the header' }) };
 */
export function map<T>(item: Field<T>, spec: Spec): Field<ReadonlyMap<string, T>> {
  return {
    doc: spec.doc,
    kind: `by name: ${item.kind}`,
    required: false,
    item,
    parse: () => new Expected('a name behind the prefix'),
  };
}
