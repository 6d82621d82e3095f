/** Calls to one Flume Avro source at a time: to the first of several hosts that answers, until it fails, then to the next. */
import { AvroRpcClient } from '../../avro/client.ts';
import type { ClientTls } from '../../avro/layers.ts';
import { decodeStatus, flumeProtocol } from '../../avro/protocols/flume.ts';
import { StreamjobError } from '../../core/errors.ts';
import { requireOk } from '../sinks/avro/burst.ts';

/** A host with its port. */
export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/** How hosts are called. */
export interface CallOptions {
  readonly compression?: 'none' | 'deflate' | undefined;
  readonly compressionLevel?: number | undefined;
  readonly tls?: ClientTls | undefined;
  /** In ms. */
  readonly requestTimeout: number;
  /** In ms. */
  readonly connectTimeout: number;
}

/** Events, encoded. */
export interface Call {
  readonly message: 'append' | 'appendBatch';
  readonly params: Buffer;
}

/** Where calls go. */
export interface Calls {
  /** Makes a connection. @throws StreamjobError CONNECT_FAILED, REQUEST_TIMEOUT, HANDSHAKE_FAILED */
  connect(): Promise<void>;
  /** Resolves when the other side has acknowledged. @throws StreamjobError as of {@link RpcClient.append} */
  call(call: Call): Promise<void>;
  /** Waits for the calls under way and closes the connections. */
  close(): Promise<void>;
}

interface Job extends Call {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const MAX_IN_FLIGHT = 1000;

/** Calls that go to one host at a time. They are pipelined where the host takes that, else sent one by one in order. */
export class FailoverCalls implements Calls {
  readonly #options: CallOptions;
  readonly #hosts: readonly HostAndPort[];
  /** How many hosts a call tries. */
  readonly #attempts: number;
  readonly #queue: Job[] = [];
  #host = 0;
  #client: AvroRpcClient | undefined;
  #connecting: Promise<AvroRpcClient> | undefined;
  #inFlight = 0;
  #closed = false;
  #idle: (() => void)[] = [];

  constructor(hosts: readonly HostAndPort[], options: CallOptions, attempts: number = hosts.length) {
    this.#hosts = hosts;
    this.#options = options;
    this.#attempts = attempts;
  }

  async connect(): Promise<void> {
    let failure: unknown;
    for (let attempt = 0; attempt < this.#hosts.length; attempt++) {
      try {
        await this.#connected();
        return;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  call({ message, params }: Call): Promise<void> {
    if (this.#closed) return Promise.reject(new StreamjobError('CONNECTION_CLOSED', 'the client was closed'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ message, params, resolve, reject });
      this.#pump();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#inFlight > 0 || this.#queue.length > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#client?.close();
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

  /** Tries one host after the other, beginning with the one in use. */
  async #send({ message, params }: Job): Promise<void> {
    let failure: unknown;
    for (let attempt = 0; attempt < this.#attempts; attempt++) {
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
    const { compression, compressionLevel, tls, connectTimeout } = this.#options;
    try {
      this.#client = await AvroRpcClient.connect({
        host,
        port,
        protocol: flumeProtocol,
        compression,
        ...(compressionLevel === undefined ? {} : { compressionLevel }),
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
