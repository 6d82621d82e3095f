/** `streamjob explain`: every code has its page, one that there is not is told with the nearest, and errors name the command. */
import { existsSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ERROR_PAGES } from '../../../src/core/error-pages.ts';
import { ERROR_CODES } from '../../../src/core/errors.ts';
import { nearestOf } from '../../../src/core/registry.ts';
import { runCli } from '../../kit/cli.ts';

describe('streamjob explain', () => {
  test.each(['PORT_IN_USE', 'port_in_use', 'PORT_IN_USE:'])('%s is explained', async (given) => {
    const { code, stdout, stderr } = await runCli(['explain', given]);
    const { why, todo, see } = ERROR_PAGES.PORT_IN_USE;
    for (const text of [`PORT_IN_USE: ${ERROR_CODES.PORT_IN_USE}`, why, todo, 'again:  the same may succeed']) {
      expect(stdout).toContain(text);
    }
    const [, page = '', heading] = /^docs: +(.+\.md)(#.*)?$/m.exec(stdout) ?? [];
    expect(existsSync(page)).toBe(true);
    expect(`${page}${heading}`).toContain(`/docs/${see}`);
    expect(stderr).toBe('');
    expect(code).toBe(0);
  });

  test('a code that trying again does not help says so', async () => {
    expect((await runCli(['explain', 'NO_OUTPUT'])).stdout).toContain('again:  the same fails again');
  });

  test('one that there is not ends with 1 and the nearest', async () => {
    const { code, stdout, stderr } = await runCli(['explain', 'PORT_USED']);
    expect(stderr).toMatch(/CONFIG_UNKNOWN: there is no error code PORT_USED\n {2}do: +the nearest are PORT_IN_USE, /);
    expect(stderr).not.toContain('more:');
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });

  test('without a code all are listed', async () => {
    const { code, stdout } = await runCli(['explain']);
    const listed = stdout.trim().split('\n');
    expect(listed.map((line) => line.split(' ', 1)[0])).toEqual(Object.keys(ERROR_CODES));
    expect(code).toBe(0);
  });
});

test('names that hold the word are nearer than those that are spelt alike', () => {
  const codes = Object.keys(ERROR_CODES);
  expect(nearestOf('LOCKED', codes, 2)).toEqual(['CHANNEL_LOCKED', 'CHECKPOINT_LOCKED']);
  expect(nearestOf('JOB_NOTFOUND', codes, 1)).toEqual(['JOB_NOT_FOUND']);
});

test('the error that ends a command says where it is explained; with --json it does not', async () => {
  const missing = ['run', '/no/such/job.ts'];
  expect((await runCli(missing)).stderr).toMatch(/\n {2}more: {2}streamjob explain JOB_NOT_FOUND\n$/);
  const { code, stderr } = await runCli([...missing, '--json']);
  expect(stderr).toContain('JOB_NOT_FOUND');
  expect(stderr).not.toContain('explain');
  expect(code).toBe(1);
});
