/** The values of a component in a form that can be compared, so that a reload can tell what has changed from what has not. */
import { Charset } from './charset/charset.ts';
import type { Field } from './fields.ts';
import { JavaPattern } from './pattern/pattern.ts';

/** A value as plain data. */
export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

/** A component's type and all its values, defaults put in; nested components by their names. */
export interface Resolved {
  readonly type: string;
  readonly values: Readonly<Record<string, Plain>>;
  readonly nested: Readonly<Record<string, Resolved>>;
}

/**
 * A value as plain data: two texts of the file that mean the same (`TRUE` and `true`, `+5` and `5`) give the same.
 * @param text what stands in the file, for values that are objects of another class
 */
export function plain(field: Field<unknown>, value: unknown, text: string | undefined): Plain {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((each: unknown) => plain(field, each, String(each)));
  if (value instanceof Map) {
    const entries = [...value].map(([key, each]): [string, Plain] => [String(key), plain(field, each, String(each))]);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
  if (value instanceof RegExp) return String(value);
  if (value instanceof JavaPattern) return value.source;
  if (value instanceof Charset) return value.name;
  return text ?? '';
}

/**
 * The properties in which two components differ; `type` alone when they are of different types.
 * @returns nothing when a reload can keep the running one
 * @example changedProperties(before.resolved, after.resolved) // ['sink.rollInterval']
 */
export function changedProperties(before: Resolved, after: Resolved): string[] {
  if (before.type !== after.type) return ['type'];
  const names = new Set([...Object.keys(before.values), ...Object.keys(after.values)]);
  const changed = [...names].filter(
    (name) => JSON.stringify(before.values[name] ?? null) !== JSON.stringify(after.values[name] ?? null),
  );
  for (const name of new Set([...Object.keys(before.nested), ...Object.keys(after.nested)])) {
    const [other, own] = [before.nested[name], after.nested[name]];
    const inner = other === undefined || own === undefined ? ['type'] : changedProperties(other, own);
    changed.push(...inner.map((property) => `${name}.${property}`));
  }
  return changed;
}
