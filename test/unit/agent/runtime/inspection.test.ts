/** What the components of an agent are at, as those who look see it. */
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Agent, silentLogger } from '../../../../src/agent.ts';
import type { ComponentInspection } from '../../../../src/core/agent-inspection.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { freePort } from '../../../kit/ports.ts';
import { until } from '../../../kit/until.ts';

function agentOf(text: string, failFast = true): Agent {
  const agent = Agent.fromText(text, 'test.conf', { log: silentLogger, failFast });
  onTestFinished(() => agent.stop());
  return agent;
}

function component(agent: Agent, kind: ComponentInspection['kind'], name: string): ComponentInspection {
  const found = agent.inspect().components.find((one) => one.kind === kind && one.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

test('a file is told with how far the channel has it, and a sink that cannot deliver with why', async () => {
  const directory = ownDirectory();
  fs.mkdirSync(path.join(directory, 'in'));
  fs.writeFileSync(path.join(directory, 'in/a.txt'), 'twelve bytes\n'.repeat(40));
  const port = await freePort();
  const agent = agentOf(`a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = spooldir
a1.sources.r1.spoolDir = ${directory}/in
a1.sources.r1.batchSize = 10
a1.sources.r1.channels = c1
a1.sources.r1.interceptors = i1 i2
a1.sources.r1.interceptors.i1.type = timestamp
a1.sources.r1.interceptors.i2.type = host
a1.channels.c1.type = memory
a1.channels.c1.capacity = 20
a1.channels.c1.transactionCapacity = 10
a1.channels.c1.keep-alive = 0
a1.channels.c1.byteCapacity = 10000
a1.sinks.k1.type = avro
a1.sinks.k1.hostname = 127.0.0.1
a1.sinks.k1.port = ${port}
a1.sinks.k1.batch-size = 10
a1.sinks.k1.channel = c1
`);
  expect(agent.inspect().components.map(({ kind, name, state }) => [kind, name, state])).toEqual([
    ['source', 'r1', 'starting'],
    ['channel', 'c1', 'starting'],
    ['sink', 'k1', 'starting'],
  ]);
  await agent.start();
  // The channel is full with half of the file, and nobody takes from it.
  await until(() => component(agent, 'source', 'r1').files[0]?.position === 260);
  await until(() => component(agent, 'sink', 'k1').state === 'failing');
  await until(() => component(agent, 'source', 'r1').counters['ChannelWriteFail'] !== 0);
  const none = { group: undefined, selector: undefined, interceptors: [], bytes: undefined, files: [], filesInAll: 0 };
  expect(component(agent, 'source', 'r1')).toMatchObject({
    ...{ type: 'spooldir', state: 'running', problem: undefined, place: `${directory}/in`, channels: ['c1'] },
    ...{ interceptors: ['timestamp', 'host'], selector: 'replicating', filesInAll: 1 },
    files: [{ file: `${directory}/in/a.txt`, position: 260, size: 520 }],
  });
  expect(component(agent, 'channel', 'c1')).toMatchObject({
    ...{ ...none, type: 'memory', state: 'running', channels: [] },
    counters: { ChannelSize: 20, ChannelCapacity: 20 },
    bytes: { held: 2000, capacity: 8000 },
  });
  expect(component(agent, 'sink', 'k1')).toMatchObject({
    ...{ ...none, type: 'avro', state: 'failing', place: `127.0.0.1:${port}`, channels: ['c1'] },
    problem: expect.stringContaining(String(port)),
  });
});

test('tailed files are told with what is left, the most first, and a file channel with its bytes', async () => {
  const directory = ownDirectory();
  fs.mkdirSync(path.join(directory, 'in'));
  fs.writeFileSync(path.join(directory, 'in/a.log'), 'one\ntwo\nnot yet a line');
  fs.writeFileSync(path.join(directory, 'in/b.log'), 'three\n');
  const agent = agentOf(`a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = TAILDIR
a1.sources.r1.filegroups = g
a1.sources.r1.filegroups.g = ${directory}/in/.*log
a1.sources.r1.positionFile = ${directory}/positions.json
a1.sources.r1.channels = c1
a1.channels.c1.type = file
a1.channels.c1.dataDirs = ${directory}/data
a1.channels.c1.minimumRequiredSpace = 0
a1.sinkgroups = g1
a1.sinkgroups.g1.sinks = k1
a1.sinkgroups.g1.processor.type = failover
a1.sinkgroups.g1.processor.priority.k1 = 1
a1.sinks.k1.type = null
a1.sinks.k1.channel = c1
`);
  await agent.start();
  await until(() => component(agent, 'source', 'r1').counters['EventAcceptedCount'] === 3);
  await until(() => component(agent, 'source', 'r1').files.every(({ position }) => position > 0));
  expect(component(agent, 'source', 'r1').files).toEqual([
    { file: `${directory}/in/a.log`, position: 8, size: 22 },
    { file: `${directory}/in/b.log`, position: 6, size: 6 },
  ]);
  expect(component(agent, 'channel', 'c1').bytes).toEqual({ held: expect.any(Number), capacity: undefined });
  expect(component(agent, 'processor', 'g1')).toMatchObject({ type: 'failover', state: 'running', group: undefined });
  expect(component(agent, 'sink', 'k1')).toMatchObject({ type: 'null', group: 'g1', place: undefined });
});

test('a component that cannot start is told with why', async () => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void taken.close());
  await until(() => taken.listening);
  const { port } = taken.address() as net.AddressInfo;
  const agent = agentOf(
    `a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = netcat
a1.sources.r1.bind = 127.0.0.1
a1.sources.r1.port = ${port}
a1.sources.r1.channels = c1
a1.channels.c1.type = memory
a1.sinks.k1.type = null
a1.sinks.k1.channel = c1
`,
    false,
  );
  await agent.start();
  expect(component(agent, 'source', 'r1')).toMatchObject({
    ...{ state: 'starting', place: `127.0.0.1:${port}` },
    problem: expect.stringContaining('in use'),
  });
  expect(component(agent, 'channel', 'c1').state).toBe('running');
});
