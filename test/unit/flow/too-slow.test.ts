/** A job whose very first batch takes longer than its peers wait. */
import { expect, test } from 'vitest';
import { arrived, pushRig } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';

test('a batch that was given up tells how slow the job is: reading stops before as much has come again', async () => {
  let pass = (): void => {};
  const passed = new Promise<void>((resolve) => {
    pass = resolve;
  });
  const rig = await pushRig(() => passed, { backpressure: false });
  const peer = await rig.connect();
  const bodies = (count: number): string[] => Array.from({ length: count }, () => 'x');
  const first = peer.send(...bodies(2000));
  await arrived(rig, 2000);
  rig.clock.advanceTo(1000);
  await until(() => rig.seen.some(({ type }) => type === 'batchStarted'));
  rig.clock.advanceTo(18_000);
  await until(() => peer.status(first) === 'FAILED');
  // 10 ms an event: 1,000 of them are half of the 20 s that the peer waits.
  rig.clock.advanceTo(21_000);
  pass();
  await until(() => rig.seen.filter(({ type }) => type === 'readingPaused').length === 1 && !isPaused());
  const sent = Array.from({ length: 40 }, () => peer.send(...bodies(100)));
  await until(() => isPaused());
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(rig.ssc.waitingEvents).toBeGreaterThan(1000);
  expect(rig.ssc.waitingEvents).toBeLessThan(2000);
  expect(peer.status(sent[0] as number)).toBeUndefined();
  await rig.stop();

  function isPaused(): boolean {
    return rig.seen.findLast(({ type }) => type.startsWith('reading'))?.type === 'readingPaused';
  }
});
