/** The job is killed with SIGKILL at each point of an event's way, once early and once later, and started again. */
import { describe, expect, test } from 'vitest';
import { type Level, Scene, type SceneOptions } from './kit/scene.ts';
import { record } from './kit/table.ts';

const EVENTS = 1000;
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
    ? ['received', 'outputs-done', 'committed'].map((point): Case => ({ level, ids, receiver: 'pull', point }))
    : []),
]);

describe('a kill -9 of the job loses nothing, and repeats nothing in exactly-once outputs', () => {
  test.concurrent.each(
    cases.map(
      (each) => [`${each.level}${each.ids ? ' with ids' : ''}, ${each.receiver}, ${each.point}`, each] as const,
    ),
  )('%s', async (_, { point, ...options }) => {
    const scene = new Scene(options);
    await scene.open();
    scene.send(EVENTS);
    // Points that every empty batch passes are met later, so that there are events in it.
    const nth = point === 'stage' ? 120 : ['received', 'logged'].includes(point) ? 4 : 12;
    const killed = scene.startJob(`${point}:${nth}`);
    scene.startAgent();
    const feeding = setInterval(() => scene.send(50), 50);
    await killed.ended;
    clearInterval(feeding);
    expect(killed.child.signalCode).toBe('SIGKILL');
    scene.startJob();
    await scene.drained();
    const tally = await scene.close();
    record(options, `kill -9 of the job at '${point}'`, tally);
    expect(tally.lost).toBe(0);
    expect(tally.total).toBeGreaterThanOrEqual(options.ids ? tally.distinct : tally.sent);
    if (!options.ids) return;
    expect(tally.duplicatedExactlyOnce).toBe(0);
    expect(tally.missingExactlyOnce).toBe(0);
    expect(tally.total).toBe(tally.distinct);
  });
});
