/** Real Flume pushes: spooldir source -> file channel -> Avro sink -> flumeStream, in every wire form that Flume 1.11 has. */
import { expect } from 'vitest';
import type { FlumePushOptions } from '../../src/index.ts';
import { freePort } from '../kit/ports.ts';
import { makeCertificates } from './kit/certificates.ts';
import { startFlume } from './kit/flume.ts';
import { startJob } from './kit/job.ts';
import { makeLines, spool } from './kit/lines.ts';
import { describeWith } from './kit/peers.ts';
import { it, type Scene } from './kit/scene.ts';

const EVENTS = 20_000;

interface WireForm {
  readonly name: string;
  /** Laid over push.conf. */
  readonly confs: readonly string[];
  readonly tls: boolean;
  /** What the receiver insists on, so that a form that was not used could not pass. */
  readonly compression: 'none' | 'deflate';
}

const forms: readonly WireForm[] = [
  { name: 'plain', confs: [], tls: false, compression: 'none' },
  { name: 'deflate', confs: ['push-deflate.conf'], tls: false, compression: 'deflate' },
  { name: 'TLS', confs: ['push-tls.conf'], tls: true, compression: 'none' },
  { name: 'TLS in deflate', confs: ['push-tls.conf', 'push-deflate.conf'], tls: true, compression: 'deflate' },
];

describeWith(['flume'], 'real Flume pushes to flumeStream', () => {
  for (const form of forms) {
    it(`${form.name}: every event is counted once, every word right`, ({ scene }) => countAll(scene, form));
  }
});

async function countAll(scene: Scene, form: WireForm): Promise<void> {
  const port = await freePort();
  const certificates = form.tls ? makeCertificates(scene) : undefined;
  const options: FlumePushOptions = { host: '127.0.0.1', port, compression: form.compression };
  const job = await startJob(scene, {
    batchInterval: 200,
    source: (ssc) => ssc.flumeStream(certificates === undefined ? options : { ...options, tls: certificates.server }),
  });
  const flume = await startFlume(scene, {
    name: 'flume',
    confs: ['push.conf', ...form.confs],
    env: {
      JOB_PORT: String(port),
      FLUME_TRUSTSTORE: certificates?.trustStore ?? '',
      FLUME_STORE_PASSWORD: certificates?.password ?? '',
    },
  });
  const lines = makeLines('e', EVENTS);
  spool(flume.work, 'lines.txt', lines);
  await scene.until(
    async () => (await flume.metric('CHANNEL.c1', 'EventTakeSuccessCount')) === EVENTS,
    'Flume has delivered all',
  );
  job.ids.expectExactlyOnce(lines.ids);
  expect(job.words).toEqual(lines.words);
  await scene.until(() => job.acked() === EVENTS, 'the job has told of every acknowledgement');
  expect(await flume.metric('CHANNEL.c1', 'ChannelSize')).toBe(0);
}
