/** Which random jobs there are, each with its input: by a seed. */
import fc from 'fast-check';
import { type RandomStep, STEPS_OF_ONE, STEPS_OF_TWO } from './random-job.ts';

/** A job, and what it runs on. */
export interface RandomCase {
  readonly steps: readonly RandomStep[];
  readonly inputs: readonly (readonly unknown[] | null)[];
  readonly numPartitions: number;
}

const n = fc.integer({ min: 1, max: 5 });
const ofOne = fc.record({ name: fc.constantFrom(...STEPS_OF_ONE), n, other: fc.constant([]) });
const ofTwo = fc.record({ name: fc.constantFrom(...STEPS_OF_TWO), n, other: fc.array(ofOne, { maxLength: 2 }) });
const steps = fc.array(fc.oneof({ weight: 3, arbitrary: ofOne }, { weight: 2, arbitrary: ofTwo }), {
  minLength: 1,
  maxLength: 5,
});
const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -20, max: 20 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 4 }) },
  fc.constantFrom<unknown>(null, undefined, Number.NaN, -0, 12345678901234567890n, true),
  fc.date({ noInvalidDate: true }),
  fc.array(fc.integer(), { maxLength: 2 }),
);
const batch = fc.oneof({ weight: 12, arbitrary: fc.array(value, { maxLength: 12 }) }, fc.constantFrom(null, []));
const cases: fc.Arbitrary<RandomCase> = fc.record({
  steps,
  inputs: fc.array(batch, { minLength: 2, maxLength: 4 }),
  numPartitions: fc.integer({ min: 1, max: 4 }),
});

/** @returns the same for the same seed */
export function randomCase(seed: number): RandomCase {
  const [made] = fc.sample(cases, { seed, numRuns: 1 });
  if (made === undefined) throw new Error('nothing was made');
  return made;
}
