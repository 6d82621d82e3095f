/** The page of `streamjob run`: where it is, that a start does not wait for it, and that its history outlives a run. */
import fs from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type CliProcess, ROOT, startCli } from '../../kit/cli.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { freePort } from '../../kit/ports.ts';
import { until } from '../../kit/until.ts';

const JOB = path.join(ROOT, 'jobs/wordcount.ts');

async function run(directory: string, ...flags: readonly string[]): Promise<CliProcess> {
  const env = { WORDCOUNT_PORT: String(await freePort()) };
  const cli = startCli(['run', JOB, '--batch-interval', '100ms', ...flags], env, directory);
  onTestFinished(async () => {
    cli.child.kill('SIGKILL');
    await cli.ended;
  });
  return cli;
}

/** Where the page is, as the log says it. */
async function urlOf(cli: CliProcess): Promise<string> {
  let url: string | undefined;
  await until(() => {
    url = /the job's page: (http:[^"\s]+)/.exec(cli.stderr())?.[1];
    return url !== undefined || cli.child.exitCode !== null;
  });
  if (url === undefined) throw new Error(`it ended: ${cli.stderr()}`);
  return url;
}

async function timesAt(url: string): Promise<number[]> {
  const timeline = (await (await fetch(`${url}/api/v1/applications/wordcount/timeline`)).json()) as { time: number }[];
  return timeline.map(({ time }) => time);
}

it('is served without being asked for, and has the batches of a run before it', async () => {
  const directory = ownDirectory();
  const first = await run(directory);
  const url = await urlOf(first);
  let times: readonly number[] = [];
  await until(async () => {
    times = await timesAt(url);
    return times.length >= 3;
  });
  first.child.kill('SIGINT');
  expect(await first.ended).toMatchObject({ code: 0 });
  const kept = fs.readFileSync(path.join(directory, '.streamjob/wordcount/history.jsonl'), 'utf8');
  expect(kept.trimEnd().split('\n').length).toBeGreaterThanOrEqual(3);

  const next = await run(directory, '--ui-port', '0');
  const again = await timesAt(await urlOf(next));
  expect(again.slice(0, 3)).toEqual(times.slice(0, 3));
});

it('on a port that was asked for is an error when that is taken', async () => {
  const directory = ownDirectory();
  const port = await freePort();
  const first = await run(directory, '--ui-port', String(port));
  expect(await urlOf(first)).toBe(`http://127.0.0.1:${port}`);
  const { code, stderr } = await (await run(ownDirectory(), '--ui-port', String(port))).ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining('PORT_IN_USE')]);
});

it('is not there with --no-ui', async () => {
  const directory = ownDirectory();
  const { code, stderr } = await (await run(directory, '--no-ui', '--until-drained')).ended;
  expect([code, stderr.includes("the job's page")]).toEqual([0, false]);
  expect(fs.existsSync(path.join(directory, '.streamjob'))).toBe(false);
});

it.each([
  ['--ui-port', '70000'],
  ['--ready-limit', 'soon'],
])('%s %s is refused', async (...flags) => {
  const { code, stderr } = await (await run(ownDirectory(), ...flags)).ended;
  expect(code).toBeGreaterThan(0);
  expect(stderr).toContain(flags[0]);
});

it.each([
  ['--ui-redact', ''],
  ['--ui-redact', '['],
  ['--ui-redact', 'a*'],
  ['--ui-redact-names', ''],
  ['--ui-redact-names', ' , '],
])('%s %j is a usage error: nothing is shown that was to be hidden', async (flag, value) => {
  const { code, stderr } = await (await run(ownDirectory(), '--ui-port', '0', `${flag}=${value}`, '--batches', '1'))
    .ended;
  expect([code, stderr]).toEqual([2, expect.stringContaining(flag)]);
});
