/** What docs/operations.md says of backups: a copy of a stopped job, one of a single moment, and one whose files are of two moments. */
import { cpSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RpcClient } from '../../../src/agent/rpc-client.ts';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { freePort } from '../../kit/ports.ts';
import { until } from '../../kit/until.ts';

/** A job that counts what it is sent. */
interface Counting {
  readonly send: (...bodies: string[]) => Promise<void>;
  readonly counts: () => Readonly<Record<string, number>>;
  readonly stop: () => Promise<void>;
}

async function start(checkpointDir: string, options: Partial<StreamingContextOptions> = {}): Promise<Counting> {
  const port = await freePort();
  let counts: Readonly<Record<string, number>> = {};
  const ssc = new StreamingContext({ batchInterval: 20, checkpointDir, log: silentLogger, ...options });
  onTestFinished(() => ssc.stop({ graceful: false }));
  ssc
    .flumeStream({ host: '127.0.0.1', port })
    .map((event) => [event.text(), 1] as const)
    .updateStateByKey((ones, count: number | undefined) => (count ?? 0) + ones.length)
    .uid('counts')
    .foreachRDD(async (rdd) => {
      counts = Object.fromEntries(await rdd.collect());
    });
  await ssc.start();
  return {
    send: async (...bodies) => {
      const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`] });
      await client.appendBatch(bodies.map((body) => ({ headers: {}, body })));
      await client.close();
    },
    counts: () => counts,
    stop: () => ssc.stop(),
  };
}

/** Files alone: the socket of the lock is no part of a copy. */
function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (file) => !file.endsWith('in_use.sock') });
}

async function expectCounts(job: Counting, counts: Readonly<Record<string, number>>): Promise<void> {
  await until(() => Object.keys(job.counts()).length > 0);
  expect(job.counts()).toEqual(counts);
}

test('a copy of a stopped job has its state: what came later is not in it', async () => {
  const directory = ownDirectory();
  const [own, backup] = [path.join(directory, 'own'), path.join(directory, 'backup')];
  const first = await start(own);
  await first.send('a', 'b', 'a');
  await first.stop();
  copy(own, backup);
  const second = await start(own);
  await second.send('a');
  await until(() => second.counts()['a'] === 3);
  await second.stop();
  await expectCounts(await start(backup), { a: 2, b: 1 });
});

test('a copy of a job that runs, of one moment as a snapshot is, is one of a crash: it goes on from there', async () => {
  const directory = ownDirectory();
  const [own, backup] = [path.join(directory, 'own'), path.join(directory, 'backup')];
  const job = await start(own);
  // Acknowledged: all of it is on disk. Nobody writes while the files are copied, since this thread does both.
  await job.send('a', 'b');
  copy(own, backup);
  await job.send('a');
  await expectCounts(await start(backup), { a: 1, b: 1 });
});

test('a copy whose files are of two moments is refused, and not taken for less data', async () => {
  const directory = ownDirectory();
  const [own, backup] = [path.join(directory, 'own'), path.join(directory, 'backup')];
  const job = await start(own, { batchInterval: '10s', reliability: 'store-on-failure' });
  await job.send('a', 'b');
  copy(own, backup);
  // As if the file of the events had come after it was listed: it was acknowledged, the journal tells of it.
  const events = readdirSync(backup).filter((name) => name.endsWith('.avro'));
  expect(events).toHaveLength(1);
  for (const name of events) rmSync(path.join(backup, name));
  await expect(start(backup, { batchInterval: '10s', reliability: 'store-on-failure' })).rejects.toMatchObject({
    code: 'LOG_CORRUPT',
  });
});
