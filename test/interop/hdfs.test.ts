/** The hdfs sink against a real HDFS: what Hadoop's own readers find in its files is what was sent, once and in order. */
import zlib from 'node:zlib';
import avsc from 'avsc';
import { expect } from 'vitest';
import { Agent } from '../../src/agent.ts';
import { type Hdfs, startHdfs } from './kit/hdfs.ts';
import { describeWith } from './kit/peers.ts';
import { it, type Scene } from './kit/scene.ts';

const EVENTS = 5000;
const BODIES = Array.from({ length: EVENTS }, (_, i) => String(i));

/** Sends numbers from 0, in files of 2000, and stops. */
async function run(scene: Scene, hdfs: Hdfs, name: string, properties: readonly string[]): Promise<void> {
  const conf = [
    'a1.sources = r1',
    'a1.channels = c1',
    'a1.sinks = k1',
    'a1.sources.r1.type = seq',
    `a1.sources.r1.totalEvents = ${EVENTS}`,
    'a1.sources.r1.batchSize = 500',
    'a1.sources.r1.channels = c1',
    'a1.sources.r1.interceptors = i1',
    'a1.sources.r1.interceptors.i1.type = timestamp',
    'a1.channels.c1.type = memory',
    `a1.channels.c1.capacity = ${EVENTS}`,
    'a1.channels.c1.transactionCapacity = 500',
    'a1.sinks.k1.type = hdfs',
    'a1.sinks.k1.channel = c1',
    `a1.sinks.k1.hdfs.path = ${hdfs.uri}/${name}`,
    `a1.sinks.k1.hdfs.webhdfs = ${hdfs.url}`,
    'a1.sinks.k1.hdfs.batchSize = 500',
    'a1.sinks.k1.hdfs.rollInterval = 0',
    'a1.sinks.k1.hdfs.rollSize = 0',
    'a1.sinks.k1.hdfs.rollCount = 2000',
    ...properties.map((line) => `a1.sinks.k1.${line}`),
  ];
  const agent = Agent.fromText(conf.join('\n'), 'hdfs.conf', { name: 'a1', log: scene.log });
  scene.defer(() => agent.stop());
  await agent.start();
  await agent.drained();
  await agent.stop();
  expect(agent.counters()['SINK.k1']).toMatchObject({
    EventDrainSuccessCount: EVENTS,
    EventWriteFail: 0,
    ConnectionClosedCount: 3,
  });
}

const inOrder = (files: ReadonlyMap<string, Buffer>): Buffer[] =>
  [...files].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, bytes]) => bytes);

function containerOf(bytes: Buffer): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const bodies: string[] = [];
    const decoder = new avsc.streams.BlockDecoder();
    decoder.on('data', ({ body }: { body: Buffer }) => bodies.push(body.toString()));
    decoder.once('end', () => resolve(bodies)).once('error', reject);
    decoder.end(bytes);
  });
}

describeWith(['hadoop'], 'the hdfs sink', () => {
  it('writes every kind of file that it has, whole, under their own names', async ({ scene }) => {
    const hdfs = await startHdfs(scene);
    for (const format of ['Writable', 'Text']) {
      await run(scene, hdfs, format, [`hdfs.writeFormat = ${format}`]);
      expect(await hdfs.values(`/${format}`)).toEqual(BODIES);
    }
    await run(scene, hdfs, 'text', ['hdfs.fileType = DataStream', 'hdfs.fileSuffix = .txt']);
    const text = await hdfs.read('/text');
    expect([...text.keys()].every((name) => /^FlumeData\.\d+\.txt$/.test(name))).toBe(true);
    expect(Buffer.concat(inOrder(text)).toString()).toBe(BODIES.map((body) => `${body}\n`).join(''));
    await run(scene, hdfs, 'gzip', ['hdfs.fileType = CompressedStream', 'hdfs.codeC = gzip']);
    const gzip = inOrder(await hdfs.read('/gzip')).map((bytes) => zlib.gunzipSync(bytes).toString());
    expect(gzip.join('')).toBe(BODIES.map((body) => `${body}\n`).join(''));
    await run(scene, hdfs, 'avro', ['hdfs.fileType = DataStream', 'serializer = avro_event']);
    const avro = await Promise.all(inOrder(await hdfs.read('/avro')).map(containerOf));
    expect(avro.flat()).toEqual(BODIES);
  });
});
