/** The Avro RPC server and client over the simulated network, in simulated time, with faults of the seed. */
import { describe, expect, test } from 'vitest';
import { AvroRpcClient } from '../../../src/avro/client.ts';
import { decodeStatus, encodeAppend, encodeStatus, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { AvroRpcServer } from '../../../src/avro/server.ts';
import { sleep, systemClock } from '../../../src/core/clock.ts';
import { type Host, type Random, Simulation } from '../../../src/simulation/machine/index.ts';

const PORT = 4141;
const CLIENTS = 3;
const MINUTE = 60_000;
const CALL_TIMEOUT_MS = 5000;

interface Story {
  readonly hash: string;
  /** Events of the scheduler. */
  readonly events: number;
  readonly acknowledged: number;
  /** How often a client had to connect again. */
  readonly reconnects: number;
}

/** Clients that send numbered events, each until it is acknowledged, and what breaks between them and the server. */
class Rpc {
  readonly simulation: Simulation;
  readonly received = new Set<string>();
  readonly acknowledged: string[] = [];
  reconnects = 0;
  readonly #random: Random;
  readonly #server: Host;

  constructor(seed: number) {
    this.simulation = new Simulation({ seed, keepLines: 100 });
    this.#random = this.simulation.random.fork('faults');
    this.#server = this.simulation.host('server');
  }

  serve(): Promise<void> {
    return this.#server.spawn('server').run(async () => {
      await AvroRpcServer.listen({
        ...{ host: '0.0.0.0', port: PORT, protocol: flumeProtocol, owner: 'test' },
        onRequest: ({ params, reply }) => {
          this.received.add(/\d+\.\d+$/.exec(params.toString('latin1'))?.[0] ?? 'none');
          systemClock.after(100, () => reply(encodeStatus('OK')));
        },
      });
    });
  }

  async send(number: number): Promise<void> {
    let client: AvroRpcClient | undefined;
    for (let event = 0; ; ) {
      try {
        client ??= await AvroRpcClient.connect({ host: 'server', port: PORT, protocol: flumeProtocol });
        const text = `${number}.${event}`;
        const params = encodeAppend({ headers: {}, body: Buffer.from(text) });
        expect(decodeStatus(await client.call('append', params, CALL_TIMEOUT_MS))).toBe('OK');
        this.acknowledged.push(text);
        event++;
      } catch {
        await client?.close();
        client = undefined;
        this.reconnects++;
        await sleep(systemClock, 1000);
      }
    }
  }

  /** Breaks something, and makes it whole again some time later. */
  async spoil(): Promise<void> {
    const random = this.#random;
    const server = this.#server;
    const { simulation } = this;
    const { network } = simulation;
    const other = simulation.host(`client${random.int(CLIENTS)}`);
    const kind = random.pick(['reset', 'end', 'silent', 'partition', 'kill', 'power', 'pause'] as const);
    if (kind === 'partition') {
      network.partition(other, server, random.chance(0.5));
      await simulation.sleep(random.between(100, 30_000));
      network.heal();
    } else if (kind === 'kill' || kind === 'power') {
      if (kind === 'power') server.cutPower();
      for (const process of server.processes) process.kill();
      await simulation.sleep(random.between(100, 10_000));
      server.powerOn();
      await this.serve();
    } else if (kind === 'pause') {
      for (const process of server.processes) process.pause();
      await simulation.sleep(random.between(100, 10_000));
      for (const process of server.processes) process.resume();
    } else network.cut(other, server, kind);
  }

  /** How many of the clients have had an answer since so many events were acknowledged. */
  clientsSince(count: number): number {
    return new Set(this.acknowledged.slice(count).map((text) => text.split('.')[0])).size;
  }
}

async function story(seed: number, minutes: number): Promise<Story> {
  const rpc = new Rpc(seed);
  const { simulation, acknowledged, received } = rpc;
  const random = simulation.random.fork('story');
  await simulation.play(() => rpc.serve(), 1000);
  for (let number = 0; number < CLIENTS; number++) {
    void simulation
      .host(`client${number}`)
      .spawn('client')
      .run(() => rpc.send(number));
  }
  await simulation.play(
    async () => {
      while (simulation.now < minutes * MINUTE) {
        await simulation.sleep(random.between(0, 10_000));
        await rpc.spoil();
      }
    },
    10 * minutes * MINUTE,
  );
  expect(acknowledged.filter((text) => !received.has(text))).toEqual([]);
  // Whatever was broken is whole again: all clients get on.
  const before = acknowledged.length;
  await simulation.runFor(3 * MINUTE);
  expect(rpc.clientsSince(before)).toBe(CLIENTS);
  const { trace } = simulation;
  return { hash: trace.hash(), events: trace.events, acknowledged: acknowledged.length, reconnects: rpc.reconnects };
}

describe('Avro RPC', () => {
  test('loses nothing that was acknowledged, and goes on after every fault', async () => {
    let reconnects = 0;
    for (let seed = 0; seed < 15; seed++) {
      const told = await story(seed, 2);
      reconnects += told.reconnects;
      expect(told.acknowledged).toBeGreaterThan(100);
    }
    expect(reconnects).toBeGreaterThan(40);
  });

  test('lives the same story again with the same seed, and another with another', async () => {
    const first = await story(7, 1);
    expect(await story(7, 1)).toEqual(first);
    expect((await story(8, 1)).hash).not.toBe(first.hash);
  });
});
