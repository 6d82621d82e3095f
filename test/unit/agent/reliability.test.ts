/** What an agent at each level promises: to its sources, and when its receiver or its disk fails. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Agent, type AgentOptions, RpcClient, silentLogger } from '../../../src/agent.ts';
import { growMount, mountSmall, mountsMissing, unmount } from '../../kit/mounts.ts';
import { avroPeer, type Peer, until } from './sinks/rig.ts';

let directory = '';
const agents: Agent[] = [];
const peers: Peer[] = [];
const mounts: string[] = [];
beforeEach(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-level-'));
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.stop();
  for (const peer of peers.splice(0)) await peer.close();
  for (const mount of mounts.splice(0)) unmount(mount);
  await fs.rm(directory, { recursive: true });
});

/** An agent with an Avro source on a free port, and a sink. */
async function agentOf(lines: readonly string[], options: Partial<AgentOptions> = {}): Promise<Agent> {
  const text = [
    'a1.sources = r1',
    'a1.channels = c1',
    'a1.sinks = k1',
    'a1.sources.r1.type = avro',
    'a1.sources.r1.bind = 127.0.0.1',
    'a1.sources.r1.port = 0',
    'a1.sources.r1.channels = c1',
    'a1.sinks.k1.channel = c1',
    ...lines,
  ].join('\n');
  const agent = Agent.fromText(text, 'test.conf', { log: silentLogger, ...options });
  await agent.start();
  agents.push(agent);
  return agent;
}

async function clientOf(agent: Agent): Promise<RpcClient> {
  return RpcClient.connect({ hosts: [`127.0.0.1:${agent.address('r1')?.port}`], batchSize: 10 });
}

const toPort = (port: number): string[] => [
  'a1.sinks.k1.type = avro',
  'a1.sinks.k1.hostname = 127.0.0.1',
  `a1.sinks.k1.port = ${port}`,
  'a1.sinks.k1.batch-size = 10',
];
const memory = ['a1.channels.c1.type = memory', 'a1.channels.c1.capacity = 100', 'a1.channels.c1.keep-alive = 0'];
const ids = (from: number, count: number): { body: string }[] =>
  Array.from({ length: count }, (_, i) => ({ body: String(from + i) }));

describe('store-on-failure', () => {
  it.each([1, 100])(
    'sends what the receiver answered FAILED in order once it takes it (pipeline %i)',
    async (pipeline) => {
      const peer = await avroPeer(pipeline);
      peers.push(peer);
      const agent = await agentOf(
        [
          ...toPort(peer.port),
          ...memory,
          `a1.reliability.directory = ${directory}`,
          'a1.reliability.minimumRequiredSpace = 0',
          'a1.reliability.backoff = 1',
          'a1.reliability.maxBackoff = 50',
        ],
        { reliability: 'store-on-failure' },
      );
      const client = await clientOf(agent);
      let taking = false;
      const received: number[] = [];
      const answerAll = (): void => {
        for (const { texts, answer } of peer.waiting.splice(0)) {
          answer(taking ? 'OK' : 'FAILED');
          if (taking) received.push(...texts.map(Number));
        }
      };
      // Far more than the channel holds: it is the disk that takes them.
      for (let i = 0; i < 500; i += 10) {
        await client.appendBatch(ids(i, 10)).catch(() => {
          throw new Error(`the source was told no at ${i}`);
        });
        await until(() => {
          answerAll();
          return (agent.counters()['CHANNEL.c1']?.['ChannelSize'] ?? 0) < 90;
        });
      }
      // It begins to take with the first request of what is sent again: were it to say no to that one and yes to those that are
      // in flight behind it, they would come before it.
      await until(() => {
        const allOnDisk = agent.counters()['PROCESSOR.k1']?.['SpillSize'] === 500;
        if (allOnDisk && peer.waiting[0]?.texts[0] === '0') return true;
        answerAll();
        return false;
      });
      taking = true;
      await until(() => {
        answerAll();
        return received.length >= 500;
      });
      expect(received).toEqual(ids(0, 500).map(({ body }) => Number(body)));
      const drained = agent.drain(new AbortController().signal);
      await until(() => agent.counters()['PROCESSOR.k1']?.['SpillSize'] === 0);
      await client.close();
      await drained;
    },
  );

  it('keeps events that nobody fetches from a Spark sink on disk, beyond what the channel holds', async () => {
    const agent = await agentOf([
      'a1.sinks.k1.type = spark',
      'a1.sinks.k1.hostname = 127.0.0.1',
      'a1.sinks.k1.port = 0',
      ...memory,
      'a1.sinkgroups = g1',
      'a1.sinkgroups.g1.sinks = k1',
      'a1.sinkgroups.g1.processor.type = store_on_failure',
      'a1.sinkgroups.g1.processor.stallTimeout = 20',
      `a1.sinkgroups.g1.processor.directory = ${directory}`,
      'a1.sinkgroups.g1.processor.minimumRequiredSpace = 0',
    ]);
    const client = await clientOf(agent);
    for (let i = 0; i < 300; i += 100) {
      await client.appendBatch(ids(i, 100));
      await until(() => agent.counters()['PROCESSOR.g1']?.['SpillSize'] === i + 100);
    }
    await client.close();
  });
});

