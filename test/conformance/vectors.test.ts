/** Spark's own cases as data: each is run; and an expectation that is altered must fail, or the runner shows nothing. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { check } from './run.ts';
import type { Vector } from './vector.ts';

const vectors = JSON.parse(readFileSync(new URL('dstream.json', import.meta.url), 'utf8')) as Vector[];

/** The expectation with its first number, text or boolean changed; undefined: it has none. */
function altered(value: unknown): { readonly value: unknown } | undefined {
  if (typeof value === 'number') return { value: value + 1 };
  if (typeof value === 'string') return { value: `${value}!` };
  if (typeof value === 'boolean') return { value: !value };
  if (typeof value !== 'object' || value === null) return undefined;
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  for (const [key, each] of entries) {
    const change = altered(each);
    if (change === undefined) continue;
    const copy = structuredClone(value) as Record<string | number, unknown>;
    copy[key] = change.value;
    return { value: copy };
  }
  return undefined;
}

describe('each vector', () => {
  for (const vector of vectors) {
    test(vector.id, async (context) => {
      const outcome = await check(vector);
      if (outcome.result === 'skipped') return context.skip(outcome.why);
      expect(outcome).toEqual({ result: 'passed' });
      // With its expectation altered, the same vector fails.
      const change = altered(vector.expected);
      if (change === undefined || vector.params['properties'] !== undefined) return;
      const wrong = await check({ ...vector, expected: change.value as unknown[] });
      expect(wrong.result).toBe('failed');
    });
  }
});
