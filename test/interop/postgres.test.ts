/** A job whose output is exactlyOnce(sqlStore(...)) on a real PostgreSQL is killed (SIGKILL) again and again: each event is in the table once. */
import path from 'node:path';
import { expect } from 'vitest';
import { RpcClient } from '../../src/agent.ts';
import { freePort } from '../kit/ports.ts';
import { describeUnless, repository } from './kit/peers.ts';
import { postgresMissing, startPostgres } from './kit/postgres.ts';
import { it, type Scene } from './kit/scene.ts';
import { startStreamjob } from './kit/streamjob.ts';
import { Tally } from './kit/tally.ts';

const KILL_AT = new URL('../crash/kill-at.mjs', import.meta.url).href;
const REQUESTS = 80;
const PER_REQUEST = 20;
/** Inserted and not committed; committed there and not here; committed here and not acknowledged; and early and late. */
const KILLS = [
  'in-transaction:2',
  'outputs-done:3',
  'checkpoint-written:3',
  'committed:3',
  'in-transaction:5',
  'outputs-done:1',
];

/** Sends all, as a Flume client does: what was not acknowledged is sent again, under the same ids. @returns how often that was */
async function sendAll(
  port: number,
  requests: readonly (readonly string[])[],
  stopped: () => boolean,
): Promise<number> {
  let again = 0;
  for (const ids of requests) {
    for (let sent = false; !sent && !stopped(); ) {
      try {
        const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`], requestTimeout: 5000 });
        try {
          await client.appendBatch(ids.map((id) => ({ headers: { id }, body: id })));
          sent = true;
        } finally {
          await client.close();
        }
      } catch {
        again++;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
  return again;
}

function startJob(scene: Scene, url: string, port: number, killAt?: string) {
  const job = path.join(repository, 'test/interop/fixtures/to-postgres.ts');
  const checkpoint = ['--checkpoint-dir', path.join(scene.directory, 'checkpoint')];
  return startStreamjob(scene, ['run', job, '--no-ui', ...checkpoint], {
    PG_URL: url,
    PG_PORT: String(port),
    ...(killAt === undefined ? {} : { KILL_AT: killAt, NODE_OPTIONS: `--import ${KILL_AT}` }),
  });
}

describeUnless(postgresMissing, 'exactly once in PostgreSQL', () => {
  it('however often the job is killed, each event is in the table once', async ({ scene }) => {
    const { url, rows } = await startPostgres(scene);
    await rows('CREATE TABLE events (id TEXT)');
    const port = await freePort();
    const requests = Array.from({ length: REQUESTS }, (_, n) =>
      Array.from({ length: PER_REQUEST }, (_, i) => `e-${n}-${i}`),
    );
    let stopped = false;
    scene.defer(() => {
      stopped = true;
    });
    const sending = sendAll(port, requests, () => stopped);
    for (const killAt of KILLS) expect(await startJob(scene, url, port, killAt).end(), killAt).toBe('SIGKILL');
    startJob(scene, url, port);
    // Else the kills would have proved nothing.
    expect(await sending).toBeGreaterThan(KILLS.length - 1);
    const tally = new Tally();
    tally.add(await rows('SELECT id FROM events'));
    tally.expectExactlyOnce(requests.flat());
    expect(await rows('SELECT job, output FROM streamjob_batches')).toEqual(['to-postgres|foreachRDD-0']);
  });
});
