/**
 * An Avro RPC server over Netty framing, the kind that Flume's Avro source and Spark's sink are. It takes off TLS and
 * compression, answers handshakes and pings, and hands every other request to its owner, who may answer when it likes
 * and in any order. Whatever a peer sends, the others go on: a bad connection is closed with one log line.
 */
import type { Server, Socket } from 'node:net';
import { type Clock, systemClock, type Timer } from '../core/clock.ts';
import { listenError, messageOf, StreamjobError } from '../core/errors.ts';
import { type Logger, silentLogger } from '../core/log.ts';
import { net } from '../core/machine.ts';
import { MemoryBudget } from './budget.ts';
import { ConnectionTable } from './connection-table.ts';
import { DEFAULT_MAX_FRAME_BYTES } from './frames.ts';
import { HandshakeTable } from './handshake.ts';
import { type IpFilter, ipFilter } from './ip-filter.ts';
import { acceptLayers, type Compression, type LayerRules, type ServerTls, secureContext } from './layers.ts';
import type { RpcProtocol } from './protocols/protocol.ts';
import type { RpcRequest } from './rpc-request.ts';
import { type ConnectionSettings, ServerConnection } from './server-connection.ts';
import { Turns } from './turns.ts';

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
  /** A request must arrive whole within this many ms of its first byte, and answers must be read. Default 20,000: then Flume has given it up. */
  readonly frameTimeoutMs?: number | undefined;
  /** The handshake must be through within this many ms of the connect, with TLS and all. Default 20,000, Flume's connect-timeout. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** A connection that has been quiet for so many ms is closed; 0 (the default): not while there is room. */
  readonly idleTimeoutMs?: number | undefined;
  /** Connections in all. Default 2000. */
  readonly maxConnections?: number | undefined;
  /** Connections of one address. Default 500. */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** For tests: how many file descriptors are free. By default those of the process. */
  readonly freeDescriptors?: (() => number) | undefined;
  /** Requests in flight on one connection, after which it is not read. Default 1000. */
  readonly pipeline?: number | undefined;
}

