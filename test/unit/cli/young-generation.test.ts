/** The young generation of a run stays small, unless the call says otherwise. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MODULE = fileURLToPath(new URL('../../../src/cli/young-generation.ts', import.meta.url));

/** MB that V8 takes for young objects in a process that keeps each for a while. */
function youngMegabytes(flags: readonly string[]): number {
  const program = `
    import v8 from 'node:v8';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { limitYoungGeneration } from ${JSON.stringify(MODULE)};
    limitYoungGeneration();
    let kept = [];
    for (let i = 0; i < 3_000_000; i++) {
      kept.push({ i, more: [i] });
      if (kept.length > 20_000) kept = kept.slice(10_000);
      // As a job comes back to the event loop.
      if (i % 20_000 === 0) await sleep(i < 1_000_000 ? 5 : 0);
    }
    console.log(v8.getHeapSpaceStatistics().find((each) => each.space_name === 'new_space').space_size / 2 ** 20);`;
  const args = [...flags, '--import', 'tsx', '--input-type=module', '--eval', program];
  return Number(spawnSync(process.execPath, args, { encoding: 'utf8' }).stdout);
}

test('it stays below what V8 would take', () => {
  expect(youngMegabytes([])).toBeGreaterThanOrEqual(4);
  expect(youngMegabytes([])).toBeLessThanOrEqual(17);
});

test('a size that the call of Node gives holds', () => {
  expect(youngMegabytes(['--max-semi-space-size=16'])).toBeGreaterThan(30);
});
