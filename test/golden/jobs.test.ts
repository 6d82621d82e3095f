/** The example jobs, each with its input and what it prints, run by the command line as users run them. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { checkRecoverable, FAST, GOLDEN_FLUME_JOBS, GOLDEN_JOBS } from '../kit/golden-jobs.ts';

describe.each([
  ['inline', '1', 'memory'],
  ['inline', '3', 'lmdb'],
  ['threads', '2', 'lmdb'],
  ['threads', '3', 'memory'],
])('engine %s with parallelism %s, state in %s', (engine, parallelism, store) => {
  const flags = [...FAST, '--engine', engine, '--parallelism', parallelism, '--state-store', store];
  for (const { check, does, job } of GOLDEN_JOBS) test(`${job} ${does}`, () => check(flags));
});

test.each([
  ['inline', 'inline', '1'],
  ['threads', 'threads', '2'],
  ['threads', 'inline', '3'],
])(
  'recoverable-wordcount goes on after a kill -9 from its checkpoint: %s, then %s',
  async (before, after, parallelism) => {
    const flags = (engine: string): string[] => [...FAST, '--engine', engine, '--parallelism', parallelism];
    await checkRecoverable(flags(before), flags(after));
  },
);

for (const { check, does, job } of GOLDEN_FLUME_JOBS) test(`${job} ${does}`, () => check(FAST));

test('every job has a golden test', () => {
  const jobs = readdirSync(fileURLToPath(new URL('../../jobs', import.meta.url)))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replace('.ts', ''))
    .sort();
  const tested = [...GOLDEN_JOBS, ...GOLDEN_FLUME_JOBS].map(({ job }) => job);
  expect(jobs).toEqual([...tested, 'recoverable-wordcount', 'wordcount', 'wordcount-pull'].sort());
});