describe('best-effort', () => {
  it('never tells its source no: what a full channel does not take is dropped and counted', async () => {
    const peer = await avroPeer(1);
    peers.push(peer);
    const agent = await agentOf([...toPort(peer.port), ...memory, 'a1.reliability = best-effort']);
    const client = await clientOf(agent);
    // The receiver does not answer: 100 events fit, the rest is dropped.
    await client.appendBatch(ids(0, 250));
    expect(agent.counters()).toMatchObject({
      'SOURCE.r1': { EventAcceptedCount: 250, ChannelWriteFail: 0 },
      'CHANNEL.c1': { EventDropCount: 150 },
    });
    await until(() => peer.waiting.length === 1);
    // It fails: what was sent is forgotten, and what waits with it.
    peer.waiting[0]?.answer('FAILED');
    await until(() => agent.counters()['PROCESSOR.k1']?.['EventDropCount'] === 100);
    expect(agent.counters()['CHANNEL.c1']).toMatchObject({ ChannelSize: 0 });
    await client.close();
  });
});

describe('end-to-end', () => {
  it('is asked for by the caller too, and refuses a memory channel then', async () => {
    await expect(agentOf(['a1.sinks.k1.type = null', ...memory], { reliability: 'end-to-end' })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('test.conf:10: reliability end-to-end is asked for, expected a file channel'),
    });
  });

  const onSmallDisk = it.skipIf(mountsMissing !== undefined);
  const why = mountsMissing === undefined ? '' : ` (skipped: ${mountsMissing})`;
  onSmallDisk(`tells its source no when the disk is full, loses nothing it had taken, and goes on${why}`, async () => {
    mountSmall(directory, '3m');
    mounts.push(directory);
    const peer = await avroPeer(100);
    peers.push(peer);
    const agent = await agentOf([
      ...toPort(peer.port),
      'a1.reliability = end-to-end',
      'a1.channels.c1.type = file',
      `a1.channels.c1.dataDirs = ${directory}/data`,
      'a1.channels.c1.minimumRequiredSpace = 0',
    ]);
    const client = await clientOf(agent);
    const acknowledged: string[] = [];
    const body = (id: number): string => `${id} ${'x'.repeat(5000)}`;
    for (let refused = false, id = 0; !refused; id += 10) {
      const events = Array.from({ length: 10 }, (_, i) => ({ body: body(id + i) }));
      await client.appendBatch(events).then(
        () => void acknowledged.push(...events.map((event) => event.body)),
        (error: unknown) => {
          expect(error).toMatchObject({ code: 'RPC_REJECTED' });
          refused = true;
        },
      );
    }
    expect(acknowledged.length).toBeGreaterThan(50);
    growMount(directory, '16m');
    await client.appendBatch([{ body: 'after' }]);
    const received: string[] = [];
    await until(() => {
      for (const { texts, answer } of peer.waiting.splice(0)) {
        received.push(...texts);
        answer('OK');
      }
      return received.includes('after');
    });
    expect(received).toEqual([...acknowledged, 'after']);
    await client.close();
  });
});
