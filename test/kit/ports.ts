/** Free ports on the loopback. */
import { connect, createServer } from 'node:net';

/**
 * Below the range that systems take for outgoing connections. A peer that tries again and again to reach a port in that range on
 * which nobody listens is given the very port as its own one day, and is connected to itself.
 */
const FIRST = 20_000;
const COUNT = 10_000;

/** Test files that run at the same time have ports of their own: between the look at a port and its use another one would find it free, too. */
const POOLS = 8;
const POOL_COUNT: number = COUNT / POOLS;
const POOL_FIRST: number = FIRST + (Number(process.env['VITEST_POOL_ID'] ?? 0) % POOLS) * POOL_COUNT;

/** Those who asked here before may not listen yet. */
const given = new Set<number>();

/** A port on which nobody listens now, and that nobody in this process has been given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = POOL_FIRST + Math.floor(Math.random() * POOL_COUNT);
    if (given.has(port)) continue;
    given.add(port);
    if (await canListen(port)) return port;
  }
}

/** Whether somebody listens there. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
  });
}
