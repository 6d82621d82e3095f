/** Runs seeds of the simulator as tests. */
import { expect } from 'vitest';
import { Report } from '../report.ts';
import { type RunOptions, runSeed } from '../world/world.ts';

/** A quarter of the seeds of a file. `SIMULATION_SEEDS` says how many there are in both files together. */
export const QUARTER: number = Math.ceil(Number(process.env['SIMULATION_SEEDS'] ?? 2000) / 8);

/** Each of them must hold all promises. @throws the assertion, with the seeds that do not and how to see their stories */
export async function expectAllHold(from: number, seeds: number): Promise<void> {
  const report = new Report();
  const failed: string[] = [];
  for (let seed = from; seed < from + seeds; seed++) {
    const outcome = await runSeed(seed);
    report.add(outcome);
    const [first] = outcome.violations;
    if (first !== undefined) failed.push(`npm run simulate -- --seed ${seed}: ${first.promise}, ${first.what}`);
  }
  console.log(report.text());
  expect(failed).toEqual([]);
}

/** A seed that is run twice goes one way. */
export async function expectOneWay(from: number, seeds: number, options: RunOptions): Promise<void> {
  for (let seed = from; seed < from + seeds; seed++) {
    const first = await runSeed(seed, options);
    const again = await runSeed(seed, options);
    expect([seed, again.hash, again.steps]).toEqual([seed, first.hash, first.steps]);
  }
}
