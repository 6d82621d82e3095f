/** A client for programs: sends events to a Flume Avro source or to flumeStream. Flume has one for the JVM only. */
import { type ClientTls, TLS_VERSIONS } from '../avro/layers.ts';
import { encodeAppend, encodeAppendBatch } from '../avro/protocols/flume.ts';
import { systemClock } from '../core/clock.ts';
import type { DurationLike } from '../core/duration.ts';
import { StreamjobError } from '../core/errors.ts';
import { type EventInit, type PlainEvent, plainEvent } from '../core/event.ts';
import {
  anything,
  count,
  duration,
  flag,
  list,
  type OptionTable,
  object,
  oneOf,
  type Resolved,
  resolveOptions,
  text,
} from '../core/options.ts';
import { BalancedCalls } from './rpc-client/balanced.ts';
import { type Calls, FailoverCalls, type HostAndPort } from './rpc-client/failover.ts';

/** How a client is made. */
export interface RpcClientOptions {
  /** `host:port` of one Avro source, or of several: the first that answers is used until it fails, then the next. */
  readonly hosts: readonly string[];
  /** Whether calls are shared among the hosts instead: in turn, or at random. Default: they are not. */
  readonly balance?: 'round_robin' | 'random' | undefined;
  /** Whether a host that has failed is left out for a while, where calls are shared. Default: false. */
  readonly backoff?: boolean | undefined;
  /** How long it is left out at most. In ms, or a text such as '250ms', '1s', '5m'. Default: 30s. */
  readonly maxBackoff?: DurationLike | undefined;
  /** How many hosts a call tries before it fails, where calls are not shared. Default: as many as there are. */
  readonly maxAttempts?: number | undefined;
  /** Whether what is sent is compressed. Default: none. */
  readonly compression?: 'none' | 'deflate' | undefined;
  /** How hard it is compressed, from 0 (not at all) to 9. Default: 6. */
  readonly compressionLevel?: number | undefined;
  /** Settings of TLS, for a server that speaks it. Default: without TLS. */
  readonly tls?: ClientTls | undefined;
  /** Events per request; larger batches are cut. Default: 100. */
  readonly batchSize?: number | undefined;
  /** How long an answer is waited for. In ms, or a text such as '250ms', '1s', '5m'. Default: 20s. */
  readonly requestTimeout?: DurationLike | undefined;
  /** For connecting and the handshake. In ms, or a text such as '250ms', '1s', '5m'. Default: 20s. */
  readonly connectTimeout?: DurationLike | undefined;
}

export const CLIENT_TLS_OPTIONS = {
  ca: anything<NonNullable<ClientTls['ca']>>({ doc: 'whose signature on the certificate of the server counts' }),
  cert: anything<NonNullable<ClientTls['cert']>>({
    doc: 'the certificate of this client, for servers that ask for one',
  }),
  key: anything<NonNullable<ClientTls['key']>>({ doc: 'its private key' }),
  pfx: anything<NonNullable<ClientTls['pfx']>>({ doc: 'key and certificate in one, as PKCS 12' }),
  passphrase: text({ doc: 'of the key' }),
  rejectUnauthorized: flag({ doc: 'whether a server whose certificate does not hold is refused' }),
  servername: text({ doc: 'which name the server is asked for' }),
  ciphers: text({ doc: 'which ciphers may be used, as OpenSSL writes them' }),
  minVersion: oneOf(TLS_VERSIONS, { doc: 'the oldest version of TLS' }),
  maxVersion: oneOf(TLS_VERSIONS, { doc: 'the newest version of TLS' }),
  checkServerName: flag({
    absent: 'false',
    doc: "whether the certificate's name must fit the host (Flume's own clients do not look)",
  }),
  layering: oneOf(['flume-1.10', 'flume-1.9'], {
    doc: 'which of TLS and zlib is outermost when both are used: as Flume 1.10 and later (zlib), or as 1.9 and before (TLS)',
  }),
} satisfies OptionTable<ClientTls>;

