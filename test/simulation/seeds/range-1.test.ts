/** Seeds from 1 on: all promises hold. */
import { describe, test } from 'vitest';
import { expectAllHold, QUARTER } from './check.ts';

describe('what the level promises holds under faults of', () => {
  test.each([0, 1, 2, 3])(`${QUARTER} seeds, quarter %i of those from 1 on`, async (quarter) => {
    await expectAllHold(1 + quarter * QUARTER, QUARTER);
  });
});
