/** What Spark's sink promises its pollers. */
import { afterEach, describe, expect, it } from 'vitest';
import { spark } from '../../../../src/agent/sinks/spark.ts';
import { AvroRpcClient } from '../../../../src/avro/client.ts';
import {
  decodeEventBatch,
  encodeGetEventBatch,
  encodeSequence,
  sparkSinkProtocol,
} from '../../../../src/avro/protocols/spark-sink.ts';
import { put } from '../channels/use.ts';
import { type SinkRig, sinkRig, until } from './rig.ts';

const rigs: SinkRig[] = [];
const clients: AvroRpcClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const made of rigs.splice(0)) await made.stop();
});

async function start(properties: Record<string, string | number> = {}): Promise<SinkRig> {
  const made = await sinkRig(spark, { hostname: '127.0.0.1', port: 0, ...properties });
  rigs.push(made);
  return made;
}

interface Got {
  readonly errorMsg: string;
  readonly seq: string;
  readonly texts: string[];
}

async function connect(made: SinkRig): Promise<{
  poll(n: number): Promise<Got>;
  tell(call: 'ack' | 'nack', seq: string): Promise<void>;
  client: AvroRpcClient;
}> {
  const client = await AvroRpcClient.connect({
    host: '127.0.0.1',
    port: made.sink.address?.port ?? 0,
    protocol: sparkSinkProtocol,
  });
  clients.push(client);
  return {
    client,
    async poll(n) {
      const { errorMsg, sequenceNumber, events } = decodeEventBatch(
        await client.call('getEventBatch', encodeGetEventBatch(n)),
      );
      return { errorMsg, seq: sequenceNumber, texts: events.toArray().map((event) => event.text()) };
    },
    async tell(call, seq) {
      await client.call(call, encodeSequence(seq));
    },
  };
}

describe('spark sink', () => {
  it('gives a batch out and commits it when it is acknowledged, on any connection', async () => {
    const made = await start();
    await put(made.channel, 'a', 'b', 'c');
    const [one, two] = [await connect(made), await connect(made)];
    const batch = await one.poll(2);
    expect(batch).toMatchObject({ errorMsg: '', texts: ['a', 'b'], seq: expect.stringMatching(/^[0-9a-f]{8}1$/) });
    expect(made.channel.size).toBe(3);
    await two.tell('ack', batch.seq);
    await until(() => made.channel.size === 1);
    expect((await two.poll(2)).seq).toBe(`${batch.seq.slice(0, 8)}2`);
  });

  it('holds a poll until there is an event', async () => {
    const made = await start();
    const one = await connect(made);
    const polled = one.poll(10);
    await put(made.channel, 'a');
    expect((await polled).texts).toEqual(['a']);
  });

  it('gives out again what is refused, or not acknowledged within timeout', async () => {
    const made = await start({ timeout: 6 });
    await put(made.channel, 'a', 'b');
    const one = await connect(made);
    await one.tell('nack', (await one.poll(2)).seq);
    const late = await one.poll(2);
    expect(late.texts).toEqual(['a', 'b']);
    made.clock.advance(6000);
    const again = await one.poll(2);
    expect(again.texts).toEqual(['a', 'b']);
    await one.tell('ack', late.seq);
    expect(made.channel.size).toBe(2);
    expect(made.lines).toContainEqual(expect.stringContaining('ack for a batch that is not open'));
    await one.tell('ack', again.seq);
    await made.channel.whenEmpty();
  });

  it('leaves no ghost when a poller goes away', async () => {
    const made = await start({ threads: 1 });
    const [one, two] = [await connect(made), await connect(made)];
    const lost = one.poll(1).catch(() => 'lost');
    await one.client.close();
    await lost;
    // Two round trips: what the first client did before has been seen by then.
    for (let i = 0; i < 2; i++) await two.tell('ack', 'unknown');
    await put(made.channel, 'a');
    expect((await two.poll(1)).texts).toEqual(['a']);
  });

  it('has at most as many batches open as threads; the next poll waits', async () => {
    const made = await start({ threads: 2 });
    await put(made.channel, 'a', 'b', 'c');
    const one = await connect(made);
    const [a, b] = [await one.poll(1), await one.poll(1)];
    const third = one.poll(1);
    await one.tell('ack', b.seq);
    expect((await third).texts).toEqual(['c']);
    await one.tell('ack', a.seq);
  });

  it('answers polls with an error batch when they ask for nothing, and when it stops', async () => {
    const made = await start();
    const one = await connect(made);
    expect(await one.poll(0)).toMatchObject({
      errorMsg: expect.stringContaining('did not get any events'),
      seq: '',
      texts: [],
    });
    const waiting = one.poll(1);
    // The ack shows that the poll before it has been received.
    await one.tell('ack', 'unknown');
    const stopped = made.stop();
    rigs.pop();
    expect((await waiting).errorMsg).toBe('Spark sink has been stopped!');
    await stopped;
  });
});
