/** The embedded agent is killed with SIGKILL at each point of its file channel, alone and together with the job. */
import { describe, expect, test } from 'vitest';
import { expectKept } from './kit/checks.ts';
import { Scene, type SceneOptions } from './kit/scene.ts';
import { record } from './kit/table.ts';

const EVENTS = 500;
const POINTS = ['put-writing', 'put-synced', 'acknowledged', 'take-writing', 'take-synced'];
/** Where the job is killed at the same time too. */
const OF_BOTH = ['put-synced', 'acknowledged', 'take-synced'];

interface Case extends SceneOptions {
  readonly point: string;
  readonly jobToo: boolean;
}

const cases: Case[] = (['push', 'pull'] as const).flatMap((receiver) => {
  const base = { level: 'end-to-end', ids: true, receiver } as const;
  return [
    ...POINTS.map((point): Case => ({ ...base, point, jobToo: false })),
    ...OF_BOTH.map((point): Case => ({ ...base, point, jobToo: true })),
  ];
});

describe('a kill -9 of the embedded agent loses nothing that its source was told, and repeats nothing in exactly-once outputs', () => {
  test.concurrent.each(
    cases.map((each) => [`${each.receiver}: ${each.point}${each.jobToo ? ', and the job' : ''}`, each] as const),
  )('%s', async (_, { point, jobToo, ...options }) => {
    const scene = new Scene(options);
    await scene.open();
    scene.send(EVENTS);
    const job = scene.startJob();
    const killed = scene.startAgent(`${point}:4`);
    const feeding = setInterval(() => scene.send(20), 50);
    await killed.ended;
    clearInterval(feeding);
    expect(killed.child.signalCode).toBe('SIGKILL');
    if (jobToo) {
      job.child.kill('SIGKILL');
      await job.ended;
      scene.startJob();
    }
    scene.startAgent();
    await scene.drained();
    const tally = await scene.close();
    record(options, `kill -9 of the agent at a point of its file channel${jobToo ? ', and of the job' : ''}`, tally);
    expectKept(tally, options);
  });
});
