/** What `streamjob agent` promises as a process. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { type CliProcess, startCli } from '../../kit/cli.ts';
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
  const agent = startCli(['agent', '-n', 'a1', '-f', file]);
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
