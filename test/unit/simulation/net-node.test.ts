/** Simulated sockets tell the same, in the same order and with the same state, as Node's do between two ports of this machine. */
import type { AddressInfo, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { net } from '../../../src/core/machine.ts';
import { Simulation } from '../../../src/simulation/machine/index.ts';

const MINUTE = 60_000;

/** What the two sides do; each acts on what it is told, and never by time. */
interface Scenario {
  readonly server: (socket: Socket) => void;
  readonly client: (socket: Socket) => void;
  readonly serverOptions?: object;
  readonly clientOptions?: object;
}

const LARGE = Buffer.alloc(200_000, 'x');

const scenarios: Record<string, Scenario> = {
  'the client sends and ends': {
    server: (socket) => socket.resume(),
    client: (socket) => socket.once('connect', () => socket.end('hello')),
  },
  'the client sends and ends before it is connected': {
    server: (socket) => socket.resume(),
    client: (socket) => {
      socket.write('hello ');
      socket.end('you');
      socket.resume();
    },
  },
  'the server ends at once': {
    server: (socket) => socket.end('bye'),
    client: (socket) => socket.resume(),
  },
  'the server ends, and the client may be half open': {
    server: (socket) => socket.resume().end('bye'),
    client: (socket) => socket.resume().on('end', () => socket.end('late')),
    clientOptions: { allowHalfOpen: true },
  },
  'the client ends, and a server that may be half open answers': {
    server: (socket) => socket.resume().on('end', () => socket.end('answer')),
    client: (socket) => socket.once('connect', () => socket.end('question')).resume(),
    serverOptions: { allowHalfOpen: true, pauseOnConnect: true },
  },
  'the client is destroyed when it has an answer': {
    server: (socket) => socket.on('data', () => socket.write('a')),
    client: (socket) => socket.once('connect', () => socket.write('q')).once('data', () => socket.destroy()),
  },
  'the client is destroyed with an error': {
    server: (socket) => socket.resume(),
    client: (socket) => socket.once('connect', () => socket.destroy(new Error('its own'))),
  },
  'the client breaks the connection off': {
    server: (socket) => socket.on('data', () => socket.write('a')),
    client: (socket) => socket.once('connect', () => socket.write('q')).once('data', () => socket.resetAndDestroy()),
  },
  'the server writes and is destroyed soon': {
    server: (socket) => {
      socket.write('one ');
      socket.write('two');
      socket.destroySoon();
    },
    client: (socket) => socket.resume(),
  },
  'the client writes although the server has ended': {
    server: (socket) => socket.resume().end('bye'),
    client: (socket) => socket.resume().on('end', () => socket.write('too late')),
  },
  'the client writes more than fits, and the server reads it all': {
    server: (socket) => socket.resume(),
    client: (socket) => {
      socket.resume();
      socket.once('connect', () => {
        while (socket.write(LARGE)) {}
      });
      socket.once('drain', () => socket.end());
    },
  },
  'the server reads with an iterator': {
    server: (socket) =>
      void (async () => {
        let length = 0;
        for await (const chunk of socket) length += chunk.length;
        socket.emit('connect', length);
      })(),
    client: (socket) => socket.resume().once('connect', () => socket.end(LARGE)),
  },
  'the client writes corked': {
    server: (socket) => socket.on('data', (chunk) => socket.write(chunk)),
    client: (socket) => {
      socket.cork();
      for (const part of ['a', 'b', 'c']) socket.write(part, () => socket.emit('finish', part));
      socket.uncork();
      let got = '';
      socket.on('data', (chunk) => {
        got += chunk;
        if (got === 'abc') socket.end();
      });
    },
  },
  'the server looks at the first bytes and puts them back': {
    server: (socket) => {
      const look = (): void => {
        const chunk = socket.read();
        if (chunk === null) return void socket.once('readable', look);
        socket.unshift(chunk);
        socket.on('data', (bytes) => socket.write(bytes)).on('end', () => socket.end());
        socket.resume();
      };
      look();
    },
    client: (socket) => socket.once('connect', () => socket.write('x')).once('data', () => socket.end('y')),
    serverOptions: { allowHalfOpen: true, pauseOnConnect: true },
  },
  'the client gives up before it is connected': {
    server: (socket) => socket.destroy(),
    client: (socket) => {
      socket.write('never', () => socket.emit('drain', 'was not written'));
      socket.destroy();
    },
  },
};

/** Notes down what a socket tells, with its state then. @returns resolves when it is closed */
function watch(socket: Socket, told: string[]): Promise<void> {
  const note = (what: string): void => {
    const { readyState, destroyed, readableEnded, writableEnded, writableFinished } = socket;
    const state = Object.entries({ destroyed, readableEnded, writableEnded, writableFinished });
    told.push(`${what} (${[readyState, ...state.filter(([, is]) => is).map(([name]) => name)].join(', ')})`);
  };
  let bytes = 0;
  const noteBytes = (): void => {
    // How they are cut into pieces is left to the network, and how many fit, too.
    if (bytes > 0) note(`${bytes >= LARGE.length ? 'many' : bytes} bytes`);
    bytes = 0;
  };
  const listen = socket.on.bind(socket);
  for (const name of ['connect', 'ready', 'end', 'finish', 'drain', 'timeout'] as const) {
    listen(name, (value?: unknown) => {
      noteBytes();
      note(value === undefined ? name : `${name} ${String(value)}`);
    });
  }
  socket.on('error', (error: NodeJS.ErrnoException) => {
    noteBytes();
    note(`error ${error.message} ${error.code} ${error.errno} ${error.syscall}`);
  });
  const { push } = socket;
  socket.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    bytes += chunk?.length ?? 0;
    return push.call(socket, chunk, encoding);
  };
  return new Promise((resolve) => {
    socket.on('close', (failed) => {
      noteBytes();
      note(`close ${failed}`);
      resolve();
    });
  });
}

