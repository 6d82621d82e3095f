/** Clients that have many requests in flight rely on their order: one that failed and comes again must not be overtaken. */
import { afterEach, describe, expect, test } from 'vitest';
import { avro } from '../../../src/agent/sources/avro.ts';
import { AvroRpcClient } from '../../../src/avro/client.ts';
import { decodeStatus, encodeAppendBatch, type FlumeStatus, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { arrived, type PushRig, pushRig } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';
import { rig as sourceRig } from '../agent/sources/rig.ts';

const CLOSERS: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of CLOSERS.splice(0).reverse()) await close();
});

/** A client of ours, which tells the statuses of its requests as they come. */
async function ours(port: number) {
  const client = await AvroRpcClient.connect({ host: '127.0.0.1', port, protocol: flumeProtocol });
  CLOSERS.push(() => client.close());
  const statuses = new Map<string, FlumeStatus>();
  return {
    client,
    statuses,
    send: (bodies: readonly string[]): void => {
      const events = bodies.map((body) => ({ headers: {}, body: Buffer.from(body) }));
      void client.call('appendBatch', encodeAppendBatch(events)).then(
        (result) => statuses.set(bodies[0] ?? '', decodeStatus(result)),
        () => {},
      );
    },
  };
}

function portOf({ seen }: PushRig): number {
  const name = seen.map((each) => (each.type === 'receiverStarted' ? each.name : '')).join('');
  return Number(/:(\d+)$/.exec(name)?.[1]);
}

describe('flumeStream', () => {
  test('what a client of ours sent behind a request that failed fails with it, until it connects anew', async () => {
    let away = true;
    const out: string[] = [];
    const rig = await pushRig(async (rdd) => {
      const texts = await rdd.collect();
      if (away && texts.length > 0) throw new Error('away');
      out.push(...texts);
    });
    CLOSERS.push(rig.stop);
    const one = await ours(portOf(rig));
    one.send(['a']);
    await arrived(rig, 1);
    rig.clock.advanceTo(1000);
    await until(() => rig.ssc.waitingEvents === 0);
    rig.clock.advance(10_000);
    // They come while the first is tried again and again, and have time left when it is given up.
    one.send(['b']);
    one.send(['c']);
    await arrived(rig, 2);
    await until(() => {
      if (!one.statuses.has('a')) rig.clock.advance(100);
      return one.statuses.size === 3;
    });
    expect([...one.statuses]).toEqual(['a', 'b', 'c'].map((each) => [each, 'FAILED']));
    away = false;
    one.send(['d']);
    await until(() => one.statuses.get('d') === 'FAILED');
    const two = await ours(portOf(rig));
    for (const each of ['a', 'b', 'c', 'd']) two.send([each]);
    await until(() => {
      rig.clock.advance(100);
      return two.statuses.size === 4;
    });
    expect([...two.statuses.values()]).toEqual(['OK', 'OK', 'OK', 'OK']);
    expect(out).toEqual(['a', 'b', 'c', 'd']);
  });

  test('a request that takes several turns to be looked at is not overtaken', async () => {
    const out: string[] = [];
    const rig = await pushRig(async (rdd) => void out.push(...(await rdd.collect())));
    CLOSERS.push(rig.stop);
    const { send } = await ours(portOf(rig));
    send(Array.from({ length: 90_000 }, () => 'first'));
    send(['second']);
    await arrived(rig, 90_001);
    await rig.tick();
    expect(out).toHaveLength(90_001);
    expect(out.at(-1)).toBe('second');
  });

  test('a request beyond the limits is refused with the reason, and does not reach the job', async () => {
    const rig = await pushRig(() => {}, { push: { maxEvents: 3 } });
    CLOSERS.push(rig.stop);
    const { client } = await ours(portOf(rig));
    const events = Array.from({ length: 4 }, () => ({ headers: {}, body: Buffer.alloc(1) }));
    await expect(client.call('appendBatch', encodeAppendBatch(events))).rejects.toMatchObject({
      code: 'RPC_ERROR',
      message: expect.stringMatching(/4 events.*limit is 3.*raise maxEvents/),
    });
    expect(rig.ssc.waitingEvents).toBe(0);
    await expect(pushRig(() => {}, { push: { maxEvents: 0 } })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(pushRig(() => {}, { push: { maxConnections: 1.5 } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});

describe("the agent's Avro source", () => {
  async function source(properties: Record<string, number>, capacity: number) {
    const made = await sourceRig(avro, { bind: '127.0.0.1', port: 0, ...properties }, { capacity });
    await made.source.start();
    CLOSERS.push(() => made.source.stop());
    return { ...made, ...(await ours(made.source.address?.port ?? 0)) };
  }

  test('a small request does not overtake a large one that its channel did not take', async () => {
    const { send, statuses, texts } = await source({}, 3);
    send(['a1', 'a2', 'a3', 'a4']);
    send(['b']);
    await until(() => statuses.size === 2);
    expect([...statuses]).toEqual([
      ['a1', 'FAILED'],
      ['b', 'FAILED'],
    ]);
    send(['c']);
    await until(() => statuses.get('c') === 'FAILED');
    expect(await texts()).toEqual([]);
  });

  test('those before the one that fails are taken, though they are put together', async () => {
    const { send, statuses, texts } = await source({}, 4);
    for (const each of ['a', 'b']) send([each, each]);
    send(['c']);
    await until(() => statuses.size === 3);
    expect([...statuses.values()]).toEqual(['OK', 'OK', 'FAILED']);
    expect(await texts()).toEqual(['a', 'a', 'b', 'b']);
  });

  test('requests in flight keep their order, and their channel gets them together', async () => {
    const { send, statuses, next, counters } = await source({}, 10_000);
    const names = Array.from({ length: 300 }, (_, i) => `${i}`);
    for (const each of names) send([each]);
    await until(() => statuses.size === 300);
    expect(await next(300)).toEqual(names);
    expect(counters).toMatchObject({ AppendBatchAcceptedCount: 300, EventAcceptedCount: 300, ChannelWriteFail: 0 });
  });

  test('its limits are those of its properties', async () => {
    const { client } = await source({ maxHeaders: 2 }, 100);
    const headers = { a: '', b: '', c: '' };
    await expect(
      client.call('appendBatch', encodeAppendBatch([{ headers, body: Buffer.alloc(1) }])),
    ).rejects.toMatchObject({ message: expect.stringContaining('3 headers') });
  });
});
