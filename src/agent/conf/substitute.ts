/**
 * `${…}` in values: `${env:X}`, `${env:X:-default}`, `${name}` (another property of the files), `$${…}` for a literal
 * `${…}`. Flume resolves other properties in the order of a hash table, so that it works for some names only; here the
 * order does not matter. What cannot be resolved stays as it is, as in Flume, and is told.
 */
import {
  type LookedUp,
  type Lookups,
  lookUp,
  lookUpBare,
  prefixOf,
  type Surroundings,
  USUAL_LOOKUPS,
} from './lookups.ts';
import type { Property } from './properties.ts';

/** A variable that stays in the text as it is. */
export interface Unresolved {
  /** What stands between the braces. */
  readonly name: string;
  readonly reason: string;
}

/** What a value became, and what could not be resolved in it. */
export interface Substituted {
  readonly value: string;
  readonly unresolved: readonly Unresolved[];
  readonly errors: readonly string[];
}

/** The values of all properties by key, and which properties others refer to. */
export interface Substitution {
  readonly values: ReadonlyMap<string, Substituted>;
  readonly used: ReadonlySet<string>;
}

const MAX_DEPTH = 32;

/**
 * Resolves the values of a file.
 * @param entries the properties by key
 * @param given where variables with a prefix come from
 * @param lookups the prefixes that there are
 */
export function substitute(
  entries: ReadonlyMap<string, Property>,
  given: Surroundings,
  lookups: Lookups = USUAL_LOOKUPS,
): Substitution {
  const values = new Map<string, Substituted>();
  const used = new Set<string>();
  for (const [key, { value }] of entries) {
    const told = { unresolved: [], errors: [], used };
    const resolver = new Resolver(entries, given, lookups, told);
    values.set(key, { value: resolver.expand(value, [key]), unresolved: told.unresolved, errors: told.errors });
  }
  return { values, used };
}

interface Told {
  readonly unresolved: Unresolved[];
  readonly errors: string[];
  readonly used: Set<string>;
}

class Resolver {
  readonly #entries: ReadonlyMap<string, Property>;
  readonly #given: Surroundings;
  readonly #lookups: Lookups;
  readonly #told: Told;

  constructor(entries: ReadonlyMap<string, Property>, given: Surroundings, lookups: Lookups, told: Told) {
    this.#entries = entries;
    this.#given = given;
    this.#lookups = lookups;
    this.#told = told;
  }

  /** `path` is the keys that are being resolved, to find circles. */
  expand(text: string, path: readonly string[]): string {
    let out = '';
    let i = 0;
    while (i < text.length) {
      if (text.startsWith('$${', i)) {
        const end = closing(text, i + 3);
        out += text.slice(i + 1, end + 1);
        i = end + 1;
      } else if (text.startsWith('${', i)) {
        const end = closing(text, i + 2);
        if (end >= text.length) {
          this.#told.unresolved.push({ name: text.slice(i + 2), reason: 'its } is missing' });
          return out + text.slice(i);
        }
        out += this.#lookUp(text.slice(i + 2, end), path);
        i = end + 1;
      } else out += text[i++];
    }
    return out;
  }

  #lookUp(inside: string, path: readonly string[]): string {
    const split = defaultAt(inside);
    // Names may be put together from other variables: ${env:${WHICH}}.
    const name = this.expand(split < 0 ? inside : inside.slice(0, split), path);
    const fallback = split < 0 ? undefined : inside.slice(split + 2);
    const found = this.#find(name, path);
    if ('value' in found) return found.value;
    if (fallback !== undefined) return this.expand(fallback, path);
    if ('refused' in found) this.#told.errors.push(`\${${name}} is refused: ${found.refused}`);
    else this.#told.unresolved.push({ name, reason: found.missing });
    return `\${${name}}`;
  }

  #find(name: string, path: readonly string[]): LookedUp {
    const found = lookUp(name, this.#lookups, this.#given);
    if (found !== undefined && !('missing' in found)) return found;
    const [prefix, rest] = prefixOf(name);
    // What its prefix does not have, and what has a prefix that nobody knows, is a property by the name behind the prefix.
    const property = this.#property(name, path) ?? (prefix === undefined ? undefined : this.#property(rest, path));
    if (property !== undefined) return { value: property };
    const bare = lookUpBare(rest, this.#given);
    if (bare !== undefined) return { value: bare };
    return found ?? { missing: `there is no property ${name}` };
  }

  #property(name: string, path: readonly string[]): string | undefined {
    const property = this.#entries.get(name);
    if (property === undefined) return undefined;
    this.#told.used.add(name);
    if (path.includes(name) || path.length > MAX_DEPTH) {
      this.#told.errors.push(`\${${name}} refers to itself: ${[...path, name].join(' -> ')}`);
      return '';
    }
    return this.expand(property.value, [...path, name]);
  }
}

/** The place of the } that closes what begins at `from`, counting nested ${; the text's length if there is none. */
function closing(text: string, from: number): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text.startsWith('${', i)) {
      depth++;
      i++;
    } else if (text[i] === '}' && --depth === 0) return i;
  }
  return text.length;
}

/** The place of a `:-` that is not inside a nested variable; -1 if there is none. */
function defaultAt(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text.startsWith('${', i)) depth++;
    else if (text[i] === '}') depth--;
    else if (depth === 0 && text.startsWith(':-', i)) return i;
  }
  return -1;
}
