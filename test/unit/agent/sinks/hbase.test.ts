/** The hbase sinks and a gateway that fails in every way it can: what is in the table, how often, and what is said. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { memory } from '../../../../src/agent/channels/memory.ts';
import { sinkCounters } from '../../../../src/agent/component/counters.ts';
import { withCommit } from '../../../../src/agent/contracts/contract.ts';
import { hbase2 } from '../../../../src/agent/sinks/hbase.ts';
import { systemClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { configured, makeChannel } from '../channels/make.ts';
import { put, take } from '../channels/use.ts';
import { bodies, delivered, type FakeGateway, type Fate, long } from './hbase-gateway.ts';
import { gatewayWith, open } from './hbase-rig.ts';
import { until } from './rig.ts';

const counter = ({ rows }: FakeGateway): string | undefined => rows.get('incRow')?.get('cf:iCol');

describe('a batch', () => {
  it('is one put of all its rows, and an increment for each event', async () => {
    const gateway = await gatewayWith();
    const rig = await open(gateway);
    await put(rig.channel, 'a', 'b', 'c');
    await delivered(rig, 3);
    const one = 'increment incRow cf:iCol+1';
    expect(gateway.calls).toEqual(['schema', 'put 3', one, one, one]);
  });

  it('with coalesceIncrements has one increment', async () => {
    const gateway = await gatewayWith();
    const rig = await open(gateway, { coalesceIncrements: true });
    await put(rig.channel, 'a', 'b', 'c');
    await delivered(rig, 3);
    expect(gateway.calls).toEqual(['schema', 'put 3', 'increment incRow cf:iCol+3']);
  });

  it('has at most batchSize events', async () => {
    const gateway = await gatewayWith();
    const rig = await open(gateway, { batchSize: 2, coalesceIncrements: true });
    await put(rig.channel, 'a', 'b', 'c');
    await delivered(rig, 3);
    expect(gateway.calls.filter((call) => call.startsWith('put'))).toEqual(['put 2', 'put 1']);
    expect(rig.counters).toMatchObject({ BatchCompleteCount: 1, BatchUnderflowCount: 1, EventDrainAttemptCount: 3 });
  });
});

describe('a put that fails', () => {
  it.each<[Fate]>([['lose answer'], ['half answer'], ['refuse'], ['half'], ['silent']])(
    '(%s): its events are written when they come again, each once, and the counter counts them once',
    async (fate) => {
      const gateway = await gatewayWith([fate, fate]);
      const rig = await open(gateway, { callTimeout: fate === 'silent' ? 50 : 5000 });
      await put(rig.channel, 'a', 'b', 'b');
      await delivered(rig, 3);
      expect(bodies(gateway).sort()).toEqual(['a', 'b', 'b']);
      expect(counter(gateway)).toBe(long(3));
      expect(rig.counters).toMatchObject({ EventWriteFail: 2, EventDrainSuccessCount: 3 });
      const lost = fate !== 'refuse' && fate !== 'half';
      expect(rig.counters.ConnectionFailedCount).toBe(lost ? 2 : 0);
      expect(rig.counters.ConnectionCreatedCount - rig.counters.ConnectionClosedCount).toBe(1);
    },
  );

  it('keeps its rows in a batch that has more events then', async () => {
    const gateway = await gatewayWith(['lose answer']);
    const rig = await open(gateway);
    await put(rig.channel, 'a');
    await until(() => rig.counters.EventWriteFail > 0);
    await put(rig.channel, 'b', 'a');
    await delivered(rig, 3);
    expect(bodies(gateway).sort()).toEqual(['a', 'a', 'b']);
    expect(gateway.calls.filter((call) => call.startsWith('put'))).toEqual(['put 1', 'put 3']);
  });

  it('keeps no row for an equal event of a later batch', async () => {
    const gateway = await gatewayWith(['lose answer']);
    const rig = await open(gateway);
    for (const count of [1, 2, 3]) {
      await put(rig.channel, 'a');
      await delivered(rig, count);
    }
    expect(bodies(gateway)).toEqual(['a', 'a', 'a']);
    expect(counter(gateway)).toBe(long(3));
  });

  it('says what the gateway said', async () => {
    const gateway = await gatewayWith(['refuse']);
    const rig = await open(gateway);
    await put(rig.channel, 'a');
    await delivered(rig, 1);
    expect(rig.lines.join()).toContain('a batch of rows of t was answered 503: Service Unavailable');
  });
});

describe('an increment', () => {
  it('that was answered is not done again when a later one is refused', async () => {
    const gateway = await gatewayWith(['answer', 'answer', 'refuse']);
    const rig = await open(gateway);
    await put(rig.channel, 'a', 'b', 'c');
    await delivered(rig, 3);
    expect(counter(gateway)).toBe(long(3));
    expect(bodies(gateway)).toHaveLength(3);
  });

  it.each([
    [false, 'by one', 4],
    [true, 'by the batch', 6],
  ])('whose answer is lost (coalesceIncrements = %s) makes the counter too high %s', async (coalesce, _how, count) => {
    const gateway = await gatewayWith(['answer', 'lose answer']);
    const rig = await open(gateway, { coalesceIncrements: coalesce });
    await put(rig.channel, 'a', 'b', 'c');
    await delivered(rig, 3);
    expect(counter(gateway)).toBe(long(count));
    expect(bodies(gateway)).toHaveLength(3);
  });

  it('of what is no counter is tried again, and the event stays', async () => {
    const gateway = await gatewayWith();
    gateway.rows.set('incRow', new Map([['cf:iCol', 'text']]));
    const rig = await open(gateway);
    await put(rig.channel, 'a');
    await until(() => rig.counters.EventWriteFail > 0);
    gateway.rows.delete('incRow');
    await delivered(rig, 1);
    expect(counter(gateway)).toBe(long(1));
    expect(bodies(gateway)).toEqual(['a']);
  });
});

/** The channel, whose first commit fails. */
function failingOnce(channel: Channel): Channel {
  let commits = 0;
  return withCommit(channel, async (commit) => {
    if (commits++ === 0) throw new Error('the disk is full');
    await commit();
  });
}

