/** The job is killed with SIGKILL at each point of an event's way, in a batch that holds events, and started again. */
import { describe, expect, test } from 'vitest';
import { expectKept, named } from './kit/checks.ts';
import { type Level, Scene, type SceneOptions } from './kit/scene.ts';
import { record } from './kit/table.ts';

const EVENTS = 500;
const POINTS = [
  'received',
  'cut',
  'stage',
  'before-rename',
  'after-rename',
  'outputs-done',
  'checkpoint-written',
  'committed',
];
/** How often a point is passed before: `stage` once for each event, `received` and `logged` for each request, others for each batch. */
const NTH: Readonly<Record<string, number>> = { stage: 120, received: 4, logged: 4 };

interface Case extends SceneOptions {
  readonly point: string;
}

const levels: readonly { readonly level: Level; readonly ids: boolean }[] = [
  { level: 'end-to-end', ids: false },
  { level: 'end-to-end', ids: true },
  { level: 'store-on-failure', ids: true },
];
const cases: Case[] = levels.flatMap(({ level, ids }) => [
  ...[...POINTS, ...(level === 'store-on-failure' ? ['logged'] : [])].map(
    (point): Case => ({ level, ids, receiver: 'push', point }),
  ),
  ...(ids
    ? ['received', 'outputs-done', 'checkpoint-written', 'committed'].map(
        (point): Case => ({ level, ids, receiver: 'pull', point }),
      )
    : []),
]);

describe('a kill -9 of the job loses nothing, and repeats nothing in exactly-once outputs', () => {
  test.concurrent.each(cases.map((each) => [`${named(each)}: ${each.point}`, each] as const))(
    '%s',
    async (_, { point, ...options }) => {
      const scene = new Scene(options);
      await scene.open();
      scene.send(EVENTS);
      const killed = scene.startJob(`${point}:${NTH[point] ?? 5}`);
      scene.startAgent();
      const feeding = setInterval(() => scene.send(20), 50);
      await killed.ended;
      clearInterval(feeding);
      expect(killed.child.signalCode).toBe('SIGKILL');
      scene.startJob();
      await scene.drained();
      const tally = await scene.close();
      record(options, 'kill -9 of the job at a point of the way of an event', tally);
      expectKept(tally, options);
    },
  );
});
