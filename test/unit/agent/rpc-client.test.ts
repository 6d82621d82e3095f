/** A client with several hosts: one at a time until it fails, or shared among them. Cases of Flume's tests carry their ids. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { RpcClientOptions } from '../../../src/agent/rpc-client/options.ts';
import { clientOptions } from '../../../src/agent/rpc-client/properties.ts';
import { RpcClient } from '../../../src/agent/rpc-client.ts';
import { encodeStatus, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { AvroRpcServer } from '../../../src/avro/server.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { freePort } from '../../kit/ports.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Host {
  readonly at: string;
  readonly port: number;
  /** Requests that it took. */
  taken: number;
  /** Whether it answers FAILED. */
  fails: boolean;
  server: AvroRpcServer | undefined;
}

async function listen(host: Host): Promise<void> {
  host.server = await AvroRpcServer.listen({
    host: '127.0.0.1',
    port: host.port,
    protocol: flumeProtocol,
    owner: 'test',
    pipeline: 1,
    onRequest: (request) => {
      if (!host.fails) host.taken++;
      request.reply(encodeStatus(host.fails ? 'FAILED' : 'OK'));
    },
  });
}

async function die(host: Host): Promise<void> {
  await host.server?.close();
  host.server = undefined;
}

async function hosts(count: number): Promise<[Host, Host, Host]> {
  const all: Host[] = [];
  for (let i = 0; i < 3; i++) {
    const port = await freePort();
    const host: Host = { at: `127.0.0.1:${port}`, port, taken: 0, fails: false, server: undefined };
    if (i < count) await listen(host);
    all.push(host);
    ends.push(() => die(host));
  }
  return all as [Host, Host, Host];
}

async function connect(all: readonly Host[], options: Partial<RpcClientOptions> = {}): Promise<RpcClient> {
  const client = await RpcClient.connect({ hosts: all.map(({ at }) => at), ...options });
  ends.push(() => client.close());
  return client;
}

const EVENT = { body: 'x' };

describe('one host at a time', () => {
  it('testfailoverrpcclient/testfailover#268: it sticks to a host that works', async () => {
    const all = await hosts(3);
    const [one, two, three] = all;
    const client = await connect(all);
    const servedBy = async (send: () => Promise<void>): Promise<string> => {
      const before = all.map(({ taken }) => taken);
      await send();
      return `host${all.findIndex(({ taken }, i) => taken !== before[i]) + 1}`;
    };
    const served = [await servedBy(() => client.appendBatch([EVENT, EVENT]))];
    await die(one);
    served.push(await servedBy(() => client.appendBatch([EVENT, EVENT])));
    await die(two);
    served.push(await servedBy(() => client.append(EVENT)));
    await listen(two);
    await die(three);
    served.push(await servedBy(() => client.appendBatch([EVENT, EVENT])));
    await listen(one);
    served.push(await servedBy(() => client.append(EVENT)));
    await die(two);
    served.push(await servedBy(() => client.appendBatch([EVENT, EVENT])));
    expect(served).toEqual(['host1', 'host2', 'host3', 'host2', 'host2', 'host1']);
  });

  it('testfailoverrpcclient/testfailedservers#502: it fails when all are gone', async () => {
    const all = await hosts(3);
    const client = await connect(all);
    await client.appendBatch([EVENT]);
    for (const host of all) await die(host);
    await expect(client.appendBatch([EVENT])).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
  });

  it('a call tries no more hosts than it may', async () => {
    const all = await hosts(3);
    const client = await connect(all, { maxAttempts: 1 });
    all[0].fails = true;
    await expect(client.append(EVENT)).rejects.toMatchObject({ code: 'RPC_REJECTED' });
    expect(all.map(({ taken }) => taken)).toEqual([0, 0, 0]);
    await client.append(EVENT);
    expect(all[1].taken).toBe(1);
  });
});

