/** The command of an exec source ends with the agent, however the agent ends: the agent is a process of its own here. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type CliProcess, startCli, startModule } from '../../kit/cli.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { processesWith } from '../../kit/processes.ts';
import { until } from '../../kit/until.ts';

interface Scene {
  readonly directory: string;
  readonly conf: string;
  /** The file that the command follows: no other process has its name in its command line. */
  readonly followed: string;
}

function scene(...more: string[]): Scene {
  const directory = ownDirectory();
  const followed = path.join(directory, 'followed.log');
  const conf = path.join(directory, 'flume.conf');
  writeFileSync(followed, 'a line\n');
  const lines = [
    'a1.sources = r1',
    'a1.channels = c1',
    'a1.sources.r1.type = exec',
    `a1.sources.r1.command = tail -F ${followed}`,
    'a1.sources.r1.channels = c1',
    'a1.channels.c1.type = memory',
    ...more,
  ];
  writeFileSync(conf, lines.join('\n'));
  return { directory, conf, followed };
}

async function running(agent: CliProcess, followed: string): Promise<void> {
  onTestFinished(() => void agent.child.kill('SIGKILL'));
  await until(() => agent.child.exitCode !== null || processesWith(followed).length > 0);
  expect(agent.child.exitCode, agent.stderr()).toBeNull();
}

const gone = (followed: string): Promise<void> => until(() => processesWith(followed).length === 0);

it.each(['SIGKILL', 'SIGTERM', 'SIGABRT'] as const)('ends with an agent that is ended by %s', async (signal) => {
  const { conf, followed } = scene();
  const agent = startCli(['agent', '-n', 'a1', '-f', conf]);
  await running(agent, followed);
  agent.child.kill(signal);
  await agent.ended;
  await gone(followed);
});

it('ends, with all that a shell has started for it, also what ignores SIGTERM', async () => {
  const { conf, followed } = scene('a1.sources.r1.shell = /bin/sh -c');
  writeFileSync(
    conf,
    `\na1.sources.r1.command = trap "" TERM; (tail -F ${followed} | cat) & tail -f ${followed}; sleep 100; true\n`,
    { flag: 'a' },
  );
  const agent = startCli(['agent', '-n', 'a1', '-f', conf]);
  await running(agent, followed);
  await until(() => processesWith(`tail -F ${followed}`).length > 0 && processesWith(`tail -f ${followed}`).length > 0);
  agent.child.kill('SIGKILL');
  await agent.ended;
  await gone(followed);
});

it.each([
  ['an error that nobody catches', "setTimeout(() => { throw new Error('uncaught'); });"],
  ['process.exit', 'process.exit(5);'],
])('ends with a program that ends by %s', async (_how, end) => {
  const { directory, conf, followed } = scene();
  const program = path.join(directory, 'program.mts');
  const agent = new URL('../../../src/agent.ts', import.meta.url).pathname;
  writeFileSync(
    program,
    `import { Agent, silentLogger } from ${JSON.stringify(agent)};
     const agent = await Agent.fromFile(${JSON.stringify(conf)}, { log: silentLogger });
     await agent.start();
     process.once('SIGUSR2', () => { ${end} });
     process.stdout.write('ready');`,
  );
  const running_ = startModule(program, []);
  await running(running_, followed);
  await until(() => running_.stdout() === 'ready');
  running_.child.kill('SIGUSR2');
  expect((await running_.ended).code).not.toBe(0);
  await gone(followed);
});
