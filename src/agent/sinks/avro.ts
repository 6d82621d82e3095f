/**
 * The Avro sink: sends batches to an Avro source and commits what it has answered OK. Against Flume it behaves as
 * Flume's own sink: strictly one RPC in flight, since a Flume of 1.10 or later would run pipelined ones out of order.
 * Against our own receiver, which says at the handshake that it keeps the order, it pipelines.
 */
import { AvroRpcClient } from '../../avro/client.ts';
import { decodeStatus, encodeAppendBatch, flumeProtocol } from '../../avro/protocols/flume.ts';
import type { Clock, Timer } from '../../core/clock.ts';
import { defineComponent } from '../component/component.ts';
import { choice, int, port, text, type Values } from '../component/fields.ts';
import { checkClientTls, clientTls, clientTlsFields } from '../component/tls-fields.ts';
import { AFTER_STOP_MS, Burst, requireOk } from './avro/burst.ts';
import { finish, giveBack, type Sink, type SinkContext, type SinkStatus, type SinkType, takeBatch } from './sink.ts';

const fields = {
  hostname: text({ doc: 'host of the Avro source', required: true }),
  port: port({ doc: 'its port', required: true }),
  'batch-size': int({ unit: 'events', doc: 'events per request', default: 100, min: 1, lenient: 'default' }),
  'connect-timeout': int({
    unit: 'ms',
    doc: 'ms for connecting and the handshake',
    default: 20_000,
    min: 1,
    lenient: 'default',
  }),
  'request-timeout': int({ unit: 'ms', doc: 'ms for an answer', default: 20_000, min: 1, lenient: 'default' }),
  'reset-connection-interval': int({ unit: 's', doc: 'seconds after which it connects anew; 0: never', default: 0 }),
  'compression-type': choice(['none', 'deflate'], { doc: 'compression, the same as the source has', default: 'none' }),
  'compression-level': int({ doc: 'level of deflate', default: 6, max: 9 }),
  pipeline: int({ doc: 'requests in flight at most, with a receiver of streamjob', default: 1000, min: 1 }),
  maxIoWorkers: int({ doc: 'of no meaning here' }),
  ...clientTlsFields,
};

/** Flume takes shorter timeouts for mistakes. */
const LEAST_TIMEOUT_MS = 1000;
const DEFAULT_TIMEOUT_MS = 20_000;

class AvroSink implements Sink {
  readonly #values: Values<typeof fields>;
  readonly #context: SinkContext;
  #client: AvroRpcClient | undefined;
  #resetAt = Number.POSITIVE_INFINITY;

  constructor(values: Values<typeof fields>, context: SinkContext) {
    this.#values = values;
    this.#context = context;
  }

  async start(): Promise<void> {
    // Wrong key material is told at once, not every five seconds.
    clientTls(this.#values, `sink ${this.#context.name}`);
  }

  async stop(): Promise<void> {
    await this.#disconnect();
  }

  async process(signal: AbortSignal): Promise<SinkStatus> {
    const client = await this.#connected(signal);
    const { channel, counters, clock } = this.#context;
    const maxRequests = Math.min(client.pipeline, this.#values.pipeline);
    try {
      if (maxRequests <= 1) return await this.#sendOne(client, signal);
      return await new Burst({
        client,
        channel,
        counters,
        clock,
        maxRequests,
        batchSize: this.#values['batch-size'],
        requestTimeoutMs: this.#timeout('request-timeout'),
        until: this.#resetAt,
      }).run(signal);
    } catch (error) {
      counters.EventWriteFail++;
      await this.#disconnect();
      throw error;
    }
  }

  async #sendOne(client: AvroRpcClient, signal: AbortSignal): Promise<SinkStatus> {
    const { channel, counters, clock } = this.#context;
    const batch = takeBatch(channel, this.#values['batch-size'], counters);
    if (batch === undefined) return 'backoff';
    const answered = closeAfterStop(client, clock, signal);
    try {
      const result = await client.call(
        'appendBatch',
        encodeAppendBatch(batch.events),
        this.#timeout('request-timeout'),
      );
      requireOk(decodeStatus(result), client.remote);
    } catch (error) {
      giveBack(batch.transaction);
      throw error;
    } finally {
      answered();
    }
    await finish(batch, counters);
    return 'ready';
  }

  async #connected(signal: AbortSignal): Promise<AvroRpcClient> {
    const { counters, clock, log, name } = this.#context;
    if (clock.now() >= this.#resetAt) await this.#disconnect();
    // A peer that closed an idle connection did nothing wrong.
    if (this.#client?.closed === true) await this.#disconnect();
    if (this.#client !== undefined) return this.#client;
    const v = this.#values;
    try {
      this.#client = await AvroRpcClient.connect({
        host: v.hostname,
        port: v.port,
        protocol: flumeProtocol,
        connectTimeout: this.#timeout('connect-timeout'),
        compression: v['compression-type'],
        compressionLevel: v['compression-level'],
        tls: clientTls(v, `sink ${name}`),
        clock,
        signal,
      });
    } catch (error) {
      counters.ConnectionFailedCount++;
      throw error;
    }
    counters.ConnectionCreatedCount++;
    const seconds = v['reset-connection-interval'];
    this.#resetAt = seconds > 0 ? clock.now() + seconds * 1000 : Number.POSITIVE_INFINITY;
    log.info(
      { peer: this.#client.remote, pipeline: this.#client.pipeline },
      `sink ${name}: connected to ${this.#client.remote}`,
    );
    const { remote } = this.#client;
    this.#client.onClose(() => log.info({ peer: remote }, `sink ${name}: the connection to ${remote} is closed`));
    return this.#client;
  }

  async #disconnect(): Promise<void> {
    const client = this.#client;
    if (client === undefined) return;
    this.#client = undefined;
    this.#context.counters.ConnectionClosedCount++;
    await client.close();
  }

  #timeout(property: 'connect-timeout' | 'request-timeout'): number {
    const ms = this.#values[property];
    return ms < LEAST_TIMEOUT_MS ? DEFAULT_TIMEOUT_MS : ms;
  }
}

/**
 * An answer that is on its way when the sink is told to stop is waited for, but not as long as at other times.
 * @returns how to take it back, when the answer is there
 */
function closeAfterStop(client: AvroRpcClient, clock: Clock, stop: AbortSignal): () => void {
  let timer: Timer | undefined;
  const onStop = (): void => {
    timer = clock.after(AFTER_STOP_MS, () => void client.close());
  };
  if (stop.aborted) onStop();
  else stop.addEventListener('abort', onStop, { once: true });
  return () => {
    stop.removeEventListener('abort', onStop);
    timer?.cancel();
  };
}

/** The Avro sink. */
export const avro: SinkType = defineComponent({
  type: 'avro',
  aliases: ['org.apache.flume.sink.AvroSink'],
  doc: 'sends events to an Avro source of Flume or to flumeStream',
  delivery:
    'At least once: a batch leaves the channel when its receiver has answered OK; after an error or a lost answer it is sent again.',
  differences: [
    'It keeps several requests in flight with a receiver of streamjob, which keeps their order; with a Flume one at a time.',
    'Trust stores are PEM files; PKCS#12 and JKS stores of certificates cannot be read.',
    'client.type and the like are ignored with a warning.',
  ],
  fields,
  check: checkClientTls,
  limits: (values) => ({ batch: { property: 'batch-size', events: values['batch-size'] } }),
  create: (values, context: SinkContext): Sink => new AvroSink(values, context),
});
