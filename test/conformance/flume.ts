/** Vectors of Flume: our client to the push receiver, and the embedded agent's Spark sink, alone and polled by the pull receiver. */

import { spark } from '../../src/agent/sinks/spark.ts';
import { RpcClient } from '../../src/agent.ts';
import { StreamingContext } from '../../src/api/streaming-context.ts';
import { AvroRpcClient } from '../../src/avro/client.ts';
import type { FlumeEvent } from '../../src/avro/event-block.ts';
import {
  decodeEventBatch,
  encodeGetEventBatch,
  encodeSequence,
  sparkSinkProtocol,
} from '../../src/avro/protocols/spark-sink.ts';
import { ManualClock } from '../../src/core/clock.ts';
import type { DStream } from '../../src/graph/dstream.ts';
import { until } from '../kit/until.ts';
import { event, put } from '../unit/agent/channels/use.ts';
import { type SinkRig, sinkRig } from '../unit/agent/sinks/rig.ts';
import { oneBatch } from './pipeline.ts';
import { type Vector, type Verdict, verdict } from './vector.ts';

interface Got {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A job over a Flume stream that keeps what comes. */
async function jobOver(batchInterval: number, open: (ssc: StreamingContext) => DStream<FlumeEvent>) {
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval, clock, write: () => {} });
  const batches: Got[][] = [];
  let name = '';
  ssc.events$.subscribe((each) => {
    if (each.type === 'receiverStarted') name = each.name;
  });
  open(ssc)
    .map((each) => ({ body: each.text(), headers: { ...each.headers } }))
    .foreachRDD(async (rdd) => void batches.push(await rdd.collect()));
  await ssc.start();
  const batch = (): Promise<unknown> => oneBatch(ssc, () => clock.advance(batchInterval));
  return { ssc, batches, batch, port: Number(/:(\d+)$/.exec(name)?.[1]) };
}

async function push(vector: Vector): Promise<Verdict> {
  const { params } = vector;
  const headers = params['headers'] as Record<string, string>;
  const { ssc, batches, batch, port } = await jobOver(params.batchMs ?? 200, (made) =>
    made.flumeStream({ host: '127.0.0.1', port: 0 }),
  );
  const client = await RpcClient.connect({
    hosts: [`127.0.0.1:${port}`],
    compression: params['compression'] === false ? 'none' : 'deflate',
    batchSize: params['appendBatch'] as number,
  });
  const bodies = vector.input.flat() as string[];
  const acknowledged = client.appendBatch(bodies.map((body) => ({ headers, body })));
  await until(() => ssc.waitingEvents === bodies.length);
  await batch();
  await acknowledged;
  await client.close();
  await ssc.stop({ graceful: false });
  const wrong = batches.flat().find((got) => JSON.stringify(got.headers) !== JSON.stringify(headers));
  if (wrong !== undefined) return { result: 'failed', expected: headers, actual: wrong.headers };
  return verdict(
    vector.compare,
    vector.expected,
    batches.map((got) => got.map(({ body }) => body)),
  );
}

async function openSink(capacity: number, transactionCapacity: number, timeoutSecs = 60): Promise<SinkRig> {
  const properties = { hostname: '127.0.0.1', port: 0, timeout: timeoutSecs };
  return sinkRig(spark, properties, { capacity, transactionCapacity, 'keep-alive': 0 });
}

/** All events exactly once with their headers, the channels empty in the end. */
async function pull(vector: Vector): Promise<Verdict> {
  const { params } = vector;
  const [transactions = 0, perTransaction = 0, count = 0] = vector.input[0] as number[];
  const sinks: SinkRig[] = [];
  const wanted: string[] = [];
  for (let s = 0; s < count; s++) {
    const made = await openSink(params['channelCapacity'] as number, perTransaction);
    sinks.push(made);
    for (let t = 0; t < transactions; t++) {
      const transaction = made.channel.transaction();
      transaction.begin();
      for (let i = t * perTransaction; i < (t + 1) * perTransaction; i++) {
        transaction.put(event(`c${s}-${i}`, { [`test-${i}`]: 'header' }));
        wanted.push(`c${s}-${i} test-${i}=header`);
      }
      await transaction.commit();
      transaction.close();
    }
  }
  const addresses = sinks.map(({ sink }) => `127.0.0.1:${sink.address?.port}`);
  const maxBatchSize = params['maxBatchSize'] as number;
  const parallelism = params['parallelism'] as number;
  const { ssc, batches, batch } = await jobOver(1000, (made) =>
    made.flumePollingStream({ addresses, maxBatchSize, parallelism }),
  );
  await until(() => ssc.waitingEvents === wanted.length);
  await batch();
  await ssc.stop({ graceful: false });
  // Ends what the sinks still do with the acknowledgements.
  for (const sink of sinks) await sink.stop();
  const got = batches
    .flat()
    .map(({ body, headers }) => `${body} ${Object.entries(headers).map((pair) => pair.join('='))}`);
  const left = sinks.reduce((sum, { channel }) => sum + channel.size, 0);
  if (left > 0) return { result: 'failed', expected: 'empty channels', actual: left };
  if (got.sort().join() !== wanted.sort().join()) return { result: 'failed', expected: wanted, actual: got };
  return verdict(vector.compare, vector.expected, [[got.length]]);
}

/** A consumer: one connection that polls once. */
async function poll(made: SinkRig, size: number) {
  const client = await AvroRpcClient.connect({
    host: '127.0.0.1',
    port: made.sink.address?.port ?? 0,
    protocol: sparkSinkProtocol,
  });
  const { sequenceNumber } = decodeEventBatch(await client.call('getEventBatch', encodeGetEventBatch(size)));
  const settle = async (message: 'ack' | 'nack'): Promise<void> => {
    await client.call(message, encodeSequence(sequenceNumber));
  };
  return { settle, close: () => client.close() };
}

/** The free slots of the channel in the end. */
async function sink(vector: Vector): Promise<Verdict> {
  const { params } = vector;
  const capacity = params['channelCapacity'] as number;
  const size = params['batchSize'] as number;
  const made = await openSink(capacity, params['transactionCapacity'] as number, params['timeoutSecs'] as number);
  for (let n = 0; n < (params['putEvents'] as number); n += size) {
    await put(made.channel, ...Array.from({ length: size }, (_, i) => `${n + i}`));
  }
  const text = vector.input.flat().join(' ');
  const consumers = [];
  for (let i = 0; i < Number(/^(\d+) consumers/.exec(text)?.[1] ?? 1); i++) consumers.push(await poll(made, size));
  const refused = /calls ([\d,]+) nack/.exec(text)?.[1]?.split(',').map(Number) ?? [];
  if (text.includes('no answer')) made.clock.advance((params['timeoutSecs'] as number) * 1000 + 1);
  else {
    for (const [i, consumer] of consumers.entries()) {
      const nack = refused.includes(i) || (consumers.length === 1 && text.endsWith(' nack'));
      await consumer.settle(nack ? 'nack' : 'ack');
    }
  }
  for (const consumer of consumers) await consumer.close();
  await made.stop();
  return verdict(vector.compare, vector.expected, [[capacity - made.channel.size]]);
}

/** The kinds of this file by their operation. */
export const FLUME: Readonly<Record<string, (vector: Vector) => Promise<Verdict>>> = {
  flumePush: push,
  flumePull: pull,
  SparkSink: sink,
};
