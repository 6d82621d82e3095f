/** Kills at random: 40 over all scenarios, or as many as CRASH_KILLS says (200 take some five minutes). CRASH_SEED gives others. */
import { describe, test } from 'vitest';
import { until } from '../kit/until.ts';
import { each, expectKept, random, sure } from './kit/checks.ts';
import { pause, Scene, type SceneOptions } from './kit/scene.ts';
import { record } from './kit/table.ts';

const KILLS = Number(process.env['CRASH_KILLS'] ?? 40);
const SEED = Number(process.env['CRASH_SEED'] ?? 20261124);
/** 10 s for each kill of a scenario is ample. */
const LIMIT_MS = 120_000 + (KILLS / sure.length) * 10_000;

/** With worker threads too; without ids what waits in the log is read by the workers themselves. */
const threads: readonly SceneOptions[] = [
  { level: 'end-to-end', ids: true, receiver: 'push', engine: 'threads' },
  { level: 'store-on-failure', ids: false, receiver: 'push', engine: 'threads' },
];
const scenes = [...sure, ...threads];

describe(`kills at random (seed ${SEED})`, () => {
  test.concurrent.each(each(scenes))(
    '%s',
    async (_, options) => {
      const next = random(SEED + scenes.indexOf(options));
      const scene = new Scene(options);
      await scene.open();
      let job = scene.startJob();
      let agent = scene.startAgent();
      const feeding = setInterval(() => scene.send(20), 50);
      for (let kill = 0; kill < KILLS / sure.length; kill++) {
        const before = scene.arrived().size;
        // Each life does something, or the kills would prove nothing.
        await until(() => scene.arrived().size > before);
        await pause(next() * 400);
        // At store-on-failure a kill of the agent costs what is in its memory: see agent-memory.test.ts.
        const ofAgent = options.level === 'end-to-end' && next() < 0.4;
        const victim = ofAgent ? agent : job;
        victim.child.kill('SIGKILL');
        await victim.ended;
        if (ofAgent) agent = scene.startAgent();
        else job = scene.startJob();
      }
      clearInterval(feeding);
      await scene.drained();
      const tally = await scene.close();
      const victims = options.level === 'end-to-end' ? 'the job or the agent' : 'the job';
      record(options, `${KILLS / sure.length} kills -9 at random in each run, of ${victims}`, tally);
      expectKept(tally, options);
    },
    LIMIT_MS,
  );
});
