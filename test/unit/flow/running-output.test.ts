/** A batch that is given up while an output of it runs, or after one has failed: an output that takes a batch in once does so. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import type { RDD } from '../../../src/graph/rdd.ts';
import { exactlyOnce, type OutputBatch, type TransactionalStore } from '../../../src/index.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { arrived, type PushRig, pushRig } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';

/** A database whose commits wait for their turn. */
function database() {
  const rows: string[] = [];
  const noted = new Set<string>();
  const waiting: (() => void)[] = [];
  let slow = true;
  let failAfterCommit = false;
  let last: Promise<unknown> = Promise.resolve();
  const store: TransactionalStore<string[]> = {
    transaction(work) {
      // One after the other: a row's lock makes them wait so.
      const run = last.then(async () => {
        const written: string[] = [];
        const result = await work(written);
        if (slow) await new Promise<void>((resolve) => waiting.push(resolve));
        rows.push(...written.filter((row) => !row.startsWith('batch ')));
        for (const row of written) if (row.startsWith('batch ')) noted.add(row);
        if (failAfterCommit) throw new Error('the answer to COMMIT was lost');
        return result;
      });
      last = run.catch(() => {});
      return run;
    },
    async claim(tx, { batch }: OutputBatch) {
      if (noted.has(`batch ${batch}`)) return false;
      tx.push(`batch ${batch}`);
      return true;
    },
  };
  const output = exactlyOnce<string, string[]>(store, async (rdd, _, tx) => void tx.push(...(await rdd.collect())));
  const failing = (fails: boolean): void => {
    failAfterCommit = fails;
  };
  const speedUp = (): void => {
    slow = false;
    for (const commit of waiting.splice(0)) commit();
  };
  return { rows, output, waiting, speedUp, failing };
}

type Output = (rdd: RDD<string>, time: number, batch: OutputBatch) => Promise<void>;

async function rigOf(
  output: Output,
  checkpointDir: string,
  clock = new ManualClock(0),
  options: Partial<StreamingContextOptions> = {},
): Promise<PushRig> {
  const push = { dedupe: { header: 'id' }, peerRequestTimeout: '2s' } as const;
  const rig = await pushRig(output as (rdd: RDD<string>, time: number) => Promise<void>, {
    ...options,
    push,
    checkpointDir,
    clock,
  });
  onTestFinished(() => rig.stop());
  return rig;
}

/** Sends events until they are acknowledged, as a Flume sink does; time passes meanwhile. */
async function deliver(rig: PushRig, ...ids: string[]): Promise<void> {
  for (;;) {
    const peer = await rig.connect();
    const serial = peer.sendIds(...ids);
    for (let turns = 0; peer.status(serial) === undefined; turns++) {
      await turn();
      if (turns % 20 === 19) rig.clock.advance(100);
    }
    if (peer.status(serial) === 'OK') return;
    peer.client.socket.destroy();
  }
}

test('a transaction that is slower than the peers wait is not put out twice', async () => {
  const { rows, output, waiting, speedUp } = database();
  const rig = await rigOf(output, ownDirectory());
  const peer = await rig.connect();
  const serial = peer.sendIds('a', 'b');
  await arrived(rig, 2);
  rig.clock.advance(1000);
  await until(() => waiting.length === 1);
  // 0.75 of the peers' time and more; then the peer waits no longer.
  rig.clock.advance(1800);
  expect(peer.status(serial)).not.toBe('OK');
  peer.client.socket.destroy();
  await peer.client.closed;
  setImmediate(speedUp);
  await deliver(rig, 'a', 'b');
  expect(rows).toEqual(['a', 'b']);
});

test('a transaction that runs while the context is stopped at once is not put out twice by the next run', async () => {
  const { rows, output, waiting, speedUp } = database();
  const directory = ownDirectory();
  const first = await rigOf(output, directory);
  const peer = await first.connect();
  const serial = peer.sendIds('a', 'b');
  await arrived(first, 2);
  first.clock.advance(1000);
  await until(() => waiting.length === 1);
  await first.stop();
  await peer.client.closed;
  expect(peer.status(serial)).not.toBe('OK');
  const second = await rigOf(output, directory, first.clock);
  setImmediate(speedUp);
  await deliver(second, 'a', 'b');
  expect(rows).toEqual(['a', 'b']);
});

test('an output whose effect has landed although it failed is not given up between two attempts', async () => {
  const { rows, output, speedUp, failing } = database();
  speedUp();
  failing(true);
  const rig = await rigOf(output, ownDirectory());
  const peer = await rig.connect();
  peer.sendIds('a');
  await arrived(rig, 1);
  rig.clock.advance(1000);
  await until(() => rig.seen.some(({ type }) => type === 'batchFailed'));
  // The peers' time is over at one stroke, while the batch waits to be run again.
  rig.clock.advanceTo(rig.clock.now() + 99);
  rig.clock.advance(1800);
  failing(false);
  await deliver(rig, 'a');
  expect(rows).toEqual(['a']);
});

test('a batch that is stopped for good after a failure keeps its name for the next run', async () => {
  const { rows, output, speedUp, failing } = database();
  speedUp();
  failing(true);
  const directory = ownDirectory();
  const rig = await rigOf(output, directory, new ManualClock(0), { onFailure: 'stop' });
  const peer = await rig.connect();
  peer.sendIds('a');
  await arrived(rig, 1);
  rig.clock.advance(1000);
  await expect(rig.ssc.awaitTermination()).rejects.toMatchObject({ code: 'BATCH_FAILED' });
  failing(false);
  await deliver(await rigOf(output, directory, rig.clock), 'a');
  expect(rows).toEqual(['a']);
});

test('an output that goes on after a stop at once reads no window that was rolled back', async () => {
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, log: silentLogger, checkpointDir: ownDirectory() });
  let goOn = (): void => {};
  const held = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let read: Promise<unknown> | undefined;
  ssc
    .queueStream([['a', 'a']])
    .map((key) => [key, 1] as const)
    .reduceByKeyAndWindow((a: number, b: number) => a + b, 1000)
    .foreachRDD((rdd) => {
      read = held.then(() => rdd.collect());
      return read.then(() => {});
    });
  await ssc.start();
  clock.advance(1000);
  await until(() => read !== undefined);
  await ssc.stop({ graceful: false });
  goOn();
  await expect(read).rejects.toMatchObject({ code: 'CONTEXT_STATE' });
});
