/** Seeds 1 to 1000: all promises hold. */
import { describe, test } from 'vitest';
import { expectAllHold } from './check.ts';

const PARTS = [0, 250, 500, 750];

describe('what the level promises holds under faults of', () => {
  test.each(PARTS)('250 seeds, 1 + %i and on', (part) => expectAllHold(1 + part, 250));
});
