/** Flume's own RPC client, 8 connections at once, against flumeStream: every request is acknowledged, every event arrives. */
import { expect } from 'vitest';
import { freePort } from '../kit/ports.ts';
import { makeCertificates } from './kit/certificates.ts';
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
      job.ids.expectExactlyOnce(idsOf(CONNECTIONS, batch * batches));
      await scene.until(() => job.acked() === total, 'the job has told of every acknowledgement');
    });
  }
});

/** As RpcLoad names them. */
function idsOf(connections: number, events: number): string[] {
  return Array.from({ length: connections }, (_, c) => Array.from({ length: events }, (_, n) => `${c}-${n}`)).flat();
}

const DEFLATE = { 'compression-type': 'deflate' };
const TLS = { ssl: 'true', 'trust-all-certs': 'true' };
const forms: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['plain', {}],
  ['deflate', DEFLATE],
  ['TLS', TLS],
  ['deflate in TLS, the nesting of 1.9', { ...DEFLATE, ...TLS }],
];

describeWith(['flume'], "Flume 1.9's RPC client sends to flumeStream", () => {
  for (const [form, properties] of forms) {
    it(`${form}: all are acknowledged, every event is counted once`, async ({ scene }) => {
      const port = await freePort();
      // Against TLS 1.3 the client of 1.9 (Netty 3, on Java 17) fails with "Tag mismatch" right after the handshake.
      const tls =
        'ssl' in properties ? { tls: { ...makeCertificates(scene).server, maxVersion: 'TLSv1.2' as const } } : {};
      const job = await startJob(scene, {
        batchInterval: 50,
        source: (ssc) => ssc.flumeStream({ host: '127.0.0.1', port, ...tls }),
      });
      expect(await sendLoad(scene, port, 2, 500, 10, { version: '1.9', properties })).toEqual({
        acked: 10_000,
        failed: 0,
      });
      job.ids.expectExactlyOnce(idsOf(2, 5000));
    });
  }
});