describe('a channel that does not commit', () => {
  it('gets its events back; when they come again they have the same rows, and are counted once', async () => {
    const gateway = await gatewayWith();
    const channel = makeChannel(memory, { 'keep-alive': 0 });
    await channel.start();
    const context = { name: 'k1', log: silentLogger, clock: systemClock, counters: sinkCounters() };
    const sink = configured(
      hbase2,
      { table: 't', columnFamily: 'cf', rest: gateway.url },
      { ...context, channel: failingOnce(channel) },
    );
    await put(channel, 'a', 'b');
    const { signal } = new AbortController();
    await expect(sink.process(signal)).rejects.toThrow('the disk is full');
    expect(channel.size).toBe(2);
    await sink.process(signal);
    await sink.stop();
    expect(channel.size).toBe(0);
    expect(bodies(gateway)).toEqual(['a', 'b']);
    expect(counter(gateway)).toBe(long(2));
  });
});

describe('a start', () => {
  it.each([
    ['a table', { table: 'other' }, 'sink k1: there is no table other, says HBase'],
    ['a family', { columnFamily: 'f2' }, 'sink k1: table t has no column family f2, but cf, says HBase'],
  ])('without %s fails and says so', async (_what, properties, message) => {
    const gateway = await gatewayWith();
    await expect(open(gateway, properties)).rejects.toMatchObject({ code: 'RPC_ERROR', message });
  });

  it('that failed may be tried again', async () => {
    const gateway = await gatewayWith();
    gateway.table = 'later';
    const channel = makeChannel(memory, { 'keep-alive': 0 });
    const context = { name: 'k1', log: silentLogger, clock: systemClock, counters: sinkCounters(), channel };
    const sink = configured(hbase2, { table: 't', columnFamily: 'cf', rest: gateway.url }, context);
    onTestFinished(() => sink.stop());
    await expect(sink.start()).rejects.toThrow('there is no table t');
    gateway.table = 't';
    await sink.start();
    await channel.start();
    await put(channel, 'a');
    expect(await sink.process(new AbortController().signal)).toBe('ready');
    expect(bodies(gateway)).toEqual(['a']);
  });

  it('without a gateway goes on, and events wait', async () => {
    const gateway = await gatewayWith();
    const rig = await open(gateway, { rest: 'http://127.0.0.1:1' });
    expect(rig.lines.join()).toContain('whether its table is there is not known');
    await put(rig.channel, 'a');
    await until(() => rig.counters.EventWriteFail > 0);
    expect(rig.lines.join()).toContain('no answer from http://127.0.0.1:1');
    await rig.stop();
    expect(take(rig.channel, 2).texts).toEqual(['a']);
  });

  it('with a gateway that does not tell the schema goes on', async () => {
    const gateway = await gatewayWith();
    gateway.schemaStatus = 403;
    const rig = await open(gateway);
    expect(rig.lines.join()).toContain('the schema of t was answered 403');
    await put(rig.channel, 'a');
    await delivered(rig, 1);
    expect(bodies(gateway)).toEqual(['a']);
  });

  it('a table that is dropped while the sink runs is waited for', async () => {
    const gateway = await gatewayWith();
    const rig = await open(gateway);
    gateway.table = 'gone';
    await put(rig.channel, 'a');
    await until(() => rig.counters.EventWriteFail > 0);
    expect(rig.lines.join()).toContain('answered 404: there is no table t, or no column family cf in it');
    gateway.table = 't';
    await delivered(rig, 1);
    expect(bodies(gateway)).toEqual(['a']);
  });

  it('says what of a file for Flume has no meaning', async () => {
    const gateway = await gatewayWith();
    const rig = await open(gateway, {
      zookeeperQuorum: 'zk1:2181',
      znodeParent: '/hbase',
      enableWal: false,
      'serializer.suffix': 'timestamp',
    });
    const told = rig.lines.join('\n');
    for (const word of [
      'zookeeperQuorum is of no',
      'znodeParent is of no',
      'enableWal = false is of no',
      'millisecond',
    ])
      expect(told).toContain(word);
  });
});

describe('a stop', () => {
  it('ends a call that is not answered, and the events stay', async () => {
    const gateway = await gatewayWith(['silent']);
    const rig = await open(gateway);
    await put(rig.channel, 'a');
    await until(() => gateway.calls.includes('put 1'));
    const stopped = rig.stop();
    // The runner leaves it this time.
    rig.clock.advance(10_000);
    await stopped;
    expect(rig.channel.size).toBe(1);
  });
});
