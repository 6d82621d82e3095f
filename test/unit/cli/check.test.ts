/** What `streamjob check` writes, and its exit codes. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../../kit/cli.ts';
import { ownDirectory } from '../../kit/directory.ts';

function file(name: string, ...lines: string[]): string {
  const whole = path.join(ownDirectory(), name);
  writeFileSync(whole, lines.join('\n'));
  return whole;
}

const GOOD = [
  'a1.sources = r1',
  'a1.channels = c1',
  'a1.sources.r1.type = seq',
  'a1.sources.r1.channels = c1',
  'a1.channels.c1.type = memory',
];

it('says nothing but the agents of a file that is right, with 0', async () => {
  const conf = file('flume.conf', ...GOOD, 'a1.sinks = k1', 'a1.sinks.k1.type = null', 'a1.sinks.k1.channel = c1');
  const { code, stdout } = await runCli(['check', conf]);
  expect([code, stdout]).toEqual([0, `${conf}: nothing to say\n  agent a1: r1 (seq), c1 (memory), k1 (null)\n`]);
});

it('says each finding with its line, and what Flume would do, with 1 when there are errors', async () => {
  const conf = file('flume.conf', ...GOOD);
  const more = file('more.conf', 'a1.sources.r1.type = sec', 'a1.sources.r1.batchSize = 1');
  const { code, stdout, stderr } = await runCli(['check', conf, more, '-n', 'a1']);
  expect(code).toBe(1);
  expect(stdout.split('\n')).toEqual([
    expect.stringMatching(/more\.conf:1: error: source r1: unknown type sec, expected one of .*; did you mean seq\?$/),
    '    Flume ends at its start, with exit code 0',
    '',
  ]);
  expect(stderr).toContain('has 1 error');
});

it('is what a dry run of the agent does', async () => {
  const conf = file('flume.conf', ...GOOD);
  const { code, stdout } = await runCli(['agent', '-n', 'a1', '-f', conf, '-d']);
  expect([code, stdout]).toEqual([
    0,
    `${conf}:5: warning: channel c1 has no sink: it fills up and then stops its sources\n${conf}: 1 warning\n  agent a1: r1 (seq), c1 (memory)\n`,
  ]);
});

it('builds the graph of a job and reads the file of its agent, and starts neither', async () => {
  const { code, stdout } = await runCli(['check', 'jobs/wordcount.ts']);
  expect([code, stdout]).toEqual([
    0,
    expect.stringMatching(
      /^jobs\/wordcount\.ts: nothing to say\n {2}job wordcount\n.*wordcount\.conf: nothing to say\n/,
    ),
  ]);
});

it('says what is wrong with a job', async () => {
  const job = file(
    'job.mjs',
    "export default { kind: 'streamjob.job', options: { name: 'j', batchInterval: '1s' }, build: () => {} };",
  );
  const { code, stderr } = await runCli(['check', job]);
  expect([code, stderr]).toEqual([1, expect.stringContaining('NO_OUTPUT')]);
});
