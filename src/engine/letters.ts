/** Values that functions threw on and that were left out, stage by stage: a stage that fails takes its letters back. */
import { inspect } from 'node:util';
import { messageOf, StreamjobError } from '../core/errors.ts';
import type { Poison } from './engine.ts';

/** One value that was left out. Plain data. */
export interface Letter {
  /** The operator whose function threw. */
  readonly operator: string;
  readonly error: { readonly message: string; readonly code?: string };
  /**
   * What the operator was given: a Flume event as its headers and its body, as text when it is UTF-8 and in base64 when it is
   * not; any other value as JSON has it.
   */
  readonly event: unknown;
}

/** Deeper parts of a value are shown as a text. */
const DEEPEST = 20;

/** See the file's head. */
export class LetterBox implements Poison {
  active = false;
  /** Of stages that have succeeded. */
  #letters: Letter[] = [];
  /** Of the stages that run, the innermost last. */
  readonly #running: Letter[][] = [];

  get letters(): readonly Letter[] {
    return this.#letters;
  }

  clear(): void {
    this.#letters = [];
  }

  async stage<T>(run: () => Promise<T>): Promise<T> {
    const own: Letter[] = [];
    this.#running.push(own);
    try {
      const result = await run();
      this.add(own);
      return result;
    } finally {
      this.#running.pop();
    }
  }

  skip(operator: string, value: unknown, error: unknown): void {
    // A function of the wrong kind fails on every value: leaving all of them out would be no service.
    if (error instanceof StreamjobError && error.code === 'ASYNC_FUNCTION') throw error;
    const own = this.#running.at(-1);
    if (own === undefined) throw error;
    own.push({ operator, error: errorOf(error), event: jsonOf(value) });
  }

  add(letters: readonly Letter[]): void {
    for (const letter of letters) this.#letters.push(letter);
  }
}

function errorOf(error: unknown): Letter['error'] {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return { message: messageOf(error), ...(typeof code === 'string' ? { code } : {}) };
}

/** Any value as JSON can have it, Flume events in it as documented at Letter. */
function jsonOf(value: unknown, depth = 0): unknown {
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
