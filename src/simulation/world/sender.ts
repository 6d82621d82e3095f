/** Sends what a feed has to an Avro source, one request in flight, and again on a new connection when it was not answered OK. */
import { AvroRpcClient } from '../../avro/client.ts';
import { decodeStatus, encodeAppendBatch, flumeProtocol } from '../../avro/protocols/flume.ts';
import { sleep, systemClock } from '../../core/clock.ts';
import type { Made } from './events.ts';
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

/** What a sender tells of each request. */
export interface SenderReports {
  sending?(events: readonly Made[]): void;
  /** It was answered OK. */
  taken(events: readonly Made[]): void;
}

/** Runs for ever, in a process of its own. */
export async function runSender(
  feed: Feed,
  { batchSize, host, idle, pause, port, timeout }: SenderSettings,
  reports: SenderReports,
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
      reports.sending?.(batch);
      const status = decodeStatus(await client.call('appendBatch', params, timeout));
      if (status !== 'OK') throw new Error(`answered ${status}`);
      reports.taken(batch);
    } catch {
      feed.putBack(batch);
      const failed = client;
      client = undefined;
      void failed?.close();
      await sleep(systemClock, pause);
    }
  }
}
