/** Sockets of simulated hosts: order, backpressure, ends and resets, partitions and hosts that are gone, as TCP and Node have them. */
import type { Server, Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { net } from '../../../src/core/machine.ts';
import { type HostProcess, Simulation } from '../../../src/simulation/machine/index.ts';

const PORT = 4000;
const MINUTE = 60_000;

interface Pair {
  readonly simulation: Simulation;
  readonly client: HostProcess;
  readonly server: HostProcess;
}

function make(seed = 1): Pair {
  const simulation = new Simulation({ seed, keepLines: 100 });
  return { simulation, client: simulation.host('a').spawn('client'), server: simulation.host('b').spawn('server') };
}

function listen(on: HostProcess, accept: (socket: Socket) => void, options = {}): Promise<Server> {
  return on.run(
    () =>
      new Promise((resolve, reject) => {
        const server = net.createServer(options, accept);
        server.once('error', reject);
        server.listen(PORT, '0.0.0.0', () => resolve(server));
      }),
  );
}

/** What a socket tells, in order. */
function watch(socket: Socket, told: string[]): void {
  for (const name of ['connect', 'end', 'finish', 'timeout']) socket.on(name, () => told.push(name));
  socket.on('data', (chunk: Buffer) => told.push(`data ${chunk}`));
  socket.on('error', (error: NodeJS.ErrnoException) => told.push(`error ${error.message}`));
  socket.on('close', (failed) => told.push(`close ${failed}`));
}

function connect(from: HostProcess, told: string[] = [], options = {}): Promise<Socket> {
  return from.run(() => {
    const socket = net.connect({ host: 'b', port: PORT, ...options });
    watch(socket, told);
    return socket;
  });
}

describe('bytes', () => {
  test('arrive all, in order, in pieces of the seed; slow readers hold fast writers up', async () => {
    const { simulation, client, server } = make();
    const got: Buffer[] = [];
    const most = { buffered: 0 };
    const sent = Buffer.alloc(3_000_000);
    for (let at = 0; at < sent.length; at += 4) sent.writeInt32LE(at, at);
    await simulation.play(async () => {
      await listen(server, (socket) => {
        socket.on('data', (chunk) => {
          got.push(chunk);
          socket.pause();
          server.after(20, 'test', () => socket.resume());
        });
      });
      const socket = await connect(client);
      await client.run(async () => {
        for (let at = 0; at < sent.length; at += 10_000) {
          if (!socket.write(sent.subarray(at, at + 10_000))) {
            most.buffered = Math.max(most.buffered, socket.writableLength);
            await new Promise((resolve) => socket.once('drain', resolve));
          }
        }
        socket.end();
        await new Promise((resolve) => socket.once('close', resolve));
      });
    }, MINUTE);
    expect(Buffer.concat(got).equals(sent)).toBe(true);
    expect(most.buffered).toBeLessThan(100_000);
    expect(simulation.now).toBeGreaterThan(500);
    expect(new Set(got.map(({ length }) => length)).size).toBeGreaterThan(5);
  });

  test('of several connections come in the same order for the same seed, and in another for another', async () => {
    const order = async (seed: number): Promise<string> => {
      const { simulation, client, server } = make(seed);
      let seen = '';
      await simulation.play(async () => {
        await listen(server, (socket) => socket.on('data', (chunk) => (seen += chunk)));
        const sockets = await Promise.all(Array.from({ length: 5 }, () => connect(client)));
        await client.run(() => {
          for (const [at, socket] of sockets.entries()) for (let i = 0; i < 3; i++) socket.write(String(at));
        });
        await simulation.sleep(1000);
      }, MINUTE);
      return `${seen} ${simulation.traceHash()}`;
    };
    const orders: string[] = [];
    for (const seed of [1, 2, 3, 4, 5]) orders.push(await order(seed));
    expect(new Set(orders).size).toBe(5);
    expect(await order(3)).toBe(orders[2]);
    expect(orders[0]).toMatch(/^[0-4]{15} /);
  });
});

describe('an end', () => {
  test('ends the other side too, unless it may be half open', async () => {
    for (const allowHalfOpen of [false, true]) {
      const { simulation, client, server } = make();
      const [here, there]: [string[], string[]] = [[], []];
      await simulation.play(async () => {
        await listen(
          server,
          (socket) => {
            watch(socket, there);
            socket.on('end', () => allowHalfOpen && socket.end('bye'));
          },
          { allowHalfOpen },
        );
        const socket = await connect(client, here);
        await client.run(() => void socket.end('hello'));
        await simulation.sleep(1000);
      }, MINUTE);
      expect(there).toEqual(['data hello', 'end', 'finish', 'close false']);
      const answer = allowHalfOpen ? ['data bye'] : [];
      expect(here).toEqual(['connect', 'finish', ...answer, 'end', 'close false']);
    }
  });

  test('with something unread is a reset, and so is an answer to what comes later', async () => {
    const { simulation, client, server } = make();
    const told: string[] = [];
    await simulation.play(async () => {
      const sockets: Socket[] = [];
      await listen(server, (socket) => sockets.push(socket), { pauseOnConnect: true });
      const socket = await connect(client, told);
      await client.run(() => void socket.write('unread'));
      await simulation.sleep(200);
      await server.run(() => void sockets[0]?.destroy());
      await simulation.sleep(200);
    }, MINUTE);
    expect(told).toEqual(['connect', 'error read ECONNRESET', 'close true']);
  });

  test('of a process that is killed is one of its connections', async () => {
    const { simulation, client, server } = make();
    const told: string[] = [];
    await simulation.play(async () => {
      await listen(server, (socket) => socket.resume());
      await connect(client, told);
      await simulation.sleep(100);
      server.kill();
      await simulation.sleep(100);
    }, MINUTE);
    expect(told).toEqual(['connect', 'end', 'finish', 'close false']);
    const refused: string[] = [];
    await simulation.play(async () => {
      await connect(client, refused);
      await simulation.sleep(100);
    }, MINUTE);
    expect(refused).toEqual([`error connect ECONNREFUSED ${server.host.address}:${PORT}`, 'close true']);
  });
});

describe('a host without power', () => {
  test('says nothing: a connect is given up after long, and keep-alive finds it out', async () => {
    const { simulation, client, server } = make();
    const [quiet, asking, late]: [string[], string[], string[]] = [[], [], []];
    await simulation.play(async () => {
      await listen(server, (socket) => socket.resume());
      await connect(client, quiet);
      await connect(client, asking, { keepAlive: true, keepAliveInitialDelay: 60_000 });
      await simulation.sleep(100);
      server.host.cutPower();
      await connect(client, late);
      await simulation.sleep(65_000);
      expect([quiet, asking, late]).toEqual([['connect'], ['connect'], []]);
      await simulation.sleep(10_000);
      expect(asking).toEqual(['connect', 'error read ETIMEDOUT', 'close true']);
      await simulation.sleep(60_000);
    }, 10 * MINUTE);
    expect(quiet).toEqual(['connect']);
    expect(late).toEqual([`error connect ETIMEDOUT ${server.host.address}:${PORT}`, 'close true']);
  });

  test('answers old connections with a reset when it is back', async () => {
    const { simulation, client, server } = make();
    const told: string[] = [];
    await simulation.play(async () => {
      await listen(server, (socket) => socket.resume());
      const socket = await connect(client, told);
      await simulation.sleep(100);
      server.host.cutPower();
      await simulation.sleep(100);
      server.host.powerOn();
      await simulation.sleep(MINUTE);
      expect(told).toEqual(['connect']);
      await client.run(() => void socket.write('there?'));
      await simulation.sleep(1000);
    }, 10 * MINUTE);
    expect(told).toEqual(['connect', 'error read ECONNRESET', 'close true']);
  });
});

describe('a partition', () => {
  test('holds what is sent until it ends, in its order', async () => {
    const { simulation, client, server } = make();
    let got = '';
    await simulation.play(async () => {
      await listen(server, (socket) => socket.on('data', (chunk) => (got += chunk)));
      const socket = await connect(client);
      await client.run(() => void socket.write('before '));
      await simulation.sleep(1000);
      simulation.network.partition(client.host, server.host);
      for (const text of ['1 ', '2 ', '3 ']) await client.run(() => void socket.write(text));
      await simulation.sleep(10_000);
      expect(got).toBe('before ');
      simulation.network.heal();
      await client.run(() => void socket.write('after'));
      await simulation.sleep(20_000);
    }, 10 * MINUTE);
    expect(got).toBe('before 1 2 3 after');
  });

  test('lets a connect through when it ends in time', async () => {
    const { simulation, client, server } = make();
    const told: string[] = [];
    await simulation.play(async () => {
      await listen(server, (socket) => socket.resume());
      simulation.network.partition(server.host, client.host, true);
      await connect(client, told);
      await simulation.sleep(20_000);
      expect(told).toEqual([]);
      simulation.network.heal(client.host, server.host);
      await simulation.sleep(20_000);
    }, 10 * MINUTE);
    expect(told).toEqual(['connect']);
  });
});

describe('a connection that is cut', () => {
  test.each([
    ['reset', 'error read ECONNRESET'],
    ['end', 'end'],
    ['silent', undefined],
  ] as const)('with %s loses what was under way', async (kind, expected) => {
    const { simulation, client, server } = make();
    const [here, there]: [string[], string[]] = [[], []];
    await simulation.play(async () => {
      await listen(server, (socket) => watch(socket, there));
      const socket = await connect(client, here);
      await simulation.sleep(100);
      await client.run(() => void socket.write('lost'));
      expect(simulation.network.cut(client.host, server.host, kind)).toBe(1);
      await simulation.sleep(1000);
    }, MINUTE);
    expect(there[0]).toBe(expected);
    expect(here[1]).toBe(expected);
  });
});

test('what a partition held of a connection that is forgotten meanwhile never arrives, and both sides give it up', async () => {
  const { simulation, client, server } = make();
  const [here, there]: [string[], string[]] = [[], []];
  await simulation.play(async () => {
    await listen(server, (socket) => watch(socket, there));
    const socket = await connect(client, here);
    await simulation.sleep(100);
    simulation.network.partition(client.host, server.host);
    await client.run(() => void socket.write('held'));
    await simulation.sleep(100);
    simulation.network.cut(client.host, server.host, 'silent');
    simulation.network.heal(client.host, server.host);
    await simulation.sleep(20 * MINUTE);
  }, 30 * MINUTE);
  expect(there.join()).not.toContain('held');
  expect(here.at(-1)).toBe('close true');
});

test('a process that listens in the event in which it is killed holds no port', async () => {
  const { simulation, server } = make();
  await simulation.play(async () => {
    void server.run(() => {
      server.kill();
      net.createServer().listen(PORT);
    });
    await simulation.sleep(10);
    await listen(server.host.spawn('next'), () => {});
  }, MINUTE);
});

describe('sockets', () => {
  test('of one host: a port is held once, names are found or not', async () => {
    const { simulation, client, server } = make();
    const told: string[] = [];
    await simulation.play(async () => {
      const first = await listen(server, () => {});
      expect(first.address()).toEqual({ address: '0.0.0.0', port: PORT, family: 'IPv4' });
      await expect(listen(server.host.spawn('other'), () => {})).rejects.toThrow(
        `listen EADDRINUSE: address already in use 0.0.0.0:${PORT}`,
      );
      await server.run(() => new Promise((resolve) => first.close(resolve)));
      expect(first.address()).toBe(null);
      await listen(server, () => {});
      await connect(client, told, { host: 'nowhere' });
      await simulation.sleep(10);
    }, MINUTE);
    expect(told).toEqual(['error getaddrinfo ENOTFOUND nowhere', 'close true']);
  });

  test('time out when nothing happens on them', async () => {
    const { simulation, client, server } = make();
    const told: string[] = [];
    await simulation.play(async () => {
      await listen(server, (socket) => socket.resume());
      const socket = await connect(client, told);
      await client.run(() => void socket.setTimeout(500));
      await simulation.sleep(400);
      await client.run(() => void socket.write('x'));
      await simulation.sleep(400);
      expect(told).toEqual(['connect']);
      await simulation.sleep(200);
    }, MINUTE);
    expect(told).toEqual(['connect', 'timeout']);
  });
});
