/** What the levels promise when the agent is killed with -9: it runs as a process of its own, events are counted by their ids. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { open } from 'lmdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RpcClient } from '../../../src/agent/rpc-client.ts';
import { type CliProcess, startCli } from '../../kit/cli.ts';
import { freePort, isListening } from '../../kit/ports.ts';
import { until } from '../../kit/until.ts';
import { avroPeer, type Peer } from './sinks/rig.ts';

let directory = '';
let ports: { source: number; receiver: number };
const agents: CliProcess[] = [];
const peers: Peer[] = [];
beforeEach(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-killed-'));
  ports = { source: await freePort(), receiver: await freePort() };
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await kill(agent);
  for (const peer of peers.splice(0)) await peer.close();
  await fs.rm(directory, { recursive: true });
});

/** An agent with an Avro source and an Avro sink. */
async function conf(...more: string[]): Promise<string> {
  const file = path.join(directory, 'flume.conf');
  const lines = [
    'a1.sources = r1',
    'a1.channels = c1',
    'a1.sinks = k1',
    'a1.sources.r1.type = avro',
    'a1.sources.r1.bind = 127.0.0.1',
    `a1.sources.r1.port = ${ports.source}`,
    'a1.sources.r1.channels = c1',
    'a1.sinks.k1.type = avro',
    'a1.sinks.k1.hostname = 127.0.0.1',
    `a1.sinks.k1.port = ${ports.receiver}`,
    'a1.sinks.k1.batch-size = 20',
    'a1.sinks.k1.channel = c1',
    ...more,
  ];
  await fs.writeFile(file, lines.join('\n'));
  return file;
}

const fileChannel = (): string[] => [
  'a1.reliability = end-to-end',
  'a1.channels.c1.type = file',
  `a1.channels.c1.dataDirs = ${directory}/data`,
  'a1.channels.c1.minimumRequiredSpace = 0',
];

async function startAgent(file: string): Promise<CliProcess> {
  const agent = startCli(['agent', '-n', 'a1', '-f', file]);
  agents.push(agent);
  await until(async () => agent.child.exitCode !== null || (await isListening(ports.source)));
  expect(agent.child.exitCode, agent.stderr()).toBeNull();
  return agent;
}

async function kill(agent: CliProcess): Promise<void> {
  agent.child.kill('SIGKILL');
  await agent.ended;
}

/** A receiver that answers OK, or not at all. */
async function receive(answering: boolean): Promise<{ peer: Peer; ids: () => number[]; close: () => Promise<void> }> {
  const peer = await avroPeer(100, ports.receiver);
  peers.push(peer);
  const texts: string[] = [];
  const all = (): number[] => {
    for (const { texts: batch, answer } of peer.waiting.splice(0)) {
      texts.push(...batch);
      if (answering) answer('OK');
    }
    return texts.map(Number);
  };
  return { peer, ids: all, close: () => peer.close() };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const batch = (from: number, to: number): { body: string }[] => range(from, to).map((id) => ({ body: String(id) }));

async function send(from: number, to: number): Promise<void> {
  const client = await RpcClient.connect({ hosts: [`127.0.0.1:${ports.source}`], batchSize: 50 });
  await client.appendBatch(batch(from, to));
  await client.close();
}

/** Events in a store, seen from outside of the process that owns it. */
async function stored(store: string): Promise<number> {
  try {
    await fs.access(path.join(store, 'data.mdb'));
  } catch {
    return 0;
  }
  const db = open({ path: store, noSubdir: false, readOnly: true, encoding: 'binary' });
  const count = [...db.getKeys()].length;
  await db.close();
  return count;
}

describe('store-on-failure', () => {
  it('survives kill -9 of the agent: what is on disk is sent after a restart, in order, before anything newer', async () => {
    const file = await conf(
      'a1.reliability = store-on-failure',
      `a1.reliability.directory = ${directory}/spill`,
      'a1.reliability.minimumRequiredSpace = 0',
      'a1.channels.c1.type = memory',
      'a1.channels.c1.capacity = 1000',
    );
    const agent = await startAgent(file);
    await send(0, 500);
    await until(async () => (await stored(`${directory}/spill/k1`)) === 500);
    await kill(agent);
    // Nobody receives still when the next one starts, so that newer events wait behind those from before.
    await startAgent(file);
    await send(500, 600);
    const receiver = await receive(true);
    await until(() => receiver.ids().length >= 600);
    expect(receiver.ids()).toEqual(range(0, 600));
  });
});

describe('end-to-end', () => {
  it('survives kill -9 of the agent between take and commit: what the receiver had not acknowledged is sent again', async () => {
    const file = await conf(...fileChannel());
    const silent = await receive(false);
    const agent = await startAgent(file);
    await send(0, 100);
    await until(() => silent.ids().length === 100);
    await kill(agent);
    await silent.close();
    const receiver = await receive(true);
    await startAgent(file);
    await until(() => receiver.ids().length >= 100);
    expect(receiver.ids()).toEqual(range(0, 100));
    await until(async () => (await stored(`${directory}/data`)) === 0);
  });

  it('survives kill -9 of the agent between put and commit: no event whose source was told is lost', async () => {
    const file = await conf(...fileChannel());
    const acknowledged: number[] = [];
    for (let round = 0; round < 3; round++) {
      const agent = await startAgent(file);
      const client = await RpcClient.connect({ hosts: [`127.0.0.1:${ports.source}`], batchSize: 10 });
      // Some thirty batches under way at once when the process dies.
      const sent = range(0, 100).map(async (n) => {
        const from = round * 1000 + n * 10;
        await client.appendBatch(batch(from, from + 10));
        acknowledged.push(...range(from, from + 10));
        if (n === 30 + round * 10) agent.child.kill('SIGKILL');
      });
      const results = await Promise.allSettled(sent);
      await agent.ended;
      await client.close().catch(() => {});
      expect(results.some(({ status }) => status === 'fulfilled')).toBe(true);
    }
    const receiver = await receive(true);
    await startAgent(file);
    await until(async () => {
      receiver.ids();
      return (await stored(`${directory}/data`)) === 0;
    });
    const received = receiver.ids();
    expect(acknowledged.filter((id) => !received.includes(id))).toEqual([]);
    // Nothing was put half: of each batch all or none.
    for (let from = 0; from < 3000; from += 10) {
      expect([0, 10]).toContain(received.filter((id) => id >= from && id < from + 10).length);
    }
  });

  it('refuses a memory channel, by file and line', async () => {
    const agent = startCli([
      'agent',
      '-n',
      'a1',
      '-f',
      await conf('a1.reliability = end-to-end', 'a1.channels.c1.type = memory'),
    ]);
    const { code, stderr } = await agent.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /CONFIG_INVALID[\s\S]*flume\.conf:13: a1\.reliability is end-to-end, expected a file channel/,
    );
  });
});
