/** The lock of a directory on a simulated disk, whose name is a Unix socket. */
import { expect, test } from 'vitest';
import { lockDirectory } from '../../../src/durable/lock.ts';
import { Simulation } from '../../../src/simulation/machine/index.ts';

test('a directory is locked for one process, and a dead one holds no lock', async () => {
  const simulation = new Simulation({ seed: 1 });
  const server = simulation.host('b').spawn('server');
  const locked = { code: 'CHECKPOINT_LOCKED', message: 'locked', hint: '' } as const;
  const other = server.host.spawn('other');
  await simulation.play(async () => {
    const lock = await server.run(() => lockDirectory('/data', 'test', locked));
    await expect(other.run(() => lockDirectory('/data', 'test', locked))).rejects.toThrow('locked');
    await server.run(() => lock.release());
    await other.run(() => lockDirectory('/data', 'test', locked));
    other.kill();
    await server.run(() => lockDirectory('/data', 'test', locked));
    server.host.cutPower();
    server.host.powerOn();
    await server.host.spawn('third').run(() => lockDirectory('/data', 'test', locked));
  }, 60_000);
  expect(server.host.disk.paths('/data')).toContain('/data/in_use.sock');
});
