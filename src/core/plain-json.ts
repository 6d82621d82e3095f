/** Values for people: any value as JSON can have it, and shortened to a line. */
import { inspect } from 'node:util';

/** Deeper parts of a value are shown as a text. */
const DEEPEST = 20;
const LONGEST_SHOWN = 200;

/** A value on one line, cut where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(jsonIn(value, { left: MOST_SHOWN_PARTS, around: new Set() }));
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}… (${text.length} characters)` : text;
}

/** How many objects of a value are looked at: one whose parts are in it by many ways has more than anybody can wait for. */
const MOST_PARTS = 200_000;
const MOST_SHOWN_PARTS = 1000;
const UNREADABLE = '… (reading it threw)';

/** What is looked at within one value. */
interface Walk {
  left: number;
  /** The objects that the one that is looked at is in. */
  readonly around: Set<object>;
}

/**
 * Any value as JSON can have it, Flume events in it as what dead letters have. It does not throw: what cannot be read (a getter that throws)
 * is said in its place, and so is what refers to itself.
 */
export function jsonOf(value: unknown): unknown {
  return jsonIn(value, { left: MOST_PARTS, around: new Set() });
}

function jsonIn(value: unknown, walk: Walk): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  try {
    if (typeof value === 'function' || typeof value === 'symbol') return String(value);
    if (typeof value !== 'object' || value === null) return value ?? null;
    if (walk.left-- <= 0) return '…';
    if (walk.around.has(value)) return '[Circular]';
    if (walk.around.size > DEEPEST) return inspect(value, { depth: 0 });
    walk.around.add(value);
    try {
      return objectIn(value, (each) => jsonIn(each, walk));
    } finally {
      walk.around.delete(value);
    }
  } catch {
    return UNREADABLE;
  }
}

function objectIn(value: object, inner: (each: unknown) => unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Map || value instanceof Set) return [...value].map(inner);
  if ('headers' in value && 'body' in value && value.body instanceof Uint8Array && 'text' in value) {
    return { headers: value.headers, ...bodyOf(value.body) };
  }
  const fieldOf = (name: string): unknown => {
    try {
      return inner((value as Readonly<Record<string, unknown>>)[name]);
    } catch {
      return UNREADABLE;
    }
  };
  return Object.fromEntries(Object.keys(value).map((name) => [name, fieldOf(name)]));
}

function bodyOf(bytes: Uint8Array): { readonly body: string } | { readonly bodyBase64: string } {
  try {
    // A byte order mark is part of the body.
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { bodyBase64: Buffer.from(bytes).toString('base64') };
  }
}
