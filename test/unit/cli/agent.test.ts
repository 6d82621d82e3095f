/** What `streamjob agent` promises as a process. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { type CliProcess, runCli, startCli } from '../../kit/cli.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { until } from '../../kit/until.ts';

/** An agent whose one source ends at once, and that has no sink, so that nothing at all is left to do. */
function startAgent(): CliProcess {
  const file = path.join(ownDirectory(), 'flume.conf');
  const lines = [
    'a1.sources = r1',
    'a1.channels = c1',
    'a1.sources.r1.type = seq',
    'a1.sources.r1.totalEvents = 1',
    'a1.sources.r1.channels = c1',
    'a1.channels.c1.type = memory',
  ];
  writeFileSync(file, lines.join('\n'));
  return started(['agent', '-n', 'a1', '-f', file]);
}

function started(words: readonly string[]): CliProcess {
  const agent = startCli(words);
  onTestFinished(async () => {
    agent.child.kill('SIGKILL');
    await agent.ended;
  });
  return agent;
}

it.each(['SIGTERM', 'SIGINT'] as const)(
  'runs on when its sources have ended, until %s, which ends it with 0',
  async (signal) => {
    const agent = startAgent();
    await until(() => agent.child.exitCode !== null || agent.stderr().includes('agent a1 runs'));
    agent.child.kill(signal);
    expect((await agent.ended).code).toBe(0);
  },
);

it('takes what flume-ng takes: several files, URIs, properties and options of Java', async () => {
  const directory = ownDirectory();
  const [first, second] = [path.join(directory, 'first.conf'), path.join(directory, 'second.conf')];
  const sys = ['$', '{sys:stage}'].join('');
  writeFileSync(first, `a1.sources = r1\na1.channels = c1\na1.sources.r1.type = seqq\na1.sources.r1.channels = c1`);
  writeFileSync(second, `a1.sources.r1.type = seq\na1.sources.r1.totalEvents = 1\na1.channels.c1.type = ${sys}`);
  const java = ['-Dstage=memory', '-Xmx20m', '-C', 'x.jar', '-c', directory];
  const agent = started(['agent', '-n', 'a1', '-f', first, ...java, '-u', pathToFileURL(second).href]);
  await until(() => agent.child.exitCode !== null || agent.stderr().includes('agent a1 runs'));
  agent.child.kill('SIGTERM');
  expect((await agent.ended).code).toBe(0);
  expect(agent.stderr()).toContain('not used, as there is no Java here: -Xmx20m, --classpath');
});

it.each([
  [['-n', 'a1'], /give the flume.conf/],
  [['-n', 'a1', '-f', 'x', '-z', 'host:1'], /-z: configurations in ZooKeeper are not supported/],
  [['-f', 'x'], /give the name of the agent/],
])('ends a call of %j with 2 and the reason', async (words, reason) => {
  const { code, stderr } = await runCli(['agent', ...words]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(reason)]);
});

it('reads its file at once when it gets SIGHUP, runs on when that is wrong, and goes over to one that is right', async () => {
  const file = path.join(ownDirectory(), 'flume.conf');
  const lines = ['a1.sources = r1', 'a1.channels = c1', 'a1.channels.c1.type = memory', 'a1.sources.r1.channels = c1'];
  const write = (type: string): void => writeFileSync(file, [...lines, `a1.sources.r1.type = ${type}`].join('\n'));
  write('seq\na1.sources.r1.totalEvents = 1');
  const agent = started(['agent', '-n', 'a1', '-f', file]);
  const said = (text: string): Promise<void> =>
    until(() => agent.child.exitCode !== null || agent.stderr().includes(text));
  await said('agent a1 runs');
  agent.child.kill('SIGHUP');
  await said('the files say what they said before');
  write('seqq');
  agent.child.kill('SIGHUP');
  await said('SIGHUP: the agent runs on as it was');
  write('netcat\na1.sources.r1.bind = 127.0.0.1\na1.sources.r1.port = 0');
  agent.child.kill('SIGHUP');
  await said('has gone over to what its file says now: sources r1');
  agent.child.kill('SIGTERM');
  expect((await agent.ended).code).toBe(0);
});

it('waits for a port that is taken, and with --fail-fast ends with 1', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const file = path.join(ownDirectory(), 'flume.conf');
  const source = ['type = netcat', 'bind = 127.0.0.1', `port = ${port}`, 'channels = c1'];
  const lines = ['a1.sources = r1', 'a1.channels = c1', 'a1.channels.c1.type = memory'];
  writeFileSync(file, [...lines, ...source.map((line) => `a1.sources.r1.${line}`)].join('\n'));
  const agent = started(['agent', '-n', 'a1', '-f', file]);
  await until(() => agent.child.exitCode !== null || agent.stderr().includes('cannot start, and is tried again'));
  agent.child.kill('SIGTERM');
  expect((await agent.ended).code).toBe(0);
  const { code, stderr } = await runCli(['agent', '-n', 'a1', '-f', file, '--fail-fast']);
  expect([code, stderr]).toEqual([1, expect.stringContaining('PORT_IN_USE')]);
});
