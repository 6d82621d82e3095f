/** The main jobs, run by the command line as users run them, against what the sample holds. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runCli, startCli } from '../kit/cli.ts';
import { countsOf, SAMPLE, totals } from '../kit/golden-wordcounts.ts';
import { freePort } from '../kit/ports.ts';
import { until } from '../kit/until.ts';

const DIRECTORIES: string[] = [];
afterAll(() => {
  for (const directory of DIRECTORIES) rmSync(directory, { recursive: true, force: true });
});

describe.each(['wordcount', 'wordcount-pull'])('jobs/%s.ts', (job) => {
  const run = async (...flags: string[]) => {
    const env = { WORDCOUNT_PORT: String(await freePort()) };
    return runCli(['run', `jobs/${job}.ts`, '--until-drained', '--no-ui', '--batch-interval', '200ms', ...flags], env);
  };

  test.each(['1', '2', '3'])(
    'counts the sample and acknowledges each line, with parallelism %s',
    async (parallelism) => {
      const result = await run('--json', '--parallelism', parallelism);
      expect(result.stderr).not.toMatch(/"level":[456]0/);
      expect(result.code).toBe(0);
      const { lines, acked, counts, batches } = totals(result.stdout);
      expect({ lines, counts }).toEqual(countsOf(SAMPLE));
      expect(acked).toBe(lines);
      expect(batches.map(({ batch }) => batch % 200)).toEqual(batches.map(() => 0));
      expect(batches.every(({ outputs }) => outputs.length === 1 && outputs[0]?.kind === 'print')).toBe(true);
    },
  );

  test('prints as Spark prints, and leaves the input as it was', async () => {
    const before = readdirSync(SAMPLE);
    const { stdout, code } = await run();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^-{43}\nTime: \d+ ms\n-{43}\n/);
    const printed = [...stdout.matchAll(/^\((.*),(\d+)\)$/gm)].map(([, word, count]) => [word, Number(count)]);
    const counts: Record<string, number> = {};
    for (const [word, count] of printed as [string, number][]) counts[word] = (counts[word] ?? 0) + count;
    expect(counts).toEqual(countsOf(SAMPLE).counts);
    expect(readdirSync(SAMPLE)).toEqual(before);
  });
});

test('--batches stops after as many batches that held data', async () => {
  const env = { WORDCOUNT_PORT: String(await freePort()) };
  const { stdout, code } = await runCli(
    ['run', 'jobs/wordcount.ts', '--batches', '1', '--json', '--batch-interval', '200ms'],
    env,
  );
  expect(code).toBe(0);
  expect(totals(stdout).batches.filter(({ events }) => events > 0)).toHaveLength(1);
});

test('Ctrl+C commits what was received, then ends with 0', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-test-'));
  DIRECTORIES.push(directory);
  writeFileSync(path.join(directory, 'a.txt'), 'one two\n');
  const env = { WORDCOUNT_PORT: String(await freePort()), WORDCOUNT_INPUT: directory };
  const cli = startCli(['run', 'jobs/wordcount.ts', '--json'], env);
  await until(() => cli.stderr().includes('to its end'));
  cli.child.kill('SIGINT');
  const { stdout, code } = await cli.ended;
  expect(code).toBe(0);
  expect(totals(stdout)).toMatchObject({ lines: 1, acked: 1, counts: { one: 1, two: 1 } });
});