describe('several hosts', () => {
  it('testloadbalancingrpcclient/testcreatinglbclientsinglehost#269: are at least two', async () => {
    const [one] = await hosts(1);
    await expect(connect([one], { balance: 'round_robin' })).rejects.toThrow('needs at least two hosts');
  });

  it('testloadbalancingrpcclient/testlbdefaultclienttwohosts#271: take turns', async () => {
    const [one, two] = await hosts(2);
    const client = await connect([one, two], { balance: 'round_robin' });
    for (let i = 0; i < 100; i++) await client.append(EVENT);
    expect([one.taken, two.taken]).toEqual([50, 50]);
  });

  it('testloadbalancingrpcclient/testtwohostfailover#270: and one takes all while the other fails', async () => {
    const [one, two] = await hosts(2);
    const client = await connect([one, two], { balance: 'round_robin' });
    for (let i = 0; i < 100; i++) {
      two.fails = i >= 20 && i < 40;
      await client.append(EVENT);
    }
    expect([one.taken, two.taken]).toEqual([60, 40]);
  });

  it('testloadbalancingrpcclient/testtwohostsonedead#503: one that is not there is no harm', async () => {
    const [two, one] = await hosts(1);
    const client = await connect([one, two], { balance: 'round_robin' });
    for (let i = 0; i < 10; i++) await client.appendBatch([EVENT]);
    expect(two.taken).toBe(10);
  });

  it('are drawn at random, and left out when they have failed', async () => {
    const all = await hosts(2);
    const [one, two, dead] = all;
    const client = await connect([one, two, dead], { balance: 'random', backoff: true });
    for (let i = 0; i < 100; i++) await client.append(EVENT);
    expect(one.taken + two.taken).toBe(100);
    expect(Math.min(one.taken, two.taken)).toBeGreaterThan(20);
    one.fails = true;
    two.fails = true;
    await expect(client.append(EVENT)).rejects.toMatchObject({
      code: expect.stringMatching(/RPC_REJECTED|CONNECT_FAILED/),
    });
    await expect(client.append(EVENT)).rejects.toThrow('all hosts have failed and are left out for a while');
  });
});

describe('a properties file', () => {
  it('says hosts, how they are used, and limits', async () => {
    const [one, two] = await hosts(2);
    const text = [
      'client.type = default_loadbalance',
      'hosts = h1 h2',
      `hosts.h1 = ${one.at}`,
      `hosts.h2 = ${two.at}`,
      'host-selector = random',
      'backoff = true',
      'batch-size = 0',
      'request-timeout = 7',
    ].join('\n');
    expect(clientOptions(text, 'client.properties')).toEqual({
      hosts: [one.at, two.at],
      batchSize: 100,
      connectTimeout: 20_000,
      requestTimeout: 20_000,
      compression: 'none',
      compressionLevel: 6,
      tls: undefined,
      balance: 'random',
      backoff: true,
      maxBackoff: 30_000,
    });
    const file = path.join(ownDirectory(), 'client.properties');
    fs.writeFileSync(file, text.replace('= random', '= round_robin'));
    const client = await RpcClient.fromProperties(file);
    ends.push(() => client.close());
    for (let i = 0; i < 4; i++) await client.append(EVENT);
    expect([one.taken, two.taken]).toEqual([2, 2]);
  });

  it.each([
    ['hosts = h1\nhosts.h1 = a:1', { hosts: ['a:1'] }],
    ['hosts = h1 h2\nhosts.h1 = a:1\nhosts.h2 = b:2', { hosts: ['a:1'] }],
    [
      'client.type = default_failover\nhosts = h1 h2\nhosts.h1 = a:1\nhosts.h2 = b:2\nmax-attempts = 5',
      { hosts: ['a:1', 'b:2'], maxAttempts: 5 },
    ],
  ])('%j', (text, options) => {
    expect(clientOptions(text, 'x')).toMatchObject(options);
  });

  it.each([
    ['', 'property hosts is missing'],
    ['hosts = h1', 'hosts.h1 is missing'],
    ['client.type = thrift\nhosts = h1\nhosts.h1 = a:1', 'x:1: client.type is "thrift", expected one of'],
    ['client.type = default_loadbalance\nhosts = h1\nhosts.h1 = a:1', 'x:2: the client: hosts names one host'],
  ])('%j is refused', (text, reason) => {
    expect(() => clientOptions(text, 'x')).toThrow(reason);
  });

  it('that is not there is told', async () => {
    await expect(RpcClient.fromProperties('/nowhere/client.properties')).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });
});
