/** Where a job's flume.conf is. */
import { expect, test } from 'vitest';
import { agentBeside } from '../../../src/cli/job-parts.ts';

test('the flume.conf of a job is beside it, and the empty text names none', () => {
  expect(agentBeside('./flume.conf', '/jobs/job.ts')).toEqual({ agent: '/jobs/flume.conf' });
  expect(agentBeside({ conf: '../flume.conf', name: 'a2' }, '/jobs/job.ts')).toEqual({
    agent: { conf: '/flume.conf', name: 'a2' },
  });
  expect(agentBeside('/etc/flume.conf', '/jobs/job.ts')).toEqual({ agent: '/etc/flume.conf' });
  expect([agentBeside('', '/jobs/job.ts'), agentBeside(undefined, '/jobs/job.ts')]).toEqual([{}, {}]);
});
