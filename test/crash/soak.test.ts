/**
 * A job that is slower than its input, for a while: memory, open files and disk stay what they are. SOAK_SECONDS sets how long
 * (default 30); what is compared is the second quarter with the last, so that only growth counts.
 */
import path from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../kit/until.ts';
import { diskOf, pause, resources, Scene, type SceneOptions } from './kit/scene.ts';

const SECONDS = Number(process.env['SOAK_SECONDS'] ?? 30);
const MIB = 1024 * 1024;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

test.concurrent.each([
  ['end-to-end', 'push'],
  ['store-on-failure', 'push'],
] as const)('memory, files and disk stay flat under load: %s, %s', async (level, receiver) => {
  const options: SceneOptions = { level, receiver, ids: true, slowMs: 150 };
  const scene = new Scene(options);
  await scene.open();
  const job = scene.startJob();
  scene.startAgent();
  const feeding = setInterval(() => scene.send(200), 100);
  await until(() => scene.arrived().size > 0);
  const samples: { files: number; memory: number; disk: number }[] = [];
  for (let second = 0; second < SECONDS; second++) {
    await pause(1000);
    const disk = diskOf(path.join(scene.directory, 'checkpoint'));
    samples.push({ ...resources(job.child.pid ?? 0), disk });
  }
  clearInterval(feeding);
  await scene.drained(120_000);
  const tally = await scene.close();
  expect(tally.lost).toBe(0);
  expect(tally.duplicatedExactlyOnce).toBe(0);
  const quarter = Math.floor(samples.length / 4);
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(3 * quarter);
  const grown = (of: 'files' | 'memory' | 'disk'): number =>
    median(late.map((sample) => sample[of])) - median(early.map((sample) => sample[of]));
  console.log(
    `soak ${level}, ${SECONDS} s, ${tally.sent} events: memory ${Math.round(median(late.map(({ memory }) => memory)) / MIB)} MiB ` +
      `(${Math.round(grown('memory') / MIB)} more than before), files ${grown('files')} more, disk ${Math.round(grown('disk') / 1024)} KiB more`,
  );
  expect(grown('memory')).toBeLessThan(64 * MIB);
  expect(grown('files')).toBeLessThan(10);
  // Ids are remembered, a million of them: that much may come, and the journal's own room.
  expect(grown('disk')).toBeLessThan(24 * MIB);
});
