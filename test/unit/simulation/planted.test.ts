/** The list of planted bugs stays one that can be planted: the code goes on, and the list with it. */
import { expect, test } from 'vitest';
import { withBug } from '../../simulation/planted/bug.ts';
import { BUGS } from '../../simulation/planted/bugs.ts';

test('what each planted bug replaces stands in its file, once', () => {
  for (const bug of BUGS) expect(withBug(bug), bug.name).toContain(bug.replace);
});

test('names of planted bugs differ, and each changes something', () => {
  expect(new Set(BUGS.map(({ name }) => name)).size).toBe(BUGS.length);
  expect(BUGS.filter(({ find, replace }) => find === replace)).toEqual([]);
});
