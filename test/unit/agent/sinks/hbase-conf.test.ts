/** What the hbase sinks take as their configuration, and what their serializers do beside what was measured. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { putAll } from '../../../../src/agent/channels/put-all.ts';
import { sinkCounters } from '../../../../src/agent/component/counters.ts';
import { Problems } from '../../../../src/agent/component/problems.ts';
import { declarationContract } from '../../../../src/agent/contracts/declaration.ts';
import { hbaseSerializers } from '../../../../src/agent/sinks/hbase/serializers.ts';
import { hbase, hbase2 } from '../../../../src/agent/sinks/hbase.ts';
import { sinks } from '../../../../src/agent/sinks/index.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { configured, makeChannel } from '../channels/make.ts';
import { event, put } from '../channels/use.ts';
import { runContract } from '../contract/entries.ts';
import { bodies, delivered } from './hbase-gateway.ts';
import { gatewayWith, open } from './hbase-rig.ts';
import { sinkRig, until } from './rig.ts';

describe('the address of the gateway', () => {
  it('may have a path, and a name of a table may have a namespace', async () => {
    const gateway = await gatewayWith();
    gateway.table = 'ns:t';
    const rig = await open(gateway, { rest: `${gateway.url}/`, table: 'ns:t' });
    await put(rig.channel, 'a');
    await delivered(rig, 1);
    expect(bodies(gateway)).toEqual(['a']);
  });

  it.each([
    ['zk1:2181,zk2:2181', 'http://zk1:8080'],
    ['zk1', 'http://zk1:8080'],
    [undefined, 'http://localhost:8080'],
  ])('of the quorum %s is %s', async (zookeeperQuorum, url) => {
    const lines: string[] = [];
    const log = { ...silentLogger, warn: (_facts: object, message: string) => void lines.push(message) };
    const channel = makeChannel(memory, {});
    const sink = configured(
      hbase2,
      { table: 't', columnFamily: 'cf', callTimeout: 1, ...(zookeeperQuorum === undefined ? {} : { zookeeperQuorum }) },
      { name: 'k1', log, clock: systemClock, counters: sinkCounters(), channel },
    );
    await sink.start();
    await sink.stop();
    expect(lines[0]).toContain(`taken to be at ${url};`);
  });

  it('is not told with its password', async () => {
    const gateway = await gatewayWith();
    const rig = await open(gateway, { rest: 'http://me:secret@127.0.0.1:1/path' });
    expect(rig.lines.join()).toContain('no answer from http://127.0.0.1:1');
    expect(rig.lines.join()).not.toContain('secret');
  });
});

describe('a configuration', () => {
  function errorsOf(properties: Record<string, string>): string {
    const problems = new Problems('conf');
    const all: Record<string, string> = { table: 't', columnFamily: 'cf', ...properties };
    hbase2.configure(new Map(Object.entries(all).map(([key, value]) => [key, { key, value, line: 1 }])), {
      owner: 'sink k1',
      line: 1,
      problems,
    });
    return problems.errors.map(({ message }) => message).join('\n');
  }

  it.each([
    [{ kerberosPrincipal: 'p' }, 'kerberosPrincipal is refused'],
    [{ kerberosKeytab: '/k' }, 'kerberosKeytab is refused'],
    [{ rest: 'gateway:8080' }, 'rest is "gateway:8080", expected a URL'],
    [{ zookeeperQuorum: 'a b' }, 'zookeeperQuorum is a b, expected HOST:PORT'],
    [{ columnFamily: 'a:b' }, 'columnFamily has a colon'],
    [{ batchSize: '0' }, 'batchSize'],
    [{ serializer: 'com.example.Own' }, 'unknown type com.example.Own'],
    [{ serializer: 'org.apache.flume.sink.hbase2.RegexHBase2EventSerializer', 'serializer.regex': '(' }, 'regex'],
  ])('%o is refused', (properties, message) => {
    expect(errorsOf({})).toBe('');
    expect(errorsOf(properties as Record<string, string>)).toContain(message);
  });

  it('may name the types as Flume does', () => {
    for (const name of ['HBase2', 'org.apache.flume.sink.hbase2.HBase2Sink']) expect(sinks.find(name)).toBe(hbase2);
    for (const name of ['HBASE', 'org.apache.flume.sink.hbase.HBaseSink']) expect(sinks.find(name)).toBe(hbase);
  });
});

describe('the sink of HBase 1', () => {
  it.each([
    [{}, { 'cf:pCol': 'a b' }],
    [{ serializer: 'org.apache.flume.sink.hbase.SimpleHbaseEventSerializer' }, { 'cf:pCol': 'a b' }],
    [{ serializer: 'org.apache.flume.sink.hbase.RegexHbaseEventSerializer' }, { 'cf:payload': 'a b' }],
  ])('writes the same with %o', async (properties, cells) => {
    const gateway = await gatewayWith();
    const rig = await sinkRig(hbase, { table: 't', columnFamily: 'cf', rest: gateway.url, ...properties });
    onTestFinished(() => rig.stop());
    await put(rig.channel, 'a b');
    await delivered(rig, 1);
    expect(Object.fromEntries([...gateway.rows.values()][0] ?? [])).toEqual(cells);
  });
});

describe('the regex serializer', () => {
  const REGEX = 'org.apache.flume.sink.hbase2.RegexHBase2EventSerializer';

  it('keeps the flags that the pattern begins with', async () => {
    const gateway = await gatewayWith();
    const rig = await open(gateway, { serializer: REGEX, 'serializer.regex': '(?i)a(.*)' });
    await put(rig.channel, 'A\nb', 'c');
    await delivered(rig, 2);
    expect([...gateway.rows.values()].map((cells) => cells.get('cf:payload'))).toEqual(['\nb']);
  });

  it('leaves an event without any column in the channel', async () => {
    const gateway = await gatewayWith();
    const rig = await open(gateway, {
      serializer: REGEX,
      'serializer.regex': '(.*)',
      'serializer.colNames': 'row_key',
      'serializer.rowKeyIndex': 0,
    });
    await put(rig.channel, 'a');
    await until(() => rig.counters.EventWriteFail > 0);
    await rig.stop();
    expect(rig.lines.join()).toContain('the row has no column');
    expect(rig.channel.size).toBe(1);
  });

  it('refuses a row key that HBase would refuse', async () => {
    const gateway = await gatewayWith();
    const rig = await open(gateway, {
      serializer: REGEX,
      'serializer.regex': '(.*),(.*)',
      'serializer.colNames': 'ROW_KEY,v',
      'serializer.rowKeyIndex': 0,
    });
    await put(rig.channel, `${'k'.repeat(32_767)},1`);
    await delivered(rig, 1);
    await put(rig.channel, `${'k'.repeat(32_768)},2`);
    await until(() => rig.counters.EventWriteFail > 0);
    expect(rig.lines.join()).toContain('the row key has 32768 bytes, expected 1 to 32767');
    expect(gateway.rows.size).toBe(1);
  });

  it('counts what it drops at 1, 10, 100 …', async () => {
    const gateway = await gatewayWith();
    const rig = await open(gateway, { serializer: REGEX, 'serializer.regex': '(x)' });
    await putAll(
      rig.channel,
      Array.from({ length: 12 }, () => event('y')),
    );
    await delivered(rig, 12);
    const told = rig.lines.filter((line) => line.includes('are dropped, since'));
    expect(told.map((line) => /: (\d+) events/.exec(line)?.[1])).toEqual(['1', '10']);
    expect(gateway.calls).toEqual(['schema']);
  });
});

describe.each(hbaseSerializers.names)('%s', (name) => {
  runContract(declarationContract(hbaseSerializers.get(name), () => ({}), false));
});
