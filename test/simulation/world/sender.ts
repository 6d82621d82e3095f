/** Sends what a feed has to an Avro source, one request in flight, and again on a new connection when it was not answered OK. */
import { AvroRpcClient } from '../../../src/avro/client.ts';
import { decodeStatus, encodeAppendBatch, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { sleep, systemClock } from '../../../src/core/clock.ts';
import { type Feed, toEvent } from './feed.ts';

/** How a sender is set. Times are in ms. */
export interface SenderSettings {
  readonly host: string;
  readonly port: number;
  readonly batchSize: number;
  /** For connecting, and for an answer. */
  readonly timeout: number;
  /** Until it connects anew. */
  readonly pause: number;
  /** Until an empty feed is looked at again: so much longer each time, up to the most. */
  readonly idle: { readonly step: number; readonly most: number };
}

/** Runs for ever, in a process of its own. @param onTaken told of the ids of each request that was answered OK */
export async function runSender(
  feed: Feed,
  { batchSize, host, idle, pause, port, timeout }: SenderSettings,
  onTaken: (ids: readonly string[]) => void,
): Promise<never> {
  let client: AvroRpcClient | undefined;
  let waited = 0;
  for (;;) {
    const batch = feed.take(batchSize);
    if (batch.length === 0) {
      waited = Math.min(waited + idle.step, idle.most);
      await sleep(systemClock, waited);
      continue;
    }
    waited = 0;
    try {
      client ??= await AvroRpcClient.connect({ host, port, protocol: flumeProtocol, connectTimeout: timeout });
      const params = encodeAppendBatch(batch.map(toEvent));
      const status = decodeStatus(await client.call('appendBatch', params, timeout));
      if (status !== 'OK') throw new Error(`answered ${status}`);
      onTaken(batch.map(({ id }) => id));
    } catch {
      feed.putBack(batch);
      const failed = client;
      client = undefined;
      void failed?.close();
      await sleep(systemClock, pause);
    }
  }
}
