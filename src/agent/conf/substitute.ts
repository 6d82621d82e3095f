/**
 * `${…}` in values: `${env:X}`, `${env:X:-default}`, `${name}` (another property of the file), `$${…}` for a literal
 * `${…}`. Flume resolves other properties in the order of a hash table, so that it works for some names only; here the
 * order does not matter, and a name that cannot be resolved is an error rather than left as it is.
 */
import type { Property } from './properties.ts';

/** What a value became, or why it could not. */
export interface Substituted {
  readonly value: string;
  readonly errors: readonly string[];
}

const MAX_DEPTH = 32;

/**
 * Resolves the values of a file.
 * @param entries the properties by key
 * @param env the environment
 */
export function substitute(
  entries: ReadonlyMap<string, Property>,
  env: Readonly<Record<string, string | undefined>>,
): Map<string, Substituted> {
  const result = new Map<string, Substituted>();
  for (const [key, { value }] of entries) {
    const errors: string[] = [];
    const resolver = new Resolver(entries, env, errors);
    result.set(key, { value: resolver.expand(value, [key]), errors });
  }
  return result;
}

class Resolver {
  readonly #entries: ReadonlyMap<string, Property>;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #errors: string[];

  constructor(
    entries: ReadonlyMap<string, Property>,
    env: Readonly<Record<string, string | undefined>>,
    errors: string[],
  ) {
    this.#entries = entries;
    this.#env = env;
    this.#errors = errors;
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
          this.#errors.push(`\${ without its } in ${JSON.stringify(text)}`);
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
    const value = this.#value(name, path);
    if (value !== undefined) return value;
    if (fallback !== undefined) return this.expand(fallback, path);
    const what = name.startsWith('env:')
      ? `the environment variable ${name.slice(4)} is not set`
      : `there is no property ${name}`;
    this.#errors.push(`\${${name}} cannot be resolved: ${what}`);
    return `\${${name}}`;
  }

  #value(name: string, path: readonly string[]): string | undefined {
    if (name.startsWith('env:')) return this.#env[name.slice(4)];
    const property = this.#entries.get(name);
    if (property === undefined) return undefined;
    if (path.includes(name) || path.length > MAX_DEPTH) {
      this.#errors.push(`\${${name}} refers to itself: ${[...path, name].join(' -> ')}`);
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
