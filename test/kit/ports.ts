/** Free ports on the loopback. */
import { connect, createServer, type Server } from 'node:net';

/**
 * Below the range that systems take for outgoing connections. A peer that tries again and again to reach a port in that range on
 * which nobody listens is given the very port as its own one day, and is connected to itself.
 */
const FIRST = 20_000;

/**
 * Each process has ports of its own, of whatever run of vitest it is: between the look at a port and its use another process would find it
 * free, too. Who listens on the guard of a pool has the pool, until its process ends.
 */
const POOLS = 20;
const POOL_COUNT = 500;
const FIRST_GUARD: number = FIRST + POOLS * POOL_COUNT;

/** vitest loads this module anew for each test file, maybe in the same process: the process keeps what it has. */
interface Claim {
  readonly first: number;
  /** Those who asked here before may not listen yet. */
  readonly given: Set<number>;
}
const CLAIM = Symbol.for('streamjob.test.ports');
const ofProcess = globalThis as { [CLAIM]?: Promise<Claim> };

/** A port on which nobody listens now, and that nobody else will be given. */
export async function freePort(): Promise<number> {
  ofProcess[CLAIM] ??= claim();
  const { first, given } = await ofProcess[CLAIM];
  for (;;) {
    // After a few hundred tests the first ones are over.
    if (given.size === POOL_COUNT) given.clear();
    const port = first + Math.floor(Math.random() * POOL_COUNT);
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

async function claim(): Promise<Claim> {
  for (let pool = 0; pool < POOLS; pool++) {
    const guard = await listening(FIRST_GUARD + pool, '127.0.0.1');
    if (guard === undefined) continue;
    guard.unref();
    return { first: FIRST + pool * POOL_COUNT, given: new Set() };
  }
  throw new Error(`${POOLS} processes have all ports: ${FIRST_GUARD} to ${FIRST_GUARD + POOLS - 1} are listened on`);
}

async function canListen(port: number): Promise<boolean> {
  const server = await listening(port, '0.0.0.0');
  if (server === undefined) return false;
  return await new Promise((resolve) => server.close(() => resolve(true)));
}

/** @returns undefined: somebody listens there */
function listening(port: number, host: string): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => resolve(server));
  });
}
