/** The job writes to an embedded database (SQLite) and is killed with SIGKILL: each event is in the table once. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { expectKept } from './kit/checks.ts';
import { idsIn } from './kit/database.ts';
import { Scene, type SceneOptions } from './kit/scene.ts';
import { record } from './kit/table.ts';

/** Inserted and not committed; committed there and not here; committed here and not acknowledged. */
const KILLS = ['in-transaction:3', 'outputs-done:3', 'committed:3', 'in-transaction:1'];

test.concurrent.each(['end-to-end', 'store-on-failure'] as const)(
  'exactly once in an embedded database, killed again and again: %s',
  async (level) => {
    const options: SceneOptions = { level, ids: true, receiver: 'push', database: true };
    const scene = new Scene(options);
    await scene.open();
    scene.startAgent();
    const feeding = setInterval(() => scene.send(20), 50);
    for (const killAt of KILLS) {
      const job = scene.startJob(killAt);
      await job.ended;
      expect(job.child.signalCode).toBe('SIGKILL');
    }
    scene.startJob();
    clearInterval(feeding);
    await scene.drained();
    await scene.stop();
    const { ids, duplicated } = idsIn(path.join(scene.directory, 'out', 'events.db'));
    const tally = await scene.close();
    record(options, 'an embedded database: four kills -9 of the job', {
      ...tally,
      duplicatedExactlyOnce: tally.duplicatedExactlyOnce + duplicated,
    });
    expectKept(tally, options);
    expect(duplicated).toBe(0);
    expect(ids.size).toBe(tally.distinct);
  },
);
