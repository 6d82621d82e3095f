/** The simulator itself: one seed goes one way; it sees what it is made to see; and stories that once ended badly end well. */
import { describe, expect, test } from 'vitest';
import { shrink } from '../shrink.ts';
import { runSeed } from '../world/world.ts';
import { expectOneWay } from './check.ts';

test('a seed that is run twice, with every kind of fault, goes one way', () => expectOneWay(1, 60, { swarm: false }));

test('so does one in which some kinds of fault are switched off', () => expectOneWay(2001, 60, {}));

test('another seed goes another way, and so does a seed with other faults', async () => {
  const hashes = new Set<string>();
  for (let seed = 1; seed <= 10; seed++) {
    hashes.add((await runSeed(seed)).hash);
  }
  const few = await runSeed(1, { only: ['kill-job'] });
  expect(hashes.size).toBe(10);
  expect(hashes).not.toContain(few.hash);
});

test('the story of a seed says what went wrong, and when', async () => {
  const { injected, story } = await runSeed(7, { swarm: false, story: 'short' });
  expect(injected.size).toBeGreaterThan(3);
  expect(story.filter((line) => line.includes('fault: ')).length).toBeGreaterThan(3);
  expect(story.join('\n')).toMatch(/database: events of batch \d+/);
});

test('a story that holds cannot be made smaller', async () => {
  const { how, outcome } = await shrink(2, {});
  expect(how).toEqual([]);
  expect(outcome.violations).toEqual([]);
});

describe('once ended badly:', () => {
  // The first three of this world; the others of worlds with fewer parts, in which these seeds had another story.
  test.each([
    [
      'reading that was stopped again as it went on went on for other connections: memory without a bound',
      [35_893, 37_289],
    ],
    ['a window of another length than before lost what it held at each further start', [48_563]],
    [
      'a window whose slices were dropped by a run that had it with another length never let go of what they held',
      [41_307],
    ],
    ['a checkpoint directory whose name was not on disk was gone after a power cut', [35, 69, 92]],
    ['text files below a directory whose name was not on disk were gone after a power cut', [102]],
    ['a file channel whose disk had failed once delivered nothing any more: lmdb had given itself up', [79, 455]],
    ['an agent whose power went before the first commit of its file channel crashed at every start', [275, 414]],
  ])('%s', async (_, seeds) => {
    for (const seed of seeds) expect((await runSeed(seed)).violations).toEqual([]);
  });
});
