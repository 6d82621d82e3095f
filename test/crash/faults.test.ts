/** Kills of the agent, kills at random, processes that stand still, connections that are cut, a disk that is full. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { mountSmall, mountsMissing, unmount } from '../kit/mounts.ts';
import { until } from '../kit/until.ts';
import { pause, Scene, type SceneOptions, type Tally } from './kit/scene.ts';
import { record } from './kit/table.ts';

/** Kills at random over all scenarios: 40, or as many as the variable says (200 take some ten minutes). */
const KILLS = Number(process.env['CRASH_KILLS'] ?? 40);
const SEED = Number(process.env['CRASH_SEED'] ?? 20261124);

/** Mulberry32, by T. Ettinger: numbers in [0, 1) that follow from the seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function expectKept(tally: Tally, { ids }: SceneOptions): void {
  expect(tally.lost).toBe(0);
  if (!ids) return;
  expect(tally.duplicatedExactlyOnce).toBe(0);
  expect(tally.missingExactlyOnce).toBe(0);
  expect(tally.total).toBe(tally.distinct);
}

const sure: readonly SceneOptions[] = [
  { level: 'end-to-end', ids: true, receiver: 'push' },
  { level: 'end-to-end', ids: true, receiver: 'pull' },
  { level: 'store-on-failure', ids: true, receiver: 'push' },
  { level: 'store-on-failure', ids: true, receiver: 'pull' },
];
const named = (options: SceneOptions): string =>
  `${options.level}${options.ids ? ' with ids' : ''}, ${options.receiver}`;
const each = (list: readonly SceneOptions[]) => list.map((options) => [named(options), options] as const);

describe(`kills at random (seed ${SEED})`, () => {
  test.concurrent.each(each(sure))('%s', async (_, options) => {
    const next = random(SEED + sure.indexOf(options));
    const scene = new Scene(options);
    await scene.open();
    let job = scene.startJob();
    let agent = scene.startAgent();
    const feeding = setInterval(() => scene.send(20), 50);
    for (let kill = 0; kill < KILLS / sure.length; kill++) {
      const before = scene.arrived().size;
      // Each life does something, or the kills would prove nothing.
      await until(() => scene.arrived().size > before);
      await pause(next() * 400);
      // At store-on-failure a kill of the agent costs what is in its memory: that is a scenario of its own.
      const ofAgent = options.level === 'end-to-end' && next() < 0.4;
      const victim = ofAgent ? agent : job;
      victim.child.kill('SIGKILL');
      await victim.ended;
      if (ofAgent) agent = scene.startAgent();
      else job = scene.startJob();
    }
    clearInterval(feeding);
    await scene.drained(90_000);
    const tally = await scene.close();
    record(options, `${KILLS / sure.length} kill -9 at random`, tally);
    expectKept(tally, options);
  });
});

test.concurrent('store-on-failure: a kill of the agent costs at most what it held in memory, nothing that it had on disk', async () => {
  const options: SceneOptions = { level: 'store-on-failure', ids: true, receiver: 'push' };
  const scene = new Scene(options);
  await scene.open();
  scene.send(2000);
  const agent = scene.startAgent();
  // The job is away: the agent writes to its disk. What the spool directory calls completed is out of the source's hands.
  await until(() => existsSync(path.join(scene.directory, 'in', 'file00000.txt.COMPLETED')));
  await until(() => /spill|disk/.test(agent.stderr()));
  await pause(1500);
  agent.child.kill('SIGKILL');
  await agent.ended;
  scene.startAgent();
  scene.startJob();
  await scene.drained(20_000);
  const tally = await scene.close();
  record(options, 'kill -9 of the agent while the job is away', tally, tally.lost);
  expect(tally.lost).toBeLessThan(2000);
  expect(tally.duplicatedExactlyOnce).toBe(0);
});

test.concurrent('best-effort: what is lost is lost, and nothing waits for it', async () => {
  const options: SceneOptions = { level: 'best-effort', ids: false, receiver: 'push' };
  const scene = new Scene(options);
  await scene.open();
  const job = scene.startJob();
  // What comes before the job listens is dropped: nobody waits for it.
  await until(() => job.stderr().includes('started'));
  scene.send(500);
  scene.startAgent();
  await until(() => scene.arrived().size > 0);
  job.child.kill('SIGKILL');
  await job.ended;
  scene.send(500);
  await pause(2000);
  scene.startJob();
  await until(() => scene.job?.stderr().includes('started') === true);
  scene.send(500);
  await scene.drained(10_000);
  const tally = await scene.close();
  record(options, 'kill -9 of the job', tally);
  expect(tally.sent - tally.lost).toBeGreaterThan(0);
});

describe('a process that stands still for longer than the other side waits', () => {
  const cases = sure.flatMap((options) =>
    (['job', 'agent'] as const).map((who) => [`${named(options)}: the ${who}`, options, who] as const),
  );
  test.concurrent.each(cases)('%s', async (_, options, who) => {
    const scene = new Scene(options);
    await scene.open();
    scene.send(1000);
    scene.startJob();
    scene.startAgent();
    await until(() => scene.arrived().size > 0);
    const feeding = setInterval(() => scene.send(20), 50);
    scene[who]?.child.kill('SIGSTOP');
    await pause(3500);
    scene[who]?.child.kill('SIGCONT');
    clearInterval(feeding);
    await scene.drained();
    const tally = await scene.close();
    record(options, `SIGSTOP of the ${who}`, tally);
    expectKept(tally, options);
  });
});

/** Forwards connections, and cuts each in the middle of what it carries, so many times. */
async function cutter(
  port: number,
  cuts: number,
  next: () => number,
): Promise<{ port: number; left: () => number; close: () => void }> {
  let left = cuts;
  const server = net.createServer((from) => {
    const to = net.connect(port, '127.0.0.1');
    let budget = left > 0 ? 500 + Math.floor(next() * 20_000) : Number.POSITIVE_INFINITY;
    const end = (): void => {
      from.destroy();
      to.destroy();
    };
    for (const socket of [from, to]) socket.on('error', end).on('close', end);
    to.pipe(from);
    from.on('data', (chunk: Buffer) => {
      if (chunk.length < budget) {
        budget -= chunk.length;
        to.write(chunk);
        return;
      }
      left--;
      to.write(chunk.subarray(0, budget), end);
      budget = 0;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    left: () => left,
    close: () => server.close(),
  };
}

test.concurrent.each(each(sure.filter(({ receiver }) => receiver === 'push')))(
  'connections cut in the middle of a frame: %s',
  async (_, options) => {
    const proxy: { left: () => number; close: () => void }[] = [];
    const scene = new Scene({
      ...options,
      between: async (port) => {
        const cut = await cutter(port, 6, random(SEED));
        proxy.push(cut);
        return cut.port;
      },
    });
    await scene.open();
    scene.startJob();
    await until(() => scene.job?.stderr().includes('started') === true);
    scene.startAgent();
    const feeding = setInterval(() => scene.send(50), 50);
    await until(() => (proxy[0]?.left() ?? 0) <= 0);
    clearInterval(feeding);
    await scene.drained(90_000);
    const tally = await scene.close();
    proxy[0]?.close();
    record(options, 'connections cut mid-frame', tally);
    expectKept(tally, options);
  },
);

describe.skipIf(mountsMissing !== undefined)(
  `a full disk${mountsMissing === undefined ? '' : `: ${mountsMissing}`}`,
  () => {
    test.concurrent.each(each(sure.filter(({ receiver }) => receiver === 'push')))('%s', async (_, options) => {
      const scene = new Scene({ ...options, checkpointDir: '' });
      const disk = mkdtempSync(path.join(tmpdir(), 'streamjob-disk-'));
      mountSmall(disk, '4m');
      try {
        Object.assign(scene.options, { checkpointDir: path.join(disk, 'checkpoint') });
        await scene.open();
        scene.send(500);
        scene.startJob();
        scene.startAgent();
        await until(() => scene.arrived().size > 0);
        writeFileSync(path.join(disk, 'fill'), '');
        try {
          for (let i = 0; ; i++) writeFileSync(path.join(disk, `fill${i}`), Buffer.alloc(16_384));
        } catch {
          // Now it is full.
        }
        const feeding = setInterval(() => scene.send(50), 50);
        await until(() => /ENOSPC|no space/i.test(scene.job?.stderr() ?? ''));
        clearInterval(feeding);
        for (let i = 0; existsSync(path.join(disk, `fill${i}`)); i++) rmSync(path.join(disk, `fill${i}`));
        await scene.drained(90_000);
        const tally = await scene.close();
        record(options, 'the disk of the checkpoint is full', tally);
        expectKept(tally, options);
      } finally {
        unmount(disk);
        rmSync(disk, { recursive: true });
      }
    });
  },
);