export const RPC_CLIENT_OPTIONS = {
  hosts: list(text({}), {
    min: 1,
    required: true,
    expected: "at least one 'host:port'",
    doc: '`host:port` of one Avro source, or of several: the first that answers is used until it fails, then the next',
  }),
  balance: oneOf(['round_robin', 'random'], {
    absent: 'they are not',
    doc: 'whether calls are shared among the hosts instead: in turn, or at random',
  }),
  backoff: flag({
    default: false,
    doc: 'whether a host that has failed is left out for a while, where calls are shared',
  }),
  maxBackoff: duration({ default: '30s', doc: 'how long it is left out at most' }),
  maxAttempts: count({
    min: 1,
    absent: 'as many as there are',
    doc: 'how many hosts a call tries before it fails, where calls are not shared',
  }),
  compression: oneOf(['none', 'deflate'], { absent: 'none', doc: 'whether what is sent is compressed' }),
  compressionLevel: count({ min: 0, max: 9, absent: '6', doc: 'how hard it is compressed, from 0 (not at all) to 9' }),
  tls: object(CLIENT_TLS_OPTIONS, {
    expected: 'settings of TLS such as { ca }',
    absent: 'without TLS',
    doc: 'settings of TLS, for a server that speaks it',
  }),
  batchSize: count({ min: 1, default: 100, unit: 'events', doc: 'events per request; larger batches are cut' }),
  requestTimeout: duration({ default: '20s', doc: 'how long an answer is waited for' }),
  connectTimeout: duration({ default: '20s', doc: 'for connecting and the handshake' }),
} satisfies OptionTable<RpcClientOptions>;

/**
 * A connected client. Calls may overlap: to flumeStream they are pipelined, to a real Flume sent one by one in order,
 * since it would run pipelined ones out of order. After a failure the next call connects again.
 *
 * @example
 * const client = await RpcClient.connect({ hosts: ['127.0.0.1:41414'] });
 * await client.append({ body: 'hello' }); // resolves when the other side has acknowledged
 * await client.close();
 */
export class RpcClient {
  readonly #batchSize: number;
  readonly #calls: Calls;

  private constructor(options: RpcClientOptions) {
    const resolved = resolveOptions('RpcClient.connect', RPC_CLIENT_OPTIONS, options);
    this.#batchSize = resolved.batchSize;
    this.#calls = callsOf(resolved);
  }

  /**
   * Connects to the first host that answers.
   * @throws StreamjobError CONFIG_INVALID, CONNECT_FAILED, REQUEST_TIMEOUT, HANDSHAKE_FAILED
   */
  static async connect(options: RpcClientOptions): Promise<RpcClient> {
    const client = new RpcClient(options);
    await client.#calls.connect();
    return client;
  }

  /**
   * Sends one event; resolves when the other side has acknowledged it.
   * @throws StreamjobError RPC_REJECTED, RPC_ERROR, REQUEST_TIMEOUT, CONNECT_FAILED, CONNECTION_CLOSED: the event may have arrived or not, send it again
   */
  append(event: EventInit): Promise<void> {
    return this.#calls.call({ message: 'append', params: encodeAppend(plainEvent(event)) });
  }

  /**
   * Sends events in requests of `batchSize`; resolves when all are acknowledged. After an error some of them may have arrived.
   * @throws StreamjobError as {@link RpcClient.append}
   */
  async appendBatch(events: readonly EventInit[]): Promise<void> {
    const calls: Promise<void>[] = [];
    for (let at = 0; at < events.length; at += this.#batchSize) {
      const batch: PlainEvent[] = events.slice(at, at + this.#batchSize).map(plainEvent);
      calls.push(this.#calls.call({ message: 'appendBatch', params: encodeAppendBatch(batch) }));
    }
    const results = await Promise.allSettled(calls);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /** Waits for the calls under way and closes the connection. */
  async close(): Promise<void> {
    await this.#calls.close();
  }
}

function callsOf({
  backoff,
  balance,
  maxAttempts,
  maxBackoff,
  ...options
}: Resolved<typeof RPC_CLIENT_OPTIONS>): Calls {
  const hosts = options.hosts.map(parseHost);
  if (balance === undefined) return new FailoverCalls(hosts, options, maxAttempts ?? hosts.length);
  if (hosts.length < 2)
    throw invalid('a load that is balanced needs at least two hosts', 'name more hosts, or leave balance out');
  return new BalancedCalls(
    hosts.map((host) => new FailoverCalls([host], options)),
    { clock: systemClock, isRandom: balance === 'random', mostOutMs: backoff ? maxBackoff : undefined },
  );
}

function parseHost(text: string): HostAndPort {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text.trim());
  const port = Number(match?.[3]);
  if (match === null || port > 65_535)
    throw invalid(
      `this is no host with its port: ${JSON.stringify(text)}`,
      "write 'host:port', e.g. '127.0.0.1:41414' or '[::1]:41414'",
    );
  return { host: match[1] ?? match[2] ?? '', port };
}

function invalid(message: string, hint: string): StreamjobError {
  return new StreamjobError('CONFIG_INVALID', `RpcClient: ${message}`, { hint });
}
