/** The embedded agent and avro-client against their real counterparts: a Flume Avro source, and Spark Streaming's polling receiver. */
import path from 'node:path';
import { expect } from 'vitest';
import { freePort } from '../kit/ports.ts';
import { agentWork, startAgent } from './kit/agent.ts';
import { makeCertificates } from './kit/certificates.ts';
import { collectedLines, type FlumeAgent, startCollector } from './kit/flume.ts';
import { makeLines, spool } from './kit/lines.ts';
import { describeWith } from './kit/peers.ts';
import { it, type Scene } from './kit/scene.ts';
import { startPollingJob } from './kit/spark.ts';
import { startStreamjob } from './kit/streamjob.ts';
import { Tally } from './kit/tally.ts';

const forms = [
  { name: 'plain', confs: [], tls: false, compression: 'none' },
  { name: 'deflate', confs: ['collect-deflate.conf'], tls: false, compression: 'deflate' },
  { name: 'TLS', confs: ['collect-tls.conf'], tls: true, compression: 'none' },
  { name: 'TLS in deflate', confs: ['collect-tls.conf', 'collect-deflate.conf'], tls: true, compression: 'deflate' },
] as const;

describeWith(['flume'], 'to a real Flume Avro source and its file_roll sink', () => {
  for (const form of forms) {
    it(`the embedded agent's Avro sink, ${form.name}: the files hold every event once`, ({ scene }) =>
      collect(scene, form));
  }

  it('streamjob avro-client: the files hold every line once', async ({ scene }) => {
    const port = await freePort();
    const flume = await startCollector(scene, port);
    const lines = makeLines('e', 5000);
    spool(scene.directory, 'lines.txt', lines);
    const file = path.join(scene.directory, 'spool/lines.txt');
    await startStreamjob(scene, ['avro-client', '-H', '127.0.0.1', '-p', String(port), '-F', file]).finish();
    await expectCollected(scene, flume, lines.ids);
  });
});

describeWith(['spark'], "real Spark Streaming polls the embedded agent's Spark sink", () => {
  it('prints every event once, and acknowledges every event', async ({ scene }) => {
    const [count, port] = [10_000, await freePort()];
    const agent = await startAgent(scene, 'agent-pull.conf', { AGENT_SINK_PORT: String(port) });
    const spark = startPollingJob(scene, port, 500, 1000);
    const lines = makeLines('e', count);
    spool(agentWork(scene), 'lines.txt', lines);
    await scene.until(() => spark.stdout.length >= count, 'Spark has printed all');
    Tally.ofLines(spark.stdout).expectExactlyOnce(lines.ids);
    const taken = () => agent.counters()['CHANNEL.c1']?.['EventTakeSuccessCount'];
    await scene.until(() => taken() === count, 'the agent has heard of all');
  });
});

async function collect(scene: Scene, form: (typeof forms)[number]): Promise<void> {
  const { keyStore, password, pem } = form.tls ? makeCertificates(scene) : { keyStore: '', password: '', pem: '' };
  const stores = { FLUME_KEYSTORE: keyStore, FLUME_STORE_PASSWORD: password };
  const port = await freePort();
  const flume = await startCollector(scene, port, form.confs, stores);
  const lines = makeLines('e', 20_000);
  spool(agentWork(scene), 'lines.txt', lines);
  const agent = await startAgent(scene, 'agent-push.conf', {
    FLUME_SOURCE_PORT: String(port),
    AGENT_COMPRESSION: form.compression,
    AGENT_SSL: String(form.tls),
    AGENT_CA: pem,
  });
  await expectCollected(scene, flume, lines.ids);
  const taken = () => agent.counters()['CHANNEL.c1']?.['EventTakeSuccessCount'];
  await scene.until(() => taken() === lines.ids.length, 'the agent has heard of all');
}

/** The sink has written all that the source took, and that is all there was, once. */
async function expectCollected(scene: Scene, flume: FlumeAgent, ids: readonly string[]): Promise<void> {
  await scene.until(
    async () => ((await flume.metric('CHANNEL.c1', 'EventTakeSuccessCount')) ?? 0) >= ids.length,
    'file_roll has written all',
  );
  Tally.ofLines(collectedLines(flume)).expectExactlyOnce(ids);
  expect(await flume.metric('SOURCE.r1', 'EventAcceptedCount')).toBe(ids.length);
}
