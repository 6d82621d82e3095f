/**
 * A Flume with an Avro sink, as the real one was measured: one request in flight; what is not answered within the request timeout, or
 * not with OK, is sent again on a new connection after 5 s; an empty channel is looked at after 1 s, 2 s, up to 5 s.
 */
import { AvroRpcClient } from '../../../src/avro/client.ts';
import { decodeStatus, encodeAppendBatch, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { sleep, systemClock } from '../../../src/core/clock.ts';
import type { Events } from './events.ts';
import { type Feed, toEvent } from './feed.ts';

/** How the sink is set. */
export interface FlumeSinkSettings {
  readonly host: string;
  readonly port: number;
  readonly batchSize: number;
  /** In ms. */
  readonly timeout: number;
}

const PAUSE_MS = 5000;
const LONGEST_IDLE_MS = 5000;

/** Runs for ever, in a process of its own. */
export async function runFlumeSink(feed: Feed, events: Events, settings: FlumeSinkSettings): Promise<never> {
  const { batchSize, host, port, timeout } = settings;
  let client: AvroRpcClient | undefined;
  let idle = 0;
  for (;;) {
    const batch = feed.take(batchSize);
    if (batch.length === 0) {
      idle = Math.min(idle + 1000, LONGEST_IDLE_MS);
      await sleep(systemClock, idle);
      continue;
    }
    idle = 0;
    try {
      client ??= await AvroRpcClient.connect({ host, port, protocol: flumeProtocol, connectTimeout: timeout });
      const params = encodeAppendBatch(batch.map(toEvent));
      const status = decodeStatus(await client.call('appendBatch', params, timeout));
      if (status !== 'OK') throw new Error(`answered ${status}`);
      for (const { id } of batch) events.tell(id);
    } catch {
      feed.putBack(batch);
      const failed = client;
      client = undefined;
      void failed?.close();
      await sleep(systemClock, PAUSE_MS);
    }
  }
}
