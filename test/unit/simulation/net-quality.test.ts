/** How good the ways between simulated hosts are: each direction by itself, slow peers, pieces that are late. */
import { expect, test } from 'vitest';
import { net } from '../../../src/core/machine.ts';
import { type LinkQuality, Simulation } from '../../../src/simulation/machine/index.ts';

const PORT = 4000;
const BYTES = 10_000;

/** Sends bytes to a server, which sends them back. @returns how long they take there and back, in simulated ms */
async function roundTrip(seed: number, there: Partial<LinkQuality>, back: Partial<LinkQuality>): Promise<number[]> {
  const simulation = new Simulation({ seed });
  const [a, b] = [simulation.host('a'), simulation.host('b')];
  simulation.network.setQuality(a, b, there);
  simulation.network.setQuality(b, a, back);
  return simulation.play(async () => {
    const server = b.spawn('server');
    let arrived = 0;
    await server.run(
      () =>
        new Promise<void>((resolve) => {
          const listener = net.createServer({ allowHalfOpen: true }, (socket) => {
            const parts: Buffer[] = [];
            socket.on('data', (chunk) => parts.push(chunk));
            socket.on('end', () => {
              arrived = simulation.now;
              socket.end(Buffer.concat(parts));
            });
          });
          listener.listen(PORT, resolve);
        }),
    );
    const begun = simulation.now;
    const got = await a.spawn('client').run(async () => {
      const socket = net.connect({ host: 'b', port: PORT });
      socket.end(Buffer.alloc(BYTES));
      let bytes = 0;
      for await (const chunk of socket) bytes += chunk.length;
      return bytes;
    });
    expect(got).toBe(BYTES);
    return [arrived - begun, simulation.now - arrived];
  }, 600_000);
}

test('a slow way holds its bytes up, the other direction does not', async () => {
  const late = { chance: 0, ms: 0 };
  for (let seed = 0; seed < 10; seed++) {
    const [there = 0, back = 0] = await roundTrip(seed, { bytesPerMs: 10, late }, { late });
    expect(there).toBeGreaterThan(BYTES / 10);
    expect(there).toBeLessThan(BYTES / 10 + 20);
    expect(back).toBeLessThan(20);
  }
});

test('a far host answers later, and pieces that are late keep those behind them waiting', async () => {
  const delay = [100, 200] as const;
  const took: number[] = [];
  for (let seed = 0; seed < 20; seed++) {
    const [there = 0] = await roundTrip(seed, { delay, late: { chance: 0.3, ms: 5000 } }, {});
    took.push(there);
  }
  expect(Math.min(...took)).toBeGreaterThan(200);
  expect(Math.max(...took)).toBeGreaterThan(1000);
});
