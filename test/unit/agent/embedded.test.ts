/** An agent within a program: what it may be configured as, and what becomes of events that are put. Cases of Flume's tests carry their ids. */
import { afterEach, describe, expect, it } from 'vitest';
import { agentProperties } from '../../../src/agent/embedded/configuration.ts';
import { EmbeddedAgent } from '../../../src/agent/embedded/embedded-agent.ts';
import { decodeEvents, encodeStatus, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { AvroRpcServer } from '../../../src/avro/server.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { until } from '../../kit/until.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const CONF = {
  'source.type': 'embedded',
  'channel.type': 'memory',
  'channel.capacity': '200',
  sinks: 'sink1 sink2',
  'sink1.type': 'avro',
  'sink2.type': 'avro',
  'sink1.hostname': 'sink1.host',
  'sink1.port': '2',
  'sink2.hostname': 'sink2.host',
  'sink2.port': '2',
  'processor.type': 'load_balance',
  'source.interceptors': 'i1',
  'source.interceptors.i1.type': 'timestamp',
};

function without(name: keyof typeof CONF): Record<string, string> {
  return Object.fromEntries(Object.entries(CONF).filter(([key]) => key !== name));
}

describe('the configuration', () => {
  it('testembeddedagentconfiguration/testfullsourcetype#272: becomes that of an agent', () => {
    expect(Object.fromEntries(agentProperties('test1', CONF))).toMatchObject({
      'test1.sources': 'source-test1',
      'test1.channels': 'channel-test1',
      'test1.sinkgroups': 'sink-group-test1',
      'test1.sinks': 'sink1 sink2',
      'test1.sinkgroups.sink-group-test1.processor.type': 'load_balance',
      'test1.sources.source-test1.interceptors.i1.type': 'timestamp',
      'test1.channels.channel-test1.capacity': '200',
      'test1.sinks.sink2.hostname': 'sink2.host',
    });
    new EmbeddedAgent('test1', { log: silentLogger }).configure(CONF);
  });

  it('testembeddedagentconfiguration/testmissingsourcetype#273: needs no type of the source', () => {
    expect(agentProperties('test1', without('source.type'))).toEqual(agentProperties('test1', CONF));
  });

  it.each([
    ['testembeddedagentconfiguration/testbadsource#274', { ...CONF, 'source.type': 'exec' }, 'source.type is exec'],
    ['testembeddedagentconfiguration/testbadsink#275', { ...CONF, 'sink1.type': 'hbase' }, 'sink1.type is hbase'],
    [
      'testembeddedagentconfiguration/testbadsinkprocessor#276',
      { ...CONF, 'processor.type': 'bad' },
      'processor.type is bad',
    ],
    ['testembeddedagentconfiguration/testnosinkprocessor#277', without('processor.type'), 'processor.type is missing'],
    [
      'testembeddedagentconfiguration/testsinknamedlikesource#278',
      { ...CONF, sinks: 'source' },
      'a sink is called source',
    ],
    ['testembeddedagentconfiguration/testbadchannel#504', { ...CONF, 'channel.type': 'jdbc' }, 'channel.type is jdbc'],
    [
      'testembeddedagentconfiguration/testbadkey#505',
      { ...CONF, 'bad.key.name': 'bad' },
      'there is no property bad.key.name',
    ],
    ['a sink named like the channel', { ...CONF, sinks: 'channel' }, 'a sink is called channel'],
    ['no sink', without('sinks'), 'sinks names no sink'],
    [
      'a value that its component does not take',
      { ...CONF, 'sink1.port': 'x' },
      'port is "x", expected a whole number',
    ],
  ])('%s: is refused', (_id, conf, reason) => {
    expect(() => new EmbeddedAgent('test1', { log: silentLogger }).configure(conf)).toThrow(reason);
  });
});

interface Collector {
  readonly port: number;
  readonly received: { readonly headers: Readonly<Record<string, string>>; readonly body: string }[];
}

async function collector(): Promise<Collector> {
  const received: Collector['received'] = [];
  const server = await AvroRpcServer.listen({
    host: '127.0.0.1',
    port: 0,
    protocol: flumeProtocol,
    owner: 'test',
    pipeline: 1,
    onRequest: (request) => {
      for (const event of decodeEvents('appendBatch', request.params).toArray())
        received.push({ headers: { ...event.headers }, body: event.text() });
      request.reply(encodeStatus('OK'));
    },
  });
  ends.push(() => server.close());
  return { port: server.address.port, received };
}

function confOf({ port }: Collector, changed: Record<string, string> = {}): Record<string, string> {
  return {
    'channel.type': 'memory',
    sinks: 'k1',
    'k1.type': 'avro',
    'k1.hostname': '127.0.0.1',
    'k1.port': String(port),
    'processor.type': 'default',
    ...changed,
  };
}

async function started(conf: Record<string, string>): Promise<EmbeddedAgent> {
  const agent = new EmbeddedAgent('test1', { log: silentLogger });
  agent.configure(conf);
  await agent.start();
  ends.push(() => agent.stop());
  return agent;
}

describe('events', () => {
  it('testembeddedagent/testput#279: that are put arrive', async () => {
    const far = await collector();
    const agent = await started(confOf(far));
    await agent.put({ headers: { key1: 'value1' }, body: 'body' });
    await until(() => far.received.length === 1);
    expect(far.received).toEqual([{ headers: { key1: 'value1' }, body: 'body' }]);
    await agent.putAll([{ body: 'a' }, { body: 'b' }]);
    await until(() => far.received.length === 3);
    expect(far.received.slice(1).map(({ body }) => body)).toEqual(['a', 'b']);
  });

  it('testembeddedagentembeddedsource/testputnotstarted#280: cannot be put before the start, nor after the stop', async () => {
    const far = await collector();
    const agent = new EmbeddedAgent('test1', { log: silentLogger });
    await expect(agent.put({ body: 'x' })).rejects.toMatchObject({ code: 'CONTEXT_STATE' });
    agent.configure(confOf(far));
    expect(() => agent.configure(confOf(far))).toThrow('has been configured');
    await expect(agent.put({ body: 'x' })).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' });
    await agent.start();
    await agent.stop();
    await expect(agent.put({ body: 'x' })).rejects.toMatchObject({ code: 'CHANNEL_CLOSED' });
  });

  it('are taken all or none, and wait in a file channel for the next start', async () => {
    const dataDirs = ownDirectory();
    // Nobody listens on port 1.
    const conf = confOf(
      { port: 1, received: [] },
      {
        'channel.type': 'file',
        'channel.dataDirs': dataDirs,
        'channel.minimumRequiredSpace': '0',
        'channel.capacity': '3',
        'channel.transactionCapacity': '3',
        'channel.keep-alive': '0',
        'k1.batch-size': '3',
      },
    );
    const first = await started(conf);
    await first.putAll([{ body: 'a' }, { body: 'b' }]);
    await expect(first.putAll([{ body: 'c' }, { body: 'd' }])).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    await first.stop();
    const far = await collector();
    await started({ ...conf, 'k1.port': String(far.port) });
    await until(() => far.received.length === 2);
    expect(far.received.map(({ body }) => body)).toEqual(['a', 'b']);
  });
});
