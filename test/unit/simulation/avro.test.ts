/** The Avro RPC server and client over the simulated network, in simulated time, with faults of the seed. */
import { describe, expect, test } from 'vitest';
import { AvroRpcClient } from '../../../src/avro/client.ts';
import { decodeStatus, encodeAppend, encodeStatus, flumeProtocol } from '../../../src/avro/protocols/flume.ts';
import { AvroRpcServer } from '../../../src/avro/server.ts';
import { sleep, systemClock } from '../../../src/core/clock.ts';
import { Simulation } from '../../simulation/machine/simulation.ts';

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

/** Clients send numbered events, each until it is acknowledged, while everything between them and the server breaks. */
async function story(seed: number, minutes: number): Promise<Story> {
  const simulation = new Simulation({ seed, keepLines: 100 });
  const { network } = simulation;
  const random = simulation.random.fork('faults');
  const serverHost = simulation.host('server');
  const received = new Set<string>();
  const acknowledged: string[] = [];
  let reconnects = 0;

  const serve = (): Promise<void> =>
    serverHost.spawn('server').run(async () => {
      await AvroRpcServer.listen({
        ...{ host: '0.0.0.0', port: PORT, protocol: flumeProtocol, owner: 'test' },
        onRequest({ params, reply }) {
          received.add(/\d+\.\d+$/.exec(params.toString('latin1'))?.[0] ?? 'none');
          systemClock.after(100, () => reply(encodeStatus('OK')));
        },
      });
    });
  const send = async (number: number): Promise<void> => {
    let client: AvroRpcClient | undefined;
    for (let event = 0; ; ) {
      try {
        client ??= await AvroRpcClient.connect({ host: 'server', port: PORT, protocol: flumeProtocol });
        const text = `${number}.${event}`;
        const answer = await client.call(
          'append',
          encodeAppend({ headers: {}, body: Buffer.from(text) }),
          CALL_TIMEOUT_MS,
        );
        expect(decodeStatus(answer)).toBe('OK');
        acknowledged.push(text);
        event++;
      } catch {
        await client?.close();
        client = undefined;
        reconnects++;
        await sleep(systemClock, 1000);
      }
    }
  };
  const spoil = async (): Promise<void> => {
    const other = simulation.host(`client${random.int(CLIENTS)}`);
    const kind = random.pick(['reset', 'end', 'silent', 'partition', 'kill', 'power', 'pause'] as const);
    if (kind === 'partition') {
      network.partition(other, serverHost, random.chance(0.5));
      await simulation.sleep(random.between(100, 30_000));
      network.heal();
    } else if (kind === 'kill' || kind === 'power') {
      if (kind === 'power') serverHost.cutPower();
      for (const process of serverHost.processes) process.kill();
      await simulation.sleep(random.between(100, 10_000));
      serverHost.powerOn();
      await serve();
    } else if (kind === 'pause') {
      for (const process of serverHost.processes) process.pause();
      await simulation.sleep(random.between(100, 10_000));
      for (const process of serverHost.processes) process.resume();
    } else network.cut(other, serverHost, kind);
  };

  await simulation.play(serve, 1000);
  for (let number = 0; number < CLIENTS; number++) {
    void simulation
      .host(`client${number}`)
      .spawn('client')
      .run(() => send(number));
  }
  await simulation.play(
    async () => {
      while (simulation.now < minutes * MINUTE) {
        await simulation.sleep(random.between(0, 10_000));
        await spoil();
      }
    },
    10 * minutes * MINUTE,
  );
  expect(acknowledged.filter((text) => !received.has(text))).toEqual([]);
  // Whatever was broken is whole again: all clients get on.
  const before = acknowledged.length;
  await simulation.runFor(3 * MINUTE);
  for (let number = 0; number < CLIENTS; number++) {
    expect(
      acknowledged.slice(before).some((text) => text.startsWith(`${number}.`)),
      `client ${number}`,
    ).toBe(true);
  }
  return {
    hash: simulation.traceHash(),
    events: simulation.trace.events,
    acknowledged: acknowledged.length,
    reconnects,
  };
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
