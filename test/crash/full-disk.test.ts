/** A disk that is full, a small tmpfs, and a kill -9 while it is: of the checkpoint, of the agent's file channel, of its spill. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { mountsMissing } from '../kit/mounts.ts';
import { until } from '../kit/until.ts';
import { each, expectKept, sure, surePush } from './kit/checks.ts';
import { Scene, type SceneOptions } from './kit/scene.ts';
import { SmallDisk } from './kit/small-disk.ts';
import { record } from './kit/table.ts';

const title = mountsMissing === undefined ? '' : ` (skipped: ${mountsMissing})`;

describe.skipIf(mountsMissing !== undefined)(`a full disk${title}`, () => {
  const cases = each(surePush).flatMap(([name, options]) =>
    [false, true].map((killed) => [`${name}${killed ? ', and kill -9 of the job' : ''}`, options, killed] as const),
  );

  test.concurrent.each(cases)('of the checkpoint: %s', (_, options, killed) =>
    SmallDisk.during('4m', async (disk) => {
      const scene = new Scene({ ...options, checkpointDir: path.join(disk.directory, 'checkpoint') });
      await scene.open();
      scene.send(500);
      const job = scene.startJob();
      scene.startAgent();
      await until(() => scene.arrived().size > 0);
      disk.fill();
      const feeding = setInterval(() => scene.send(50), 50);
      await until(() => /ENOSPC|no space/i.test(job.stderr()));
      clearInterval(feeding);
      if (killed) {
        job.child.kill('SIGKILL');
        await job.ended;
      }
      disk.free();
      if (killed) scene.startJob();
      await scene.drained();
      const tally = await scene.close();
      record(options, `the disk of the checkpoint is full${killed ? ', and kill -9 of the job' : ''}`, tally);
      expectKept(tally, options);
    }),
  );

  test.concurrent.each(each(sure.filter(({ level }) => level === 'end-to-end')))(
    "of the agent's file channel, and kill -9 of the agent: %s",
    (_, options) =>
      SmallDisk.during('6m', async (disk) => {
        const scene = new Scene({ ...options, storeDir: path.join(disk.directory, 'store'), padding: 1000 });
        await scene.open();
        scene.send(500);
        const job = scene.startJob();
        const agent = scene.startAgent();
        await until(() => scene.arrived().size > 0);
        disk.fill();
        // What the job takes makes room in the channel's file, which may then never be full.
        job.child.kill('SIGSTOP');
        const feeding = setInterval(() => scene.send(50), 50);
        await until(() => /usable space exhausted|no space is left/.test(agent.stderr()));
        clearInterval(feeding);
        job.child.kill('SIGCONT');
        await killAgentAndFree(scene, disk);
        const tally = await scene.close();
        record(options, "the disk of the agent's file channel is full, and kill -9 of the agent", tally);
        expectKept(tally, options);
      }),
  );

  test.concurrent("of the agent's spill, and kill -9 of the agent", () =>
    SmallDisk.during('6m', async (disk) => {
      const options: SceneOptions = { level: 'store-on-failure', ids: true, receiver: 'push', capacity: 500 };
      const scene = new Scene({ ...options, storeDir: path.join(disk.directory, 'store') });
      await scene.open();
      scene.send(500);
      const agent = scene.startAgent();
      // The job is away.
      await until(() => scene.counters()['PROCESSOR.k1']?.['SpillSize'] === 500);
      disk.fill();
      scene.send(2000);
      await until(() => agent.stderr().includes('cannot be written to disk'));
      scene.startJob();
      await killAgentAndFree(scene, disk);
      const tally = await scene.close();
      const memory = { held: 500, lost: tally.lost.length };
      record(options, "the disk of the agent's spill is full, and kill -9 of the agent", tally, memory);
      expect(tally.lost.length).toBeLessThanOrEqual(memory.held);
      // What was on its disk before it was full.
      expect(tally.lost.filter((body) => Number(body.slice('event-'.length)) < 500)).toEqual([]);
      expect(tally.duplicatedExactlyOnce).toBe(0);
    }));
});

async function killAgentAndFree(scene: Scene, disk: SmallDisk): Promise<void> {
  scene.agent?.child.kill('SIGKILL');
  await scene.agent?.ended;
  disk.free();
  scene.startAgent();
  await scene.drainedAgent();
}
