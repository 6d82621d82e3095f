/** A TCP server whose peers only send: each connection is served by one function, which is told when the source stops. */
import type { AddressInfo, Server, Socket } from 'node:net';
import type { ServerTls } from '../../../avro/layers.ts';
import type { Clock } from '../../../core/clock.ts';
import { listenError, messageOf } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { net, tls } from '../../../core/machine.ts';

/** How it listens. */
export interface TcpListenerOptions {
  /** undefined: every address of this machine. */
  readonly host: string | undefined;
  readonly port: number;
  /** For people: `source r1`. */
  readonly owner: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly tls?: ServerTls | undefined;
  /** More connections than that are closed as they come. */
  readonly maxConnections: number;
  /**
   * Reads a connection until its end. What it throws ends the connection, and is logged.
   * @param stopped aborts when the source stops
   */
  readonly serve: (socket: Socket, stopped: AbortSignal) => Promise<void>;
}

/** How long a connection may take to end by itself when the source stops, in ms. */
const LINGER_MS = 1000;

/** The server. */
export class TcpListener {
  readonly #options: TcpListenerOptions;
  readonly #stopped = new AbortController();
  readonly #connections = new Map<Socket, Promise<void>>();
  #server: Server | undefined;
  #refused = 0;

  constructor(options: TcpListenerOptions) {
    this.#options = options;
  }

  get connections(): number {
    return this.#connections.size;
  }

  get address(): { readonly host: string; readonly port: number } | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    return address === null || address === undefined ? undefined : { host: address.address, port: address.port };
  }

  /** @throws StreamjobError PORT_IN_USE, LISTEN_FAILED */
  async start(): Promise<void> {
    const { host, maxConnections, owner, port, tls: secret } = this.#options;
    const accept = (socket: Socket): void => this.#accept(socket);
    const server = secret === undefined ? net.createServer(accept) : tls.createServer({ ...secret }, accept);
    server.maxConnections = maxConnections;
    server.on('drop', () => this.#tellDrop());
    server.on('tlsClientError', (error: Error) => this.#ended(error));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, `${host ?? '*'}:${port}`, owner)));
      server.listen({ port, ...(host === undefined ? {} : { host }) }, () => resolve());
    });
    this.#server = server;
  }

  /** Takes no more connections, lets what was read reach the channels, and closes all. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    this.#stopped.abort();
    for (const socket of this.#connections.keys()) socket.destroySoon();
    const timer = this.#options.clock.after(LINGER_MS, () => {
      for (const socket of this.#connections.keys()) socket.destroy();
    });
    await Promise.all(this.#connections.values());
    await closed;
    timer.cancel();
  }

  #accept(socket: Socket): void {
    // A reset comes as an error of the reading; without a listener it would end the process.
    socket.on('error', () => {});
    const serving = this.#options
      .serve(socket, this.#stopped.signal)
      .catch((error: unknown) => this.#ended(error))
      .finally(() => {
        socket.destroy();
        this.#connections.delete(socket);
      });
    this.#connections.set(socket, serving);
  }

  #ended(error: unknown): void {
    const { log, owner } = this.#options;
    log.debug({ cause: messageOf(error) }, `${owner}: a connection ended`);
  }

  /** The first one is told, then each tenfold. */
  #tellDrop(): void {
    this.#refused++;
    const { log, maxConnections, owner } = this.#options;
    if (/^10*$/.test(String(this.#refused)))
      log.warn({ refused: this.#refused }, `${owner} has ${maxConnections} connections and takes no more`);
  }
}
