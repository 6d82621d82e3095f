/**
 * An Avro RPC server over Netty framing, the kind that Flume's Avro source and Spark's sink are. It takes off TLS and
 * compression, answers handshakes and pings, and hands every other request to its owner, who may answer when it likes
 * and in any order. Whatever a peer sends, the others go on: a bad connection is closed with one log line.
 */
import net from 'node:net';
import { type Clock, systemClock } from '../core/clock.ts';
import { listenError, StreamjobError } from '../core/errors.ts';
import { type Logger, silentLogger } from '../core/log.ts';
import { MemoryBudget } from './budget.ts';
import { DEFAULT_MAX_FRAME_BYTES } from './frames.ts';
import { HandshakeTable } from './handshake.ts';
import { ipFilter } from './ip-filter.ts';
import { acceptLayers, type Compression, type ServerTls, secureContext } from './layers.ts';
import type { RpcProtocol } from './protocols/protocol.ts';
import { ServerConnection } from './server-connection.ts';

/** One call of a peer. Exactly one of `reply` and `fail` is to be called; on a closed connection they do nothing. */
export interface RpcRequest {
  readonly message: string;
  /** The Avro-encoded parameters as they came. */
  readonly params: Buffer;
  readonly connection: RpcConnection;
  /** Answers with an Avro-encoded result. */
  reply(result: Buffer): void;
  /** Answers with an error of the RPC itself. */
  fail(errorText: string): void;
}

/** The connection a call came on. */
export interface RpcConnection {
  readonly id: number;
  /** `address:port` of the peer. */
  readonly remote: string;
  readonly closed: boolean;
  /** Calls `listener` when the connection closes; returns how to take it back. */
  onClose(listener: () => void): () => void;
  /** Closes it, with `reason` in the log. */
  close(reason: string): void;
}

/** What a server needs. */
export interface AvroRpcServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly protocol: RpcProtocol;
  readonly onRequest: (request: RpcRequest) => void;
  /** Who listens, for errors and logs. */
  readonly owner: string;
  readonly log?: Logger | undefined;
  readonly clock?: Clock | undefined;
  /** Default 'auto': both plain and compressed peers. */
  readonly compression?: Compression | undefined;
  /** When given, peers must speak TLS. */
  readonly tls?: ServerTls | undefined;
  /** Flume's rules: `allow|deny:ip|name:pattern`, comma separated. */
  readonly ipFilter?: string | undefined;
  /** The largest request, in bytes. Default 64 MiB. */
  readonly maxFrameBytes?: number | undefined;
  /** Whether requests lie in memory that other threads can see. Default: no. */
  readonly shared?: boolean | undefined;
  /** Bytes for requests that have not arrived whole, over all connections. Default 256 MiB. */
  readonly maxPartialBytes?: number | undefined;
  /** A request must arrive whole within this many ms of its first byte. Default 20,000: then Flume has given it up. */
  readonly frameTimeoutMs?: number | undefined;
  /** Requests in flight on one connection, after which it is not read. Default 1000. */
  readonly pipeline?: number | undefined;
}

const DEFAULT_MAX_PARTIAL_BYTES = 256 * 1024 * 1024;
const DEFAULT_FRAME_TIMEOUT_MS = 20_000;
const DEFAULT_PIPELINE = 1000;
/** As Flume's own server. */
const LISTEN_BACKLOG = 1024;

/**
 * The server.
 *
 * @example
 * const server = await AvroRpcServer.listen({
 *   host: '127.0.0.1', port: 0, protocol: flumeProtocol, owner: 'example',
 *   onRequest: (request) => request.reply(encodeStatus('OK')),
 * });
 */
export class AvroRpcServer {
  readonly #server: net.Server;
  readonly #connections = new Set<ServerConnection>();
  readonly #budget: MemoryBudget;
  #reading = true;

  private constructor(options: AvroRpcServerOptions) {
    const log = options.log ?? silentLogger;
    const filter = options.ipFilter === undefined || options.ipFilter === '' ? undefined : ipFilter(options.ipFilter);
    const pipeline = options.pipeline ?? DEFAULT_PIPELINE;
    const handshakes = new HandshakeTable(options.protocol, pipeline);
    const context = options.tls === undefined ? undefined : secureContext(options.tls);
    const rules = {
      tls: context,
      tlsOptions: options.tls,
      compression: options.compression ?? 'auto',
    } as const;
    this.#budget = new MemoryBudget(options.maxPartialBytes ?? DEFAULT_MAX_PARTIAL_BYTES);
    const settings = {
      handshakes,
      pipeline,
      log,
      budget: this.#budget,
      protocol: options.protocol,
      onRequest: options.onRequest,
      clock: options.clock ?? systemClock,
      maxFrameBytes: options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES,
      shared: options.shared === true,
      frameTimeoutMs: options.frameTimeoutMs ?? DEFAULT_FRAME_TIMEOUT_MS,
    };
    this.#server = net.createServer({ noDelay: true, keepAlive: true, pauseOnConnect: true }, (socket) => {
      void this.#accept(socket, filter, log, () => {
        const connection = new ServerConnection(socket, settings);
        this.#connections.add(connection);
        connection.onClose(() => this.#connections.delete(connection));
        if (!this.#reading) connection.pauseReading();
        acceptLayers(
          socket,
          rules,
          (stream) => connection.open(stream),
          (reason) => connection.close(reason),
        );
      });
    });
  }

  /**
   * Opens the port.
   * @throws StreamjobError PORT_IN_USE, LISTEN_FAILED, TLS_INVALID, CONFIG_INVALID (IP filter)
   */
  static async listen(options: AvroRpcServerOptions): Promise<AvroRpcServer> {
    const server = new AvroRpcServer(options);
    const { host, port } = options;
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', (error) => reject(listenError(error, `${host}:${port}`, options.owner)));
      server.#server.listen({ host, port, backlog: LISTEN_BACKLOG }, resolve);
    });
    return server;
  }

  async #accept(
    socket: net.Socket,
    filter: ReturnType<typeof ipFilter> | undefined,
    log: Logger,
    go: () => void,
  ): Promise<void> {
    // Whatever happens before the layers listen for it must not end the process.
    socket.on('error', () => socket.destroy());
    const address = socket.remoteAddress;
    if (address === undefined) return socket.destroy() && undefined;
    if (filter !== undefined && !(await filter(address, socket.remotePort ?? 0))) {
      log.warn({ peer: `${address}:${socket.remotePort}` }, 'connection closed: the IP filter denies it');
      socket.destroy();
      return;
    }
    if (!socket.destroyed) go();
  }

  /** The address that it listens on, with the real port. */
  get address(): { readonly host: string; readonly port: number } {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') {
      throw new StreamjobError('CONNECTION_CLOSED', 'the server does not listen any more');
    }
    return { host: address.address, port: address.port };
  }

  /** How many connections are open. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Bytes held for requests that have not arrived whole. */
  get partialBytes(): number {
    return this.#budget.used;
  }

  /** Stops reading from all connections; what was received is still answered. TCP then slows the peers down. */
  pauseReading(): void {
    this.#reading = false;
    for (const connection of this.#connections) connection.pauseReading();
  }

  /** Goes on reading. */
  resumeReading(): void {
    this.#reading = true;
    for (const connection of this.#connections) connection.resumeReading();
  }

  /** Takes no more connections; those that are open live on until `close`. */
  stopAccepting(): void {
    this.#server.close();
  }

  /** Closes the port and all connections, after the answers that were given have been written. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all([...this.#connections].map((connection) => connection.end()));
    await closed;
  }
}
