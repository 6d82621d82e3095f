/** A real peer is killed (SIGKILL) in the middle of its work and starts again: every event is counted once or more, none is lost. */
import { expect } from 'vitest';
import { freePort } from '../kit/ports.ts';
import { agentWork, startAgent } from './kit/agent.ts';
import { collectedLines, startCollector, startFlume } from './kit/flume.ts';
import { startJob } from './kit/job.ts';
import { makeLines, spool } from './kit/lines.ts';
import { describeWith } from './kit/peers.ts';
import { it, type Scene } from './kit/scene.ts';
import { Tally } from './kit/tally.ts';

const EVENTS = 20_000;

describeWith(['flume'], 'real Flume is killed', () => {
  it('push, with a request that is held: after its restart it delivers all', ({ scene }) => killSender(scene, 'push'));

  it('pull, with batches that are held: after its restart it delivers all', ({ scene }) => killSender(scene, 'pull'));

  it('as the receiver of the embedded agent: after its restart it gets all', async ({ scene }) => {
    const port = await freePort();
    const doomed = await startCollector(scene, port);
    const lines = makeLines('e', EVENTS);
    spool(agentWork(scene), 'lines.txt', lines);
    const env = { FLUME_SOURCE_PORT: String(port), AGENT_COMPRESSION: 'none', AGENT_SSL: 'false', AGENT_CA: '' };
    const agent = await startAgent(scene, 'agent-push.conf', env);
    const taken = () => agent.counters()['CHANNEL.c1']?.['EventTakeSuccessCount'] ?? 0;
    await scene.until(() => taken() > 0, 'the agent has delivered some');
    await doomed.actor.kill();
    expect(taken(), 'events delivered before the kill').toBeLessThan(EVENTS);

    const flume = await startCollector(scene, port);
    await scene.until(() => taken() === EVENTS, 'the agent has delivered all');
    await scene.until(async () => (await flume.metric('CHANNEL.c1', 'ChannelSize')) === 0, 'file_roll has written all');
    Tally.ofLines(collectedLines(flume)).expectNoneLost(lines.ids);
  });
});

async function killSender(scene: Scene, mode: 'push' | 'pull'): Promise<void> {
  const port = await freePort();
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let seen = 0;
  let held = false;
  const job = await startJob(scene, {
    batchInterval: 200,
    source: (ssc) =>
      mode === 'push'
        ? ssc.flumeStream({ host: '127.0.0.1', port })
        : ssc.flumePollingStream({ addresses: [`127.0.0.1:${port}`] }),
    before: (ids) => {
      seen += ids.length;
      if (seen < 3000) return;
      held = true;
      return released;
    },
  });
  const env = { JOB_PORT: String(port), FLUME_SINK_PORT: String(port) };
  const start = () => startFlume(scene, { name: 'flume', confs: [`${mode}.conf`], env });
  const doomed = await start();
  const lines = makeLines('e', EVENTS);
  spool(doomed.work, 'lines.txt', lines);
  await scene.until(() => held, 'a batch is held');
  await doomed.actor.kill();
  expect(job.ids.hasAll(lines.ids), 'all has arrived before the kill').toBe(false);

  const flume = await start();
  release();
  await scene.until(() => job.ids.hasAll(lines.ids), 'every event has been counted');
  await scene.until(async () => (await flume.metric('CHANNEL.c1', 'ChannelSize')) === 0, 'Flume has heard of all');
  job.ids.expectNoneLost(lines.ids);
}
