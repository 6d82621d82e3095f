/**
 * The embedded agent at store-on-failure is killed with SIGKILL. That may cost what it held in memory, which is counted before the
 * kill; what was on its disk, which is looked at after the kill, must come.
 */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { file } from '../../src/agent/channels/file.ts';
import { until } from '../kit/until.ts';
import { makeChannel } from '../unit/agent/channels/make.ts';
import { take } from '../unit/agent/channels/use.ts';
import type { Tally } from './kit/outputs.ts';
import { Scene, type SceneOptions } from './kit/scene.ts';
import { record } from './kit/table.ts';

const MOST = 1_000_000;

/** Bodies of what the agent has on disk, after its end. */
async function spilled(scene: Scene): Promise<string[]> {
  const dataDirs = path.join(scene.storeDir, 'spill', 'k1');
  const channel = makeChannel(file, { dataDirs, minimumRequiredSpace: 0, capacity: MOST, transactionCapacity: MOST });
  await channel.start();
  const { transaction, texts } = take(channel, MOST);
  await transaction.rollback();
  transaction.close();
  await channel.stop();
  return texts;
}

const inMemory = (scene: Scene): number => scene.counters()['CHANNEL.c1']?.['ChannelSize'] ?? 0;
const onDisk = (scene: Scene): number => scene.counters()['PROCESSOR.k1']?.['SpillSize'] ?? 0;
/** What the agent of now has taken over from its source. */
const accepted = (scene: Scene): number => scene.counters()['CHANNEL.c1']?.['EventPutSuccessCount'] ?? 0;

function expectOnlyMemoryLost(tally: Tally, held: number, disk: readonly string[]): void {
  const kept = new Set(disk);
  expect(tally.lost.filter((body) => kept.has(body))).toEqual([]);
  expect(tally.lost.length).toBeLessThanOrEqual(held);
  expect(tally.duplicatedExactlyOnce).toBe(0);
  expect(tally.missingExactlyOnce).toBe(0);
}

describe('store-on-failure: a kill of the agent costs at most what it held in memory, nothing that it had on disk', () => {
  test.concurrent('while the job is away and all is on its disk, and again while the disk is emptied', async () => {
    const options: SceneOptions = { level: 'store-on-failure', ids: true, receiver: 'push' };
    const scene = new Scene(options);
    await scene.open();
    scene.send(2000);
    const agent = scene.startAgent();
    await until(() => accepted(scene) === 2000 && inMemory(scene) === 0 && onDisk(scene) === 2000);
    agent.child.kill('SIGKILL');
    await agent.ended;
    const disk = await spilled(scene);
    expect(disk.length).toBe(2000);
    scene.startJob();
    for (const killAt of ['take-writing:3', 'take-synced:3']) {
      const emptying = scene.startAgent(killAt);
      await emptying.ended;
      expect(emptying.child.signalCode).toBe('SIGKILL');
    }
    scene.startAgent();
    await scene.drained();
    const tally = await scene.close();
    record(options, 'kill -9 of the agent while all is on its disk', tally, { held: 0, lost: 0 });
    expectOnlyMemoryLost(tally, 0, disk);
  });

  test.concurrent('while it writes to its disk', async () => {
    const held = 500;
    const options: SceneOptions = { level: 'store-on-failure', ids: true, receiver: 'push', capacity: held };
    const scene = new Scene(options);
    await scene.open();
    scene.send(3000);
    // The job is away.
    const agent = scene.startAgent('put-synced:3');
    await agent.ended;
    expect(agent.child.signalCode).toBe('SIGKILL');
    const disk = await spilled(scene);
    expect(disk.length).toBeGreaterThan(0);
    scene.startAgent();
    scene.startJob();
    await scene.drainedAgent();
    const tally = await scene.close();
    record(options, 'kill -9 of the agent while it writes to its disk', tally, { held, lost: tally.lost.length });
    expectOnlyMemoryLost(tally, held, disk);
  });

  test.concurrent.each(['push', 'pull'] as const)('while the job is up and slow: %s', async (receiver) => {
    const options: SceneOptions = { level: 'store-on-failure', ids: true, receiver, slowMs: 500 };
    const scene = new Scene(options);
    await scene.open();
    scene.send(500);
    scene.startJob();
    const agent = scene.startAgent();
    await until(() => scene.arrived().size > 0);
    scene.send(5000);
    // All is out of the source's hands, so that from now on what is in memory gets only less.
    await until(() => accepted(scene) === scene.sent && inMemory(scene) > 0);
    const held = inMemory(scene);
    agent.child.kill('SIGKILL');
    await agent.ended;
    const disk = await spilled(scene);
    scene.startAgent();
    await scene.drainedAgent();
    const tally = await scene.close();
    record(options, 'kill -9 of the agent while the job is up and slow', tally, { held, lost: tally.lost.length });
    expectOnlyMemoryLost(tally, held, disk);
    // Else nothing would have been in memory, and the test could not fail.
    expect(tally.lost.length).toBeGreaterThan(0);
  });
});
