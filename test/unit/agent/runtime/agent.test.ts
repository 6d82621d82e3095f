/** What the agent promises as a whole, and the client for programs. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Agent, RpcClient, silentLogger } from '../../../../src/agent.ts';
import type { Logger } from '../../../../src/core/log.ts';
import { until } from '../sinks/rig.ts';

let directory = '';
const agents: Agent[] = [];
beforeEach(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-agent-'));
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.stop();
  await fs.rm(directory, { recursive: true });
});

function agent(text: string, log: Logger = silentLogger): Agent {
  const made = Agent.fromText(text, 'test.conf', { log });
  agents.push(made);
  return made;
}

/** An Avro source that writes to the log. */
async function receiver(port = 0): Promise<{ agent: Agent; host: string; texts: string[] }> {
  const texts: string[] = [];
  const info = (_facts: object, message: string): void => {
    const match = /^Event: .*body: .{48}(.*) \}$/.exec(message);
    if (match !== null) texts.push(match[1] ?? '');
  };
  const log: Logger = { ...silentLogger, info, child: () => log };
  const made = agent(
    `a1.sources = r1\na1.channels = c1\na1.sinks = k1\na1.sources.r1.type = avro\na1.sources.r1.bind = 127.0.0.1\na1.sources.r1.port = ${port}\na1.sources.r1.channels = c1\na1.channels.c1.type = memory\na1.channels.c1.capacity = 5000\na1.channels.c1.transactionCapacity = 1000\na1.sinks.k1.type = logger\na1.sinks.k1.channel = c1`,
    log,
  );
  await made.start();
  return { agent: made, host: `127.0.0.1:${made.address('r1')?.port}`, texts };
}

const seqTo = (port: number): string => `a1.sources = r1
a1.channels = c1
a1.sinks = k1
a1.sources.r1.type = seq
a1.sources.r1.totalEvents = 2000
a1.sources.r1.batchSize = 50
a1.sources.r1.channels = c1
a1.channels.c1.type = file
a1.channels.c1.dataDirs = ${directory}/data
a1.channels.c1.minimumRequiredSpace = 0
a1.sinks.k1.type = avro
a1.sinks.k1.hostname = 127.0.0.1
a1.sinks.k1.port = ${port}
a1.sinks.k1.batch-size = 100
a1.sinks.k1.channel = c1
`;

describe('agent', () => {
  it('brings every event of a source through a file channel to an Avro source, and tells when it is drained', async () => {
    const to = await receiver();
    const from = agent(seqTo(Number(to.host.split(':')[1])));
    await from.start();
    await from.drained();
    await to.agent.drained(AbortSignal.abort());
    await until(() => to.texts.length === 2000);
    expect(to.texts.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 2000 }, (_, i) => i));
    expect(from.counters()).toMatchObject({
      'SOURCE.r1': { EventAcceptedCount: 2000 },
      'CHANNEL.c1': { ChannelSize: 0, EventPutSuccessCount: 2000, EventTakeSuccessCount: 2000 },
      'SINK.k1': { EventDrainSuccessCount: 2000 },
    });
    expect(from.endlessSources()).toEqual([]);
    expect(to.agent.endlessSources()).toEqual(['r1']);
    await from.stop();
    await from.stop();
  });

  it('stops what it had started when a port is in use, and says so', async () => {
    const to = await receiver();
    await expect(receiver(Number(to.host.split(':')[1]))).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });

  it('names every error of its file, and a file that does not exist', async () => {
    expect(() =>
      agent('a1.sources = r1\na1.channels = c1\na1.channels.c1.type = memroy\na1.sources.r1.type = seq'),
    ).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/test\.conf:3: .*memroy[\s\S]*test\.conf:4: source r1 has no channels/),
      }),
    );
    await expect(Agent.fromFile(path.join(directory, 'no.conf'), { log: silentLogger })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });

  it('is drained at once when told to wait no longer', async () => {
    const to = await receiver();
    await to.agent.drained(AbortSignal.abort());
  });
});

describe('RpcClient', () => {
  it('sends events and batches, and resolves when they are acknowledged', async () => {
    const to = await receiver();
    const client = await RpcClient.connect({ hosts: [to.host], batchSize: 10 });
    await client.append({ body: 'one', headers: { a: 'b' } });
    await client.appendBatch(Array.from({ length: 95 }, (_, i) => ({ body: `${i}` })));
    await Promise.all(Array.from({ length: 20 }, (_, i) => client.append({ body: `x${i}` })));
    await client.close();
    await until(() => to.texts.length === 116);
    expect(to.agent.counters()['SOURCE.r1']).toMatchObject({ AppendAcceptedCount: 21, AppendBatchAcceptedCount: 10 });
    await expect(client.append({ body: 'late' })).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  });

  it('is counted as a connection of the source while it is there, and no longer', async () => {
    const to = await receiver();
    const open = (): number | undefined => to.agent.counters()['SOURCE.r1']?.['OpenConnectionCount'];
    expect(open()).toBe(0);
    const client = await RpcClient.connect({ hosts: [to.host] });
    await client.append({ body: 'one' });
    expect(open()).toBe(1);
    await client.close();
    await until(() => open() === 0);
  });

  it('goes on with the next host when one fails', async () => {
    const [first, second] = [await receiver(), await receiver()];
    const client = await RpcClient.connect({ hosts: [first.host, second.host] });
    await client.append({ body: 'a' });
    await first.agent.stop();
    await client.append({ body: 'b' });
    await client.close();
    await until(() => second.texts.length === 1);
    expect(second.texts).toEqual(['b']);
  });

  it('says when nobody listens, and what is wrong with its options', async () => {
    const gone = await receiver();
    await gone.agent.stop();
    await expect(RpcClient.connect({ hosts: [gone.host] })).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
    await expect(RpcClient.connect({ hosts: ['nohost'] })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('says when the events were not taken', async () => {
    const to = await receiver();
    const client = await RpcClient.connect({ hosts: [to.host], batchSize: 2000 });
    const many = Array.from({ length: 1500 }, () => ({ body: 'x' }));
    await expect(client.appendBatch(many)).rejects.toMatchObject({ code: 'RPC_REJECTED' });
    await client.close();
  });
});
