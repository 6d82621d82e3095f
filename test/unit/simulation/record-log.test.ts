/** The record log on simulated disks that lose their power: what it said is on disk is there after the restart, over many seeds. */
import { describe, expect, test } from 'vitest';
import { systemCodeOf } from '../../../src/core/errors.ts';
import { nodeFiles } from '../../../src/core/files.ts';
import { RecordLog } from '../../../src/durable/record-log.ts';
import { type DiskFaults, type SimDisk, Simulation } from '../../../src/simulation/machine/index.ts';

const SEEDS = 200;
const RUNS = 4;
const LOG = { files: nodeFiles, directory: '/data', name: 'log', segmentBytes: 600 };

interface Story {
  readonly hash: string;
  readonly acknowledged: number;
  readonly cuts: number;
}

/**
 * Writes to a log from several sides, cuts the power in the middle, and looks at what is left; several times over.
 * @param spoil makes faults of the disk, which last while the log is written
 */
async function story(seed: number, spoil: (disk: SimDisk) => void): Promise<Story> {
  const simulation = new Simulation({ seed, keepLines: 50 });
  const host = simulation.host('a');
  const random = simulation.random.fork('story');
  const written = new Set<string>();
  /** What a log once found, or acknowledged since. */
  let certain: string[] = [];
  let acknowledged = 0;
  let cuts = 0;
  for (let run = 0; run < RUNS; run++) {
    const writer = host.spawn('writer');
    host.disk.heal();
    const found = await simulation.play(
      () =>
        writer.run(async () => {
          const texts: string[] = [];
          const log = await RecordLog.open(LOG, (payload) => texts.push(payload.toString()));
          for (let side = 0; side < 3; side++) void write(log, `${run}.${side}`);
          return texts;
        }),
      60_000,
    );
    const known = new Set(certain);
    expect(found.filter((text) => known.has(text))).toEqual(certain);
    expect(found.filter((text) => !written.has(text))).toEqual([]);
    certain = found;
    spoil(host.disk);
    await simulation.runFor(random.between(1, 100));
    if (random.chance(0.7)) {
      host.cutPower();
      host.powerOn();
      cuts++;
    } else writer.kill();
  }
  return { hash: simulation.traceHash(), acknowledged, cuts };

  async function write(log: RecordLog, side: string): Promise<void> {
    for (let i = 0; ; i++) {
      const text = `${side}.${i}:${'x'.repeat(random.int(200))}`;
      written.add(text);
      await log.append(Buffer.from(text)).then(
        () => {
          acknowledged++;
          certain.push(text);
        },
        () => {},
      );
    }
  }
}

/** How many seeds it takes until something that was certain is gone, or the log is damaged. */
async function seedsUntilLoss(spoil: (disk: SimDisk) => void): Promise<number> {
  for (let seed = 0; seed < SEEDS; seed++) {
    const lost = await story(seed, spoil).then(
      () => false,
      (error: Error) => error.name === 'AssertionError' || systemCodeOf(error) === 'LOG_CORRUPT',
    );
    if (lost) return seed + 1;
  }
  return Number.POSITIVE_INFINITY;
}

describe('a record log', () => {
  test(`keeps what it acknowledged, through ${SEEDS} seeds of power cuts and kills`, async () => {
    const totals = { acknowledged: 0, cuts: 0 };
    for (let seed = 0; seed < SEEDS; seed++) {
      const { acknowledged, cuts } = await story(seed, () => {});
      totals.acknowledged += acknowledged;
      totals.cuts += cuts;
    }
    expect(totals.acknowledged).toBeGreaterThan(SEEDS * 20);
    expect(totals.cuts).toBeGreaterThan(SEEDS);
  });

  test('keeps it also on a disk whose calls fail and are slow', async () => {
    let acknowledged = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const told = await story(seed, ({ faults }) => {
        Object.assign(faults.eio, { write: 0.05, sync: 0.05 });
        faults.slow = { chance: 0.05, ms: 30 };
      });
      acknowledged += told.acknowledged;
    }
    expect(acknowledged).toBeGreaterThan(SEEDS * 10);
  });

  test('has on disk what it found, also when another start failed at its sync before: the kernel takes that for written', async () => {
    let found = 0;
    for (let seed = 0; seed < 100; seed++) {
      const simulation = new Simulation({ seed });
      const host = simulation.host('a');
      const start = (name: string): Promise<string[]> =>
        host.spawn(name).run(async () => {
          const texts: string[] = [];
          const log = await RecordLog.open(LOG, (payload) => texts.push(payload.toString()));
          if (name !== 'last') await log.append(Buffer.from(name));
          return texts;
        });
      await simulation.play(async () => {
        await start('first');
        const killed = host.spawn('killed');
        void killed.run(async () => {
          const log = await RecordLog.open(LOG, () => {});
          await log.append(Buffer.from('killed'));
        });
        await simulation.sleep(simulation.random.fork('kill').between(1, 8));
        killed.kill();
        host.disk.fail({ call: 'sync' });
        await expect(start('fails')).rejects.toThrow('EIO');
        host.disk.heal();
        const before = await start('goes on');
        host.cutPower();
        host.powerOn();
        expect(await start('last')).toEqual([...before, 'goes on']);
        found += before.length;
      }, 60_000);
    }
    expect(found).toBeGreaterThan(110);
  });

  test('has no gap when its oldest segments were being removed, in whichever order a power cut leaves that on disk', async () => {
    let left = 0;
    for (let seed = 0; seed < 150; seed++) {
      const simulation = new Simulation({ seed });
      const host = simulation.host('a');
      await simulation.play(async () => {
        void host.spawn('removes').run(async () => {
          const log = await RecordLog.open({ ...LOG, segmentBytes: 1 }, () => {});
          for (let i = 0; i < 6; i++) await log.append(Buffer.from(`${i}`));
          await log.removeThrough(5);
        });
        await simulation.sleep(simulation.random.fork('cut').between(30, 60));
        host.cutPower();
        host.powerOn();
        await host.spawn('opens').run(async () => {
          const log = await RecordLog.open(LOG, () => {});
          left += log.segments.length;
        });
      }, 60_000);
    }
    expect(left).toBeGreaterThan(160);
    expect(left).toBeLessThan(900);
  });

  test('does so by its syncs: on a disk that ignores them records are lost', async () => {
    const spoils: Partial<DiskFaults>[] = [{ ignoresSync: true }, { ignoresDirectorySync: true }];
    for (const spoil of spoils) {
      expect(await seedsUntilLoss(({ faults }) => Object.assign(faults, spoil))).toBeLessThanOrEqual(5);
    }
  });

  test('lives the same story again with the same seed, and another with another', async () => {
    const hashes = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const first = await story(seed, () => {});
      expect(await story(seed, () => {})).toEqual(first);
      hashes.add(first.hash);
    }
    expect(hashes.size).toBe(20);
  });
});
