/** `npm run simulate`, as people call it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const npm = (...args: string[]): Promise<{ stdout: string }> =>
  promisify(execFile)('npm', ['run', '-s', 'simulate', '--', ...args], { maxBuffer: 64 * 1024 * 1024 });

test('many seeds: each is run twice and goes one way, and all promises hold', async () => {
  const { stdout } = await npm('--from', '2001', '--seeds', '40', '--twice');
  expect(stdout).toContain('40 seeds in ');
  expect(stdout).toContain('all promises held');
  expect(stdout).not.toContain('two ways');
});

test('one seed tells its story, and every step when it is asked for', async () => {
  const { stdout } = await npm('--seed', '2001');
  expect(stdout).toMatch(/world: is well from now on/);
  const hash = /trace (\w+)/.exec(stdout)?.[1];
  const steps = await npm('--seed', '2001', '--steps');
  expect(steps.stdout).toContain(`trace ${hash}`);
  expect(steps.stdout.split('\n').length).toBeGreaterThan(10 * stdout.split('\n').length);
});
