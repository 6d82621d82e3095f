/** Cases of Flume's own tests that are data: each holds, and one whose expectation is altered fails, or the runner shows nothing. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { FlumeCase } from './case.ts';
import { isRunnable, runData } from './kinds.ts';
import { LATER } from './run.ts';

const cases = JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8')) as FlumeCase[];

/** Parts of an expectation that cannot be altered so that it fails. */
const UNALTERED = [
  // What an error says: Flume says it in its own words.
  'error',
  'message',
  'note',
  'withinMs',
  'Type',
  'headersToCompare',
  'headerSet',
  'bodyEncoding',
  'absent',
];

/** The expectation with its first number, text or boolean changed; undefined: it has none. */
function altered(value: unknown): { readonly value: unknown } | undefined {
  if (typeof value === 'number') return { value: value + 1 };
  if (typeof value === 'string') return { value: `${value}!` };
  if (typeof value === 'boolean') return { value: !value };
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, each] of Object.entries(value)) {
    const change = UNALTERED.includes(key) ? undefined : altered(each);
    if (change === undefined) continue;
    const copy = structuredClone(value) as Record<string, unknown>;
    copy[key] = change.value;
    return { value: copy };
  }
  return undefined;
}

describe('cases that are data', () => {
  for (const one of cases) {
    if (LATER[one.component] !== undefined) continue;
    // Steps in words are tests of their own.
    if (!isRunnable(one)) continue;
    test.concurrent(one.id, async () => {
      expect(await runData(one)).toEqual({ result: 'passed' });
      const change = altered(one.expected);
      if (change === undefined) return;
      const wrong = await Promise.resolve(runData({ ...one, expected: change.value as FlumeCase['expected'] })).catch(
        () => ({ result: 'failed' }),
      );
      expect(wrong?.result, JSON.stringify(change.value)).toBe('failed');
    });
  }
});
