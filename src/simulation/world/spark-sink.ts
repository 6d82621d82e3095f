/**
 * A Flume with Spark's buffering sink, as the real one was measured: a poll is answered when there are events; each batch is a
 * transaction that waits for its ack or nack, and is rolled back when none comes in time, also when whoever polled is gone; an ack that
 * comes later is answered and changes nothing.
 */
import {
  decodeGetEventBatch,
  decodeSequence,
  encodeEventBatch,
  encodeNull,
  sparkSinkProtocol,
} from '../../avro/protocols/spark-sink.ts';
import type { RpcRequest } from '../../avro/rpc-request.ts';
import { AvroRpcServer } from '../../avro/server.ts';
import { sleep, systemClock } from '../../core/clock.ts';
import type { Events, Made } from './events.ts';
import { type Feed, toEvent } from './feed.ts';

/** How the sink is set. */
export interface SparkSinkSettings {
  readonly port: number;
  /** How long it waits for an ack, in ms. */
  readonly timeout: number;
  /** How many transactions may be open. */
  readonly threads: number;
}

const LOOKS_AGAIN_MS = 200;

/** Runs until its process is killed. @returns once it listens */
export async function runSparkSink(feed: Feed, events: Events, settings: SparkSinkSettings): Promise<void> {
  const open = new Map<string, { readonly batch: readonly Made[]; readonly end: () => void }>();
  let sequence = 0;
  let busy = 0;
  const poll = async (request: RpcRequest): Promise<void> => {
    const most = decodeGetEventBatch(request.params);
    while (busy >= settings.threads) await sleep(systemClock, LOOKS_AGAIN_MS);
    busy++;
    let batch = feed.take(most);
    while (batch.length === 0) {
      await sleep(systemClock, LOOKS_AGAIN_MS);
      batch = feed.take(most);
    }
    const name = `${feed.name}-${sequence++}`;
    const timer = systemClock.after(settings.timeout, () => {
      open.delete(name);
      busy--;
      feed.putBack(batch);
    });
    open.set(name, { batch, end: () => timer.cancel() });
    for (const made of batch) made.sent++;
    request.reply(encodeEventBatch({ errorMsg: '', sequenceNumber: name, events: batch.map(toEvent) }));
  };
  const end = (request: RpcRequest, isAck: boolean): void => {
    const name = decodeSequence(request.params);
    const transaction = open.get(name);
    if (transaction !== undefined) {
      open.delete(name);
      busy--;
      transaction.end();
      if (isAck) for (const { id } of transaction.batch) events.tell(id);
      else feed.putBack(transaction.batch);
    }
    request.reply(encodeNull());
  };
  await AvroRpcServer.listen({
    host: '0.0.0.0',
    port: settings.port,
    protocol: sparkSinkProtocol,
    owner: feed.name,
    onRequest: (request) => {
      if (request.message === 'getEventBatch') void poll(request);
      else end(request, request.message === 'ack');
    },
  });
}
