/** A client for programs: sends events to a Flume Avro source or to flumeStream. Flume has one for the JVM only. */
import { AvroRpcClient } from '../avro/client.ts';
import { type ClientTls, TLS_VERSIONS } from '../avro/layers.ts';
import { decodeStatus, encodeAppend, encodeAppendBatch, flumeProtocol } from '../avro/protocols/flume.ts';
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
import { requireOk } from './sinks/avro/burst.ts';

/** How a client is made. */
export interface RpcClientOptions {
  /** `host:port` of one Avro source, or of several: the first that answers is used until it fails, then the next. */
  readonly hosts: readonly string[];
  /** Whether what is sent is compressed. Default: none. */
  readonly compression?: 'none' | 'deflate' | undefined;
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
  compression: oneOf(['none', 'deflate'], { absent: 'none', doc: 'whether what is sent is compressed' }),
  tls: object(CLIENT_TLS_OPTIONS, {
    expected: 'settings of TLS such as { ca }',
    absent: 'without TLS',
    doc: 'settings of TLS, for a server that speaks it',
  }),
  batchSize: count({ min: 1, default: 100, unit: 'events', doc: 'events per request; larger batches are cut' }),
  requestTimeout: duration({ default: '20s', doc: 'how long an answer is waited for' }),
  connectTimeout: duration({ default: '20s', doc: 'for connecting and the handshake' }),
} satisfies OptionTable<RpcClientOptions>;

interface Job {
  readonly message: 'append' | 'appendBatch';
  readonly params: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const MAX_IN_FLIGHT = 1000;

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
  readonly #options: Resolved<typeof RPC_CLIENT_OPTIONS>;
  readonly #hosts: readonly { readonly host: string; readonly port: number }[];
  readonly #queue: Job[] = [];
  #host = 0;
  #client: AvroRpcClient | undefined;
  #connecting: Promise<AvroRpcClient> | undefined;
  #inFlight = 0;
  #closed = false;
  #idle: (() => void)[] = [];

  private constructor(options: RpcClientOptions) {
    this.#options = resolveOptions('RpcClient.connect', RPC_CLIENT_OPTIONS, options);
    this.#hosts = this.#options.hosts.map(parseHost);
  }

  /**
   * Connects to the first host that answers.
   * @throws StreamjobError CONFIG_INVALID, CONNECT_FAILED, REQUEST_TIMEOUT, HANDSHAKE_FAILED
   */
  static async connect(options: RpcClientOptions): Promise<RpcClient> {
    const client = new RpcClient(options);
    let failure: unknown;
    for (let attempt = 0; attempt < client.#hosts.length; attempt++) {
      try {
        await client.#connected();
        return client;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /**
   * Sends one event; resolves when the other side has acknowledged it.
   * @throws StreamjobError RPC_REJECTED, RPC_ERROR, REQUEST_TIMEOUT, CONNECT_FAILED, CONNECTION_CLOSED: the event may have arrived or not, send it again
   */
  append(event: EventInit): Promise<void> {
    return this.#enqueue('append', encodeAppend(plainEvent(event)));
  }

  /**
   * Sends events in requests of `batchSize`; resolves when all are acknowledged. After an error some of them may have arrived.
   * @throws StreamjobError as {@link RpcClient.append}
   */
  async appendBatch(events: readonly EventInit[]): Promise<void> {
    const size = this.#options.batchSize;
    const calls: Promise<void>[] = [];
    for (let at = 0; at < events.length; at += size) {
      const batch: PlainEvent[] = events.slice(at, at + size).map(plainEvent);
      calls.push(this.#enqueue('appendBatch', encodeAppendBatch(batch)));
    }
    const results = await Promise.allSettled(calls);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /** Waits for the calls under way and closes the connection. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#inFlight > 0 || this.#queue.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#client?.close();
  }

  #enqueue(message: Job['message'], params: Buffer): Promise<void> {
    if (this.#closed) return Promise.reject(new StreamjobError('CONNECTION_CLOSED', 'the client was closed'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ message, params, resolve, reject });
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#inFlight < Math.min(this.#client?.pipeline ?? 1, MAX_IN_FLIGHT)) {
      const job = this.#queue.shift();
      if (job === undefined) break;
      this.#inFlight++;
      void this.#send(job)
        .then(job.resolve, job.reject)
        .finally(() => {
          this.#inFlight--;
          this.#pump();
        });
    }
    if (this.#inFlight === 0 && this.#queue.length === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Tries each host once, beginning with the one in use. */
  async #send({ message, params }: Job): Promise<void> {
    let failure: unknown;
    for (let attempt = 0; attempt < this.#hosts.length; attempt++) {
      let client: AvroRpcClient | undefined;
      try {
        client = await this.#connected();
        const result = await client.call(message, params, this.#options.requestTimeout);
        return requireOk(decodeStatus(result), client.remote);
      } catch (error) {
        failure = error;
        if (client !== undefined && client === this.#client) await this.#leave(client);
      }
    }
    throw failure;
  }

  async #connected(): Promise<AvroRpcClient> {
    // A server may close an idle connection; that is no reason for another host.
    if (this.#client?.closed === true) this.#client = undefined;
    if (this.#client !== undefined) return this.#client;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  async #connect(): Promise<AvroRpcClient> {
    const { host, port } = this.#hosts[this.#host] ?? { host: '', port: 0 };
    const { compression, tls, connectTimeout } = this.#options;
    try {
      this.#client = await AvroRpcClient.connect({
        host,
        port,
        protocol: flumeProtocol,
        compression,
        tls,
        connectTimeout,
      });
      return this.#client;
    } catch (error) {
      this.#nextHost();
      throw error;
    }
  }

  async #leave(client: AvroRpcClient): Promise<void> {
    this.#client = undefined;
    this.#nextHost();
    await client.close();
  }

  #nextHost(): void {
    this.#host = (this.#host + 1) % this.#hosts.length;
  }
}

function parseHost(text: string): { host: string; port: number } {
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
