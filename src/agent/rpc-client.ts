/** A client for programs: sends events to a Flume Avro source or to flumeStream. Flume has one for the JVM only. */
import { encodeAppend, encodeAppendBatch } from '../avro/protocols/flume.ts';
import { systemClock } from '../core/clock.ts';
import { messageOf, StreamjobError, systemCodeOf } from '../core/errors.ts';
import { type EventInit, type PlainEvent, plainEvent } from '../core/event.ts';
import { readHostPort } from '../core/host-port.ts';
import { fs } from '../core/machine.ts';
import { type Resolved, resolveOptions } from '../core/options.ts';
import { BalancedCalls } from './rpc-client/balanced.ts';
import { type Calls, FailoverCalls, type HostAndPort } from './rpc-client/failover.ts';
import { RPC_CLIENT_OPTIONS, type RpcClientOptions } from './rpc-client/options.ts';
import { clientOptions } from './rpc-client/properties.ts';

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
   * Connects as a properties file of Flume's SDK says, which `flume-ng avro-client -P` takes too.
   * @param file its path
   * @throws StreamjobError FILE_NOT_FOUND, FILE_ACCESS, CONFIG_INVALID (all mistakes with their lines), TLS_INVALID, and as {@link RpcClient.connect}
   * @example await RpcClient.fromProperties('client.properties') // hosts = h1 h2, hosts.h1 = collector1:41414, …
   */
  static async fromProperties(file: string): Promise<RpcClient> {
    return await RpcClient.connect(clientOptions(await readProperties(file), file));
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
  const address = readHostPort(text);
  if (address !== undefined) return address;
  throw invalid(
    `this is no host with its port: ${JSON.stringify(text)}`,
    "write 'host:port', e.g. '127.0.0.1:41414' or '[::1]:41414'",
  );
}

function invalid(message: string, hint: string): StreamjobError {
  return new StreamjobError('CONFIG_INVALID', `RpcClient: ${message}`, { hint });
}

async function readProperties(file: string): Promise<string> {
  try {
    return await fs.readFile(file, 'latin1');
  } catch (cause) {
    const missing = systemCodeOf(cause) === 'ENOENT';
    throw new StreamjobError(missing ? 'FILE_NOT_FOUND' : 'FILE_ACCESS', `cannot read ${file}: ${messageOf(cause)}`, {
      where: file,
      hint: 'give the path of a properties file with the hosts',
      cause,
    });
  }
}
