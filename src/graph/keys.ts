/**
 * Keys compare by value: primitives (bigint and Date among them), and arrays and plain objects of them. A map of such keys,
 * and a hash that is the same in every process, so that a key finds its partition again after a restart.
 */
import { createHash } from 'node:crypto';
import { StreamjobError } from '../core/errors.ts';

/** A text that two keys share exactly when they are equal by value. */
function canonical(key: unknown): string {
  switch (typeof key) {
    case 'string':
      return JSON.stringify(key);
    case 'number':
      return Object.is(key, -0) ? 'n0' : `n${key}`;
    case 'bigint':
      return `i${key}`;
    case 'boolean':
      return key ? 't' : 'f';
    case 'undefined':
      return 'u';
    case 'object':
      return key === null ? 'z' : canonicalObject(key);
    default:
      throw invalidKey(key);
  }
}

function canonicalObject(key: object): string {
  if (key instanceof Date) return `d${key.getTime()}`;
  if (Array.isArray(key)) return `[${key.map(canonical).join(',')}]`;
  const prototype: unknown = Object.getPrototypeOf(key);
  if (prototype !== Object.prototype && prototype !== null) throw invalidKey(key);
  const fields = Object.entries(key).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${fields.map(([name, value]) => `${JSON.stringify(name)}:${canonical(value)}`).join(',')}}`;
}

function invalidKey(key: unknown): StreamjobError {
  const what = typeof key === 'object' && key !== null ? (key.constructor?.name ?? 'object') : typeof key;
  return new StreamjobError('KEY_INVALID', `a value of type ${what} cannot be a key`, {
    hint: 'use a string, number, bigint, boolean, null, undefined, Date, or an array or plain object of them as the key',
  });
}

function isComposite(key: unknown): boolean {
  return (typeof key === 'object' && key !== null) || typeof key === 'function' || typeof key === 'symbol';
}

/**
 * The hash of a key: 32 bits, unsigned, the same in every process.
 * FNV-1a over UTF-16 code units (Fowler, Noll, Vo), mixed at the end so that the low bits are good for a modulo.
 * @throws StreamjobError KEY_INVALID
 */
export function hashKey(key: unknown): number {
  const text = typeof key === 'string' ? key : canonical(key);
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/**
 * A text that two keys share exactly when they are equal by value.
 * @param longest of a longer one (in UTF-16 units) the beginning and a hash of it all stand for it
 * @throws StreamjobError KEY_INVALID
 */
export function keyText(key: unknown, longest: number): string {
  const text = canonical(key);
  if (text.length <= longest) return text;
  return `${text.slice(0, longest)}#${createHash('sha256').update(text).digest('base64')}`;
}

/** A map whose keys compare by value; it keeps the order in which keys came first. */
export class KeyedMap<K, V> {
  // Primitives need no text: JavaScript's own Map compares them by value (and holds 0 and -0, NaN and NaN to be equal).
  readonly #entries = new Map<unknown, [K, V]>();

  get size(): number {
    return this.#entries.size;
  }

  /** The entry of `key`, which may be changed in place. */
  find(key: K): [K, V] | undefined {
    return this.#entries.get(identityOf(key));
  }

  /** Adds an entry for a key that has none. @returns it, as `find` gives it */
  add(key: K, value: V): [K, V] {
    const entry: [K, V] = [key, value];
    this.#entries.set(identityOf(key), entry);
    return entry;
  }

  /** Takes a key out. */
  delete(key: K): void {
    this.#entries.delete(identityOf(key));
  }

  /** All entries, in the order in which their keys came. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.values();
  }
}

/** What stands for a key in a JavaScript Map: the same exactly for keys that are equal by value. A composite key's text is wrapped, so that no string equals it. */
export function identityOf(key: unknown): unknown {
  if (typeof key === 'string') return key;
  return isComposite(key) ? compositeIdentity(canonical(key)) : key;
}

const COMPOSITE_PREFIX = '\u0000composite\u0000';

function compositeIdentity(text: string): string {
  return COMPOSITE_PREFIX + text;
}
