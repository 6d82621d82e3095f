/** Real Flume's SparkSink is polled: spooldir source -> file channel -> SparkSink <- flumePollingStream. */
import { expect } from 'vitest';
import { freePort } from '../kit/ports.ts';
import { startFlume } from './kit/flume.ts';
import { type RunningJob, startJob } from './kit/job.ts';
import { makeLines, spool } from './kit/lines.ts';
import { describeWith } from './kit/peers.ts';
import { it } from './kit/scene.ts';

describeWith(['flume'], "flumePollingStream polls real Flume's SparkSink", () => {
  it('every event is counted once, every word right', async ({ scene }) => {
    const port = await freePort();
    const flume = await startFlume(scene, {
      name: 'flume',
      confs: ['pull.conf'],
      env: { FLUME_SINK_PORT: String(port) },
    });
    const job = await startJob(scene, {
      batchInterval: 200,
      source: (ssc) => ssc.flumePollingStream({ addresses: [`127.0.0.1:${port}`] }),
    });
    const lines = makeLines('e', 20_000);
    spool(flume.work, 'lines.txt', lines);
    const taken = () => flume.metric('CHANNEL.c1', 'EventTakeSuccessCount');
    await scene.until(async () => (await taken()) === 20_000, 'the sink has committed all');
    job.ids.expectExactlyOnce(lines.ids);
    expect(job.words).toEqual(lines.words);
    await scene.until(() => job.acked() === 20_000, 'the job has told of every acknowledgement');
    expect(await flume.metric('CHANNEL.c1', 'ChannelSize')).toBe(0);
  });

  it('with 6 batches of the sink open at once, none of them acknowledged, every event is counted once', async ({
    scene,
  }) => {
    const [open, maxBatchSize, total] = [6, 100, 3000];
    const port = await freePort();
    const flume = await startFlume(scene, {
      name: 'flume',
      confs: ['pull.conf'],
      env: { FLUME_SINK_PORT: String(port) },
    });
    const lines = makeLines('e', total);
    spool(flume.work, 'lines.txt', lines);
    const metric = (name: string) => flume.metric('CHANNEL.c1', name);
    // All is in the channel before anyone polls: so each take finds an event, and the count of takes is one of events.
    await scene.until(async () => (await metric('ChannelSize')) === total, 'the channel holds all');
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const job: RunningJob = await startJob(scene, {
      batchInterval: 200,
      source: (ssc) => ssc.flumePollingStream({ addresses: [`127.0.0.1:${port}`], maxBatchSize, parallelism: open }),
      before: () => released,
    });
    const takes = () => metric('EventTakeAttemptCount');
    await scene.until(async () => (await takes()) === open * maxBatchSize, '6 batches of 100 events have been taken');
    expect(await metric('EventTakeSuccessCount'), 'events committed while 6 batches are open').toBe(0);
    expect(
      job.told.map(({ type }) => type),
      'what was taken is held, not given up',
    ).not.toContain('batchGivenUp');
    expect(job.ids.size, 'events counted while the output waits').toBe(0);
    release();
    await scene.until(async () => (await metric('EventTakeSuccessCount')) === total, 'the sink has committed all');
    job.ids.expectExactlyOnce(lines.ids);
    expect(job.words).toEqual(lines.words);
    expect(await metric('ChannelSize')).toBe(0);
  });
});
