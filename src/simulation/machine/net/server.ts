/** A server of Node's `net`, on the simulated network; it listens on a port of its host, or on a Unix socket of its disk. */
import { EventEmitter } from 'node:events';
import type { DiskView } from '../disk/view.ts';
import { networkError, type SystemCode } from '../errors.ts';
import type { Endpoint, NetProcess } from './endpoint.ts';
import type { Listener } from './listeners.ts';
import type { SimNetwork } from './network.ts';
import { SimSocket, type SocketOptions } from './socket.ts';

/** Where a server is to listen, as Node's options. */
export interface ListenOptions {
  readonly port?: number | undefined;
  readonly host?: string | undefined;
  readonly path?: string | undefined;
}

/** What a process needs to use the network. */
export interface NetParts {
  readonly process: NetProcess;
  readonly network: SimNetwork;
  /** The process's disk, where the names of Unix sockets are. */
  readonly view: DiskView;
}

type BoundTo = { readonly address: string; readonly port: number } | { readonly path: string };

/** Addresses that mean all of a host's. */
const ALL = new Set(['0.0.0.0', '::', '']);

/** A server. */
export class SimServer extends EventEmitter {
  readonly #parts: NetParts;
  readonly #options: SocketOptions;
  readonly #listener: Listener;
  readonly #sockets = new Set<SimSocket>();
  #bound: BoundTo | undefined;
  #closing = false;
  #stopWatching: () => void = () => {};
  maxConnections: number | undefined;

  constructor(parts: NetParts, options: SocketOptions, onConnection?: (socket: SimSocket) => void) {
    super();
    this.#parts = parts;
    this.#options = options;
    this.#listener = { process: parts.process, accept: (endpoint) => this.#accept(endpoint) };
    if (onConnection !== undefined) this.on('connection', onConnection);
  }

  get listening(): boolean {
    return this.#bound !== undefined;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  address(): string | { address: string; port: number; family: string } | null {
    const bound = this.#bound;
    if (bound === undefined) return null;
    return 'path' in bound ? bound.path : { ...bound, family: 'IPv4' };
  }

  /** `listen(port, host, backlog, callback)`, `listen(path, callback)` or `listen(options, callback)`; all but the first may be left out. */
  listen(where: number | string | ListenOptions, ...more: readonly unknown[]): this {
    const callback = more.find((each) => typeof each === 'function') as (() => void) | undefined;
    if (callback !== undefined) this.once('listening', callback);
    const host = typeof more[0] === 'string' ? more[0] : undefined;
    // A process that was killed in this event runs on to its end: nobody would ever take away what it binds now.
    if (!this.#parts.process.alive) return this;
    const options =
      typeof where === 'number' ? { port: where, host } : typeof where === 'string' ? { path: where } : where;
    const failure = options.path === undefined ? this.#bindPort(options) : this.#bindPath(options.path);
    this.#parts.process.soon(() => {
      if (failure !== undefined) this.emit('error', failure);
      else if (this.#bound !== undefined) this.emit('listening');
    });
    return this;
  }

  close(callback?: (error?: Error) => void): this {
    const bound = this.#bound;
    if (callback !== undefined) {
      const missing = Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
      this.once('close', () => callback(bound === undefined ? missing : undefined));
    }
    this.#stopListening();
    if (bound !== undefined && 'path' in bound) this.#removeName(bound.path);
    this.#closing = true;
    this.#closedWhenDrained();
    return this;
  }

  getConnections(callback: (error: Error | null, count: number) => void): this {
    this.#parts.process.soon(() => callback(null, this.#sockets.size));
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  #bindPort({ port = 0, host = '' }: ListenOptions): Error | undefined {
    const { process, network } = this.#parts;
    const local = network.find(host, process.host) === process.host;
    if (!ALL.has(host) && !local) return networkError('EADDRNOTAVAIL', 'listen', { address: host, port });
    const name = host === 'localhost' || host.startsWith('127.') ? '127.0.0.1' : process.host.address;
    const address = ALL.has(host) ? undefined : name;
    const got = network.listeners.add(this.#listener, address, port);
    const shown = address ?? '0.0.0.0';
    if (got === undefined) return networkError('EADDRINUSE', 'listen', { address: shown, port });
    this.#begun({ address: shown, port: got });
    return undefined;
  }

  #bindPath(path: string): Error | undefined {
    const { view } = this.#parts;
    try {
      view.disk.system.bind(view.place(path), this.#listener);
    } catch (error) {
      const { code } = error as { code: SystemCode };
      return networkError(code, 'listen', { address: path });
    }
    this.#begun({ path });
    return undefined;
  }

  #begun(bound: BoundTo): void {
    this.#bound = bound;
    this.#closing = false;
    this.#stopWatching = this.#parts.process.onEnd(() => this.#stopListening());
  }

  #stopListening(): void {
    if (this.#bound === undefined) return;
    this.#bound = undefined;
    this.#stopWatching();
    const { network, view } = this.#parts;
    network.listeners.remove(this.#listener);
    view.disk.system.unbind(this.#listener);
  }

  /** By the name that it was bound to, as libuv does it: that may lead nowhere by now. */
  #removeName(path: string): void {
    const { view } = this.#parts;
    try {
      view.disk.system.unlink(view.place(path));
    } catch {
      // It is gone already.
    }
  }

  #accept(endpoint: Endpoint): void {
    const { process } = this.#parts;
    const socket = new SimSocket(process, this.#options);
    socket.attach(endpoint, true);
    // It came after the server was closed, or is one too many.
    if (this.#bound === undefined || this.#sockets.size >= (this.maxConnections ?? Number.POSITIVE_INFINITY)) {
      socket.resetAndDestroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#closedWhenDrained();
    });
    socket.begin(this.#options.pauseOnConnect === true);
    this.emit('connection', socket);
  }

  #closedWhenDrained(): void {
    if (!this.#closing || this.#sockets.size > 0) return;
    this.#closing = false;
    this.#parts.process.soon(() => this.emit('close'));
  }
}
