/** Flume's own RPC client, 8 connections at once, against flumeStream: every request is acknowledged, every event arrives. */
import { expect } from 'vitest';
import { freePort } from '../kit/ports.ts';
import { sendLoad } from './kit/flume.ts';
import { startJob } from './kit/job.ts';
import { describeWith } from './kit/peers.ts';
import { it } from './kit/scene.ts';

const CONNECTIONS = 8;
const loads = [
  { batch: 1, batches: 40 },
  { batch: 10_000, batches: 5 },
];

describeWith(['flume'], "Flume's RPC client sends to flumeStream", () => {
  for (const { batch, batches } of loads) {
    it(`${CONNECTIONS} connections, batches of ${batch}: all are acknowledged, every event is counted once`, async ({
      scene,
    }) => {
      const port = await freePort();
      const job = await startJob(scene, {
        batchInterval: 50,
        source: (ssc) => ssc.flumeStream({ host: '127.0.0.1', port }),
      });
      const total = CONNECTIONS * batch * batches;
      expect(await sendLoad(scene, port, CONNECTIONS, batch, batches)).toEqual({ acked: total, failed: 0 });
      // As RpcLoad names them.
      const ids = Array.from({ length: CONNECTIONS }, (_, c) =>
        Array.from({ length: batch * batches }, (_, n) => `${c}-${n}`),
      );
      job.ids.expectExactlyOnce(ids.flat());
      await scene.until(() => job.acked() === total, 'the job has told of every acknowledgement');
    });
  }
});