export const DEFAULT_MAX_PARTIAL_BYTES: number = 256 * 1024 * 1024;
/** What Node reads of a socket that is not read on: one piece. */
const READ_AHEAD_BYTES = 64 * 1024;
const DEFAULT_FRAME_TIMEOUT_MS = 20_000;
export const DEFAULT_HANDSHAKE_TIMEOUT_MS: number = 20_000;
export const DEFAULT_MAX_CONNECTIONS: number = 2000;
export const DEFAULT_MAX_CONNECTIONS_PER_ADDRESS: number = 500;
/** A machine that is gone says nothing: after so long a silence the operating system asks it ten times, each second. In ms. */
const KEEP_ALIVE_AFTER_MS = 60_000;
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
  readonly #server: Server;
  readonly #connections: ConnectionTable<ServerConnection>;
  readonly #budget: MemoryBudget;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #filter: IpFilter | undefined;
  #accepted = 0;
  #reading = true;
  #sweep: Timer | undefined;

  private constructor(options: AvroRpcServerOptions) {
    this.#log = options.log ?? silentLogger;
    this.#clock = options.clock ?? systemClock;
    this.#filter = options.ipFilter === undefined || options.ipFilter === '' ? undefined : ipFilter(options.ipFilter);
    const rules = {
      tls: options.tls === undefined ? undefined : secureContext(options.tls),
      tlsOptions: options.tls,
      compression: options.compression ?? 'auto',
    } as const;
    this.#budget = new MemoryBudget(
      options.maxPartialBytes ?? DEFAULT_MAX_PARTIAL_BYTES,
      this.#clock,
      READ_AHEAD_BYTES,
    );
    const limits = {
      maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
      maxConnectionsPerAddress: options.maxConnectionsPerAddress ?? DEFAULT_MAX_CONNECTIONS_PER_ADDRESS,
      freeDescriptors: options.freeDescriptors,
    };
    this.#connections = new ConnectionTable(limits, this.#clock, this.#log);
    const settings = this.#connectionSettings(options);
    const keepAlive = { keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS };
    // Half open: what a peer sent before it ended its side is heard first, also when reading has stopped.
    const halfOpen = { allowHalfOpen: true, pauseOnConnect: true };
    this.#server = net.createServer({ noDelay: true, ...keepAlive, ...halfOpen }, (socket) => {
      void this.#accept(socket, settings, rules);
    });
    const { idleTimeoutMs = 0 } = options;
    if (idleTimeoutMs > 0) this.#sweepLater(idleTimeoutMs);
  }

  #connectionSettings(options: AvroRpcServerOptions): ConnectionSettings {
    const pipeline = options.pipeline ?? DEFAULT_PIPELINE;
    return {
      pipeline,
      handshakes: new HandshakeTable(options.protocol, pipeline),
      log: this.#log,
      clock: this.#clock,
      budget: this.#budget,
      turns: new Turns(),
      protocol: options.protocol,
      onRequest: options.onRequest,
      maxFrameBytes: options.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES,
      shared: options.shared === true,
      frameTimeoutMs: options.frameTimeoutMs ?? DEFAULT_FRAME_TIMEOUT_MS,
      handshakeTimeoutMs: options.handshakeTimeoutMs ?? DEFAULT_HANDSHAKE_TIMEOUT_MS,
    };
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
    }).catch((error: unknown) => {
      server.#sweep?.cancel();
      throw error;
    });
    // An error while it accepts (no descriptor is left) must not end the process.
    server.#server.on('error', (error) =>
      server.#log.error({ err: error }, `${options.owner} cannot accept a connection: ${messageOf(error)}`),
    );
    return server;
  }

  async #accept(socket: Socket, settings: ConnectionSettings, rules: LayerRules): Promise<void> {
    // Whatever happens before the layers listen for it must not end the process.
    socket.on('error', () => socket.destroy());
    if (socket.remoteAddress === undefined) return void socket.destroy();
    this.#accepted++;
    const connection = new ServerConnection(socket, settings);
    if (!this.#connections.admit(connection)) return connection.drop();
    connection.onClose(() => this.#connections.remove(connection));
    if (!this.#reading) connection.pauseReading();
    const filter = this.#filter;
    if (filter !== undefined && !(await filter(connection.address, socket.remotePort ?? 0))) {
      this.#log.warn({ peer: connection.remote }, 'connection closed: the IP filter denies it');
      return connection.drop();
    }
    if (connection.closed) return;
    acceptLayers(
      socket,
      rules,
      (stream) => connection.open(stream),
      (reason) => connection.close(reason),
    );
  }

  /** Closes from time to time what has been quiet for too long. */
  #sweepLater(idleTimeoutMs: number): void {
    this.#sweep = this.#clock.after(Math.ceil(idleTimeoutMs / 4), () => {
      const limit = this.#clock.now() - idleTimeoutMs;
      for (const connection of this.#connections) {
        const { quietSince, connected } = connection;
        if (!connected || quietSince === undefined || quietSince > limit) continue;
        this.#log.info({ peer: connection.remote }, `connection closed: it was quiet for ${idleTimeoutMs} ms`);
        connection.drop();
      }
      this.#sweepLater(idleTimeoutMs);
    });
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

  /** How many connections there were since the start, also those that were refused. */
  get accepted(): number {
    return this.#accepted;
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

  /** Goes on reading. What a connection had read before may be too much at once, so that the owner stops reading before the others go on. */
  resumeReading(): void {
    this.#reading = true;
    for (const connection of this.#connections) {
      connection.resumeReading();
      if (!this.#reading) return;
    }
  }

  /** Takes no more connections; those that are open live on until `close`. */
  stopAccepting(): void {
    this.#server.close();
  }

  /** Closes the port and all connections, after the answers that were given have been written. */
  async close(): Promise<void> {
    this.#sweep?.cancel();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all([...this.#connections].map((connection) => connection.end()));
    await closed;
  }
}
