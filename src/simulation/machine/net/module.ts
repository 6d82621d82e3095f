/** Node's `net` for one process of a simulation: what src/ uses of it. */
import realNet from 'node:net';
import { onlyKnown } from '../disk/promises.ts';
import { networkError, type SystemCode } from '../errors.ts';
import type { Listener } from './listeners.ts';
import { type NetParts, SimServer } from './server.ts';
import { SimSocket, type SocketOptions } from './socket.ts';

/** Where to connect to, as Node's options. */
type ConnectOptions = SocketOptions & {
  readonly port?: number;
  readonly host?: string;
  readonly path?: string;
  readonly timeout?: number;
};

/** The module as Node's: what is not simulated throws. */
export function simulatedNet(parts: NetParts): typeof realNet {
  const connect = (where: number | string | ConnectOptions, ...more: readonly unknown[]): SimSocket => {
    const host = typeof more[0] === 'string' ? more[0] : 'localhost';
    const options: ConnectOptions =
      typeof where === 'number' ? { port: where, host } : typeof where === 'string' ? { path: where } : where;
    const socket = new SimSocket(parts.process, options);
    const callback = more.find((each) => typeof each === 'function');
    if (callback !== undefined) socket.once('connect', callback as () => void);
    if (options.timeout !== undefined) socket.setTimeout(options.timeout);
    if (options.path === undefined) connectPort(parts, socket, options.host ?? 'localhost', options.port ?? 0);
    else connectPath(parts, socket, options.path);
    return socket;
  };
  const createServer = (
    options: SocketOptions | ((socket: SimSocket) => void) = {},
    onConnection?: (socket: SimSocket) => void,
  ): SimServer =>
    typeof options === 'function' ? new SimServer(parts, {}, options) : new SimServer(parts, options, onConnection);
  const { isIP, isIPv4, isIPv6 } = realNet;
  const module = { connect, createConnection: connect, createServer, isIP, isIPv4, isIPv6, Socket: SimSocket };
  return onlyKnown(module, 'net') as unknown as typeof realNet;
}

function connectPort({ process, network }: NetParts, socket: SimSocket, name: string, port: number): void {
  const to = network.find(name, process.host);
  if (to === undefined) {
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), {
      ...{ errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: name },
    });
    process.soon(() => socket.failed(error));
    return;
  }
  const local = to === process.host && name !== to.name && name !== to.address;
  const where = { address: local ? '127.0.0.1' : to.address, port };
  socket.opening(
    network.connect(process, to, where, (outcome) => {
      if (typeof outcome === 'string') socket.failed(networkError(outcome, 'connect', where));
      else socket.attach(outcome, false);
    }),
  );
}

function connectPath({ process, network, view }: NetParts, socket: SimSocket, path: string): void {
  const fail = (code: SystemCode): void =>
    process.soon(() => socket.failed(networkError(code, 'connect', { address: path })));
  socket.opening(() => {});
  try {
    const node = view.disk.system.find(view.place(path), 'connect');
    const listener = node.kind === 'socket' ? (node.listener as Listener | undefined) : undefined;
    if (listener === undefined) fail('ECONNREFUSED');
    else network.connectLocally(process, listener, path, (endpoint) => socket.attach(endpoint, false));
  } catch (error) {
    fail((error as { code: SystemCode }).code);
  }
}
