/** Reads the declared fields of a component from its properties: every value that cannot be used is told with its line. */
import type { Place } from './component-type.ts';
import { Expected, type Field, type Fields, type Values } from './fields.ts';
import { type Plain, plain } from './resolved.ts';
import type { Settings } from './settings.ts';

/** What was read: the values, and the same as plain data. */
export interface ReadValues<F extends Fields> {
  readonly values: Values<F>;
  readonly plainValues: Readonly<Record<string, Plain>>;
}

/** Reads all fields; findings go to `at.problems`, and a value that is wrong is undefined then. */
export function readValues<F extends Fields>(fields: F, settings: Settings, at: Place): ReadValues<F> {
  const values: Record<string, unknown> = {};
  const plainValues: Record<string, Plain> = {};
  for (const [name, field] of Object.entries(fields)) {
    const { value, text } =
      field.item === undefined ? readOne(name, field, settings, at) : readMap(name, field.item, settings, at);
    values[name] = value;
    plainValues[name] = plain(field, value, text);
  }
  // Each field's parse gives its own type; the compiler cannot follow that through the record.
  return { values: values as Values<F>, plainValues };
}

interface One {
  readonly value: unknown;
  readonly text: string | undefined;
}

function readOne(name: string, field: Field<unknown>, settings: Settings, at: Place): One {
  const setting = [name, ...(field.aliases ?? [])].map((key) => settings.get(key)).find((found) => found !== undefined);
  const text = setting?.value ?? field.fallback;
  if (text === undefined) {
    if (field.required)
      at.problems.error(
        at.line,
        `${at.owner}: the property ${name} is missing (${field.doc})`,
        `leaves ${at.owner} out and starts the rest`,
      );
    return { value: undefined, text };
  }
  return parsed(field, setting?.key ?? name, text, setting?.line ?? at.line, at);
}

/** The value of a text: what the field makes of it, or what Flume takes instead, or nothing, which is an error. */
function parsed(field: Field<unknown>, key: string, text: string, line: number | undefined, at: Place): One {
  const value = field.parse(text);
  if (!(value instanceof Expected)) return { value, text };
  const told = `${key} is ${JSON.stringify(text)}, expected ${value.text}`;
  if (field.lenient === undefined) {
    at.problems.error(line, told, `leaves ${at.owner} out and starts the rest`);
    return { value: undefined, text };
  }
  const instead = field.lenient === 'default' ? field.fallback : field.lenient;
  at.problems.warn(line, `${told}: it is taken for ${instead ?? 'the default'}, as in Flume`);
  return { value: instead === undefined ? undefined : field.parse(instead), text: instead };
}

/** A map has an entry for each property with its prefix: `mapping.A` is the entry `A` of `mapping.*`. */
function readMap(name: string, item: Field<unknown>, settings: Settings, at: Place): One {
  const prefix = name.slice(0, -1);
  const entries = new Map<string, unknown>();
  for (const [key, { line, key: whole, value: text }] of settings) {
    if (!key.startsWith(prefix)) continue;
    const { value } = parsed(item, whole, text, line, at);
    if (value !== undefined) entries.set(key.slice(prefix.length), value);
  }
  return { value: entries, text: undefined };
}
