/** Processes that stand still, connections that are cut, and what best-effort does. */
import { describe, expect, test } from 'vitest';
import { until } from '../kit/until.ts';
import { each, expectKept, named, random, sure, surePush } from './kit/checks.ts';
import { type Cutter, cutter } from './kit/cutter.ts';
import { pause, Scene, type SceneOptions } from './kit/scene.ts';
import { record } from './kit/table.ts';

const SEED = 20261124;

test.concurrent('best-effort: what is lost is lost, and nothing waits for it', async () => {
  const options: SceneOptions = { level: 'best-effort', ids: false, receiver: 'push' };
  const scene = new Scene(options);
  await scene.open();
  const job = scene.startJob();
  // What comes before the job listens is dropped: nobody waits for it.
  await until(() => job.stderr().includes('started'));
  scene.send(500);
  scene.startAgent();
  await until(() => scene.arrived().size > 0);
  job.child.kill('SIGKILL');
  await job.ended;
  scene.send(500);
  // Nobody is there, and the agent is through with it all the same.
  await scene.drained();
  scene.startJob();
  await until(() => scene.job?.stderr().includes('started') === true);
  // The agent's sink tries the receiver again only now and then: what it has is dropped until it does.
  const before = scene.arrived().size;
  const feeding = setInterval(() => scene.send(10), 50);
  await until(() => scene.arrived().size > before);
  clearInterval(feeding);
  await scene.drained();
  const tally = await scene.close();
  record(options, 'kill -9 of the job', tally);
  expect(tally.lost.length).toBeGreaterThan(0);
  expect(tally.lost.length).toBeLessThan(tally.sent);
});

describe('a process that stands still for longer than the other side waits', () => {
  const cases = sure.flatMap((options) =>
    (['job', 'agent'] as const).map((who) => [`${named(options)}: the ${who}`, options, who] as const),
  );
  test.concurrent.each(cases)('%s', async (_, options, who) => {
    const scene = new Scene(options);
    await scene.open();
    scene.send(1000);
    scene.startJob();
    scene.startAgent();
    await until(() => scene.arrived().size > 0);
    const feeding = setInterval(() => scene.send(20), 50);
    scene[who]?.child.kill('SIGSTOP');
    await pause(3500);
    scene[who]?.child.kill('SIGCONT');
    clearInterval(feeding);
    await scene.drained();
    const tally = await scene.close();
    record(options, `SIGSTOP of the ${who} for 3.5 s`, tally);
    expectKept(tally, options);
  });
});

test.concurrent.each(each(surePush))('connections cut in the middle of a frame: %s', async (_, options) => {
  let network: Cutter | undefined;
  const scene = new Scene({
    ...options,
    between: async (port) => {
      network = await cutter(port, 6, random(SEED));
      return network.port;
    },
  });
  await scene.open();
  scene.startJob();
  await until(() => scene.job?.stderr().includes('started') === true);
  scene.startAgent();
  const feeding = setInterval(() => scene.send(50), 50);
  await until(() => network !== undefined && network.left() <= 0);
  clearInterval(feeding);
  await scene.drained();
  const tally = await scene.close();
  network?.close();
  record(options, 'six connections cut in the middle of a frame', tally);
  expectKept(tally, options);
});

/** Batches are given up here, some more or less from run to run: what is held is that the job gets through all the same. */
test.concurrent('a job that is far too slow for its peers gets through, and loses nothing', async () => {
  const options: SceneOptions = { level: 'end-to-end', ids: true, receiver: 'push', slowEventMs: 2 };
  const scene = new Scene(options);
  await scene.open();
  scene.send(6000);
  const job = scene.startJob();
  scene.startAgent();
  await scene.drained();
  const tally = await scene.close();
  const givenUp = job.stderr().match(/batch \d+ was given up/g)?.length ?? 0;
  console.log(`a job of 2 ms an event: ${givenUp} batches given up, ${tally.duplicated} copies at least once`);
  record(options, 'a job that takes 2 ms for each event, peers that wait 2 s', tally);
  expectKept(tally, options);
});
