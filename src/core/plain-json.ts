/** Values for people: any value as JSON can have it, and shortened to a line. */
import { inspect } from 'node:util';

/** Deeper parts of a value are shown as a text. */
const DEEPEST = 20;
const LONGEST_SHOWN = 200;

/** A value on one line, cut where it is long. */
export function shown(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(jsonOf(value)) ?? String(value);
  } catch {
    text = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
  }
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}… (${text.length} characters)` : text;
}

/** Any value as JSON can have it, Flume events in it as what dead letters have. */
export function jsonOf(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return String(value);
  if (typeof value !== 'object' || value === null) return value ?? null;
  // What refers to itself ends here.
  if (depth > DEEPEST) return inspect(value, { depth: 0 });
  const inner = (each: unknown): unknown => jsonOf(each, depth + 1);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Map || value instanceof Set) return [...value].map(inner);
  if ('headers' in value && 'body' in value && value.body instanceof Uint8Array && 'text' in value) {
    return { headers: value.headers, ...bodyOf(value.body) };
  }
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, inner(each)]));
}

function bodyOf(bytes: Uint8Array): { readonly body: string } | { readonly bodyBase64: string } {
  try {
    // A byte order mark is part of the body.
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { bodyBase64: Buffer.from(bytes).toString('base64') };
  }
}
