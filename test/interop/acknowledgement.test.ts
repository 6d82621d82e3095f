/** What has not committed is not acknowledged: while the output fails, real Flume keeps its events, and afterwards none is lost. */
import { expect } from 'vitest';
import { freePort } from '../kit/ports.ts';
import { type FlumeAgent, startFlume } from './kit/flume.ts';
import { type RunningJob, startJob } from './kit/job.ts';
import { makeLines, spool } from './kit/lines.ts';
import { describeWith } from './kit/peers.ts';
import { it, type Scene } from './kit/scene.ts';

const EVENTS = 4000;
/** Short, so that a batch that does not commit is given up, and comes again, within the test. */
const PEER_TIMEOUT_S = 4;

type Join = (scene: Scene, before: () => void) => Promise<{ readonly flume: FlumeAgent; readonly job: RunningJob }>;

const push: Join = async (scene, before) => {
  const port = await freePort();
  const flume = await startFlume(scene, {
    name: 'flume',
    confs: ['push.conf'],
    env: { JOB_PORT: String(port), FLUME_REQUEST_TIMEOUT: String(PEER_TIMEOUT_S * 1000) },
  });
  const job = await startJob(scene, {
    batchInterval: 200,
    source: (ssc) => ssc.flumeStream({ host: '127.0.0.1', port, peerRequestTimeout: PEER_TIMEOUT_S * 1000 }),
    before,
  });
  return { flume, job };
};

const pull: Join = async (scene, before) => {
  const port = await freePort();
  const flume = await startFlume(scene, {
    name: 'flume',
    confs: ['pull.conf'],
    env: { FLUME_SINK_PORT: String(port), FLUME_SINK_TIMEOUT: String(PEER_TIMEOUT_S) },
  });
  const job = await startJob(scene, {
    batchInterval: 200,
    source: (ssc) => ssc.flumePollingStream({ addresses: [`127.0.0.1:${port}`], sinkTimeout: PEER_TIMEOUT_S * 1000 }),
    before,
  });
  return { flume, job };
};

describeWith(['flume'], 'an output fails', () => {
  for (const [name, join] of Object.entries({ push, pull })) {
    it(`${name}: Flume's channel keeps every event until it works again, and none is lost`, async ({ scene }) => {
      let broken = true;
      const { flume, job } = await join(scene, () => {
        if (broken) throw new Error('the output is broken');
      });
      const lines = makeLines('e', EVENTS);
      spool(flume.work, 'lines.txt', lines);
      const metric = (counter: string) => flume.metric('CHANNEL.c1', counter);
      const told = (type: string) => job.told.filter((event) => event.type === type);
      await scene.until(async () => (await metric('EventPutSuccessCount')) === EVENTS, 'all events are in the channel');
      // Once is not enough: what was given up has come again, and has failed again.
      await scene.until(() => told('batchGivenUp').length >= 2, 'two batches have been given up');
      expect(told('batchFailed').length, 'failed attempts').toBeGreaterThanOrEqual(2);
      expect(job.acked(), 'events acknowledged by a failing job').toBe(0);
      expect(await metric('EventTakeSuccessCount'), "events that left Flume's channel").toBe(0);
      expect(await metric('ChannelSize'), "events in Flume's channel").toBe(EVENTS);

      broken = false;
      await scene.until(async () => (await metric('ChannelSize')) === 0, 'Flume has delivered all');
      job.ids.expectNoneLost(lines.ids);
      expect(await metric('EventTakeSuccessCount')).toBe(EVENTS);
    });
  }
});
