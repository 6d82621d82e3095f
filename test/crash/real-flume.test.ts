/**
 * A real Flume 1.11 (file channel, Apache's UUID interceptor; Avro sink, or Spark's sink that is polled) and the job are killed with
 * SIGKILL in turn, and Flume stands still: nothing is lost, and an event that Flume delivers again counts once. A real sink waits
 * five seconds after each failure, so these are few.
 */
import { expect, test } from 'vitest';
import { describeWith } from '../interop/kit/peers.ts';
import { until } from '../kit/until.ts';
import { expectKept } from './kit/checks.ts';
import { pause, Scene, type SceneOptions } from './kit/scene.ts';
import { record } from './kit/table.ts';

const cases = (['push', 'pull'] as const).map(
  (receiver) => [receiver, { level: 'end-to-end', ids: true, receiver, realFlume: true } as SceneOptions] as const,
);

describeWith(['flume'], 'real Flume with its UUID interceptor', () => {
  test.concurrent.each(cases)('%s: kill -9 of Flume and of the job', async (_, options) => {
    const scene = new Scene(options);
    await scene.open();
    const feeding = setInterval(() => scene.send(20), 50);
    const flume = scene.startAgent();
    // At last committed and not acknowledged: Flume delivers the batch again, under the same ids.
    for (const killAt of ['outputs-done:4', 'committed:4']) {
      const job = scene.startJob(killAt);
      await job.ended;
      expect(job.child.signalCode).toBe('SIGKILL');
    }
    scene.startJob();
    await arrivesMore(scene);
    flume.child.kill('SIGKILL');
    await flume.ended;
    scene.startAgent();
    await arrivesMore(scene);
    clearInterval(feeding);
    await scene.drained();
    // Otherwise nothing was delivered twice, and nothing is proved.
    expect(redelivered(scene)).toBeGreaterThan(0);
    const tally = await scene.close();
    record(options, 'real Flume, its UUID interceptor: kill -9 of Flume and of the job', tally);
    expectKept(tally, options);
  });

  test.concurrent.each(cases)('%s: Flume stands still', async (_, options) => {
    const scene = new Scene(options);
    await scene.open();
    const feeding = setInterval(() => scene.send(20), 50);
    const flume = scene.startAgent();
    scene.startJob();
    await arrivesMore(scene);
    flume.child.kill('SIGSTOP');
    await pause(3500);
    flume.child.kill('SIGCONT');
    clearInterval(feeding);
    await scene.drained();
    const tally = await scene.close();
    record(options, 'real Flume, its UUID interceptor: SIGSTOP of Flume for 3.5 s', tally);
    expectKept(tally, options);
  });
});

async function arrivesMore(scene: Scene): Promise<void> {
  const before = scene.arrived().size;
  await until(() => scene.arrived().size > before);
}

/** Events that the job of now acknowledged beyond those that it took into a batch: they were dropped by their ids. */
function redelivered(scene: Scene): number {
  let more = 0;
  // The last line may not be whole yet.
  for (const line of scene.job?.stdout().split('\n').slice(0, -1) ?? []) {
    if (!line.startsWith('{')) continue;
    const { events, acked } = JSON.parse(line) as { events: number; acked: number };
    more += acked - events;
  }
  return more;
}