interface Sides {
  readonly server: string[];
  readonly client: string[];
}

/** Plays a scenario with the machine of the moment. @param runs how code is run on each side */
async function play(
  { server, client, serverOptions, clientOptions }: Scenario,
  host: string,
  runs: { on: <T>(side: keyof Sides, code: () => T | Promise<T>) => Promise<T> },
): Promise<Sides> {
  const told: Sides = { server: [], client: [] };
  const closed: Promise<void>[] = [];
  const [listening, accepted] = await runs.on('server', async () => {
    let taken = (): void => {};
    const first = new Promise<void>((resolve) => {
      taken = resolve;
    });
    const listener = net.createServer(serverOptions ?? {}, (socket) => {
      closed.push(watch(socket, told.server));
      server(socket);
      taken();
    });
    await new Promise<void>((resolve) => listener.listen(0, '0.0.0.0', resolve));
    return [listener, first] as const;
  });
  const { port } = listening.address() as AddressInfo;
  const gone = await runs.on('client', () => {
    const socket = net.connect({ host, port, ...clientOptions });
    const end = watch(socket, told.client);
    client(socket);
    return [end];
  });
  await gone[0];
  // One that is given up at once may never come to the server.
  if (told.client.some((line) => line.startsWith('connect'))) {
    await accepted;
    await Promise.all(closed);
  }
  await runs.on('server', () => new Promise((resolve) => listening.close(resolve)));
  return told;
}

test.each(Object.keys(scenarios))('%s', async (name) => {
  const scenario = scenarios[name] as Scenario;
  const real = await play(scenario, '127.0.0.1', { on: async (_, code) => code() });
  const seen = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    const simulation = new Simulation({ seed });
    const processes = { server: simulation.host('b').spawn('server'), client: simulation.host('a').spawn('client') };
    const simulated = await simulation.play(
      () => play(scenario, 'b', { on: (side, code) => processes[side].run(code) }),
      MINUTE,
    );
    seen.add(JSON.stringify(simulated, undefined, 1));
  }
  expect([...seen]).toEqual([JSON.stringify(real, undefined, 1)]);
});

test('a port where nobody listens refuses', async () => {
  const refused = async (host: string, port: number): Promise<string[]> => {
    const told: string[] = [];
    await watch(net.connect({ host, port }), told);
    return told.map((line) => line.replace(/[\d.]+:\d+/, 'address'));
  };
  const listener = net.createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  const real = await refused('127.0.0.1', port);
  const simulation = new Simulation({ seed: 1 });
  simulation.host('b');
  expect(
    await simulation.play(
      () =>
        simulation
          .host('a')
          .spawn('p')
          .run(() => refused('b', port)),
      MINUTE,
    ),
  ).toEqual(real);
});
