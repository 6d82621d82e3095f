/** The simulated lmdb: it does what the real one does, and keeps through kills and power cuts what it promises, and no half of anything. */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fc, it } from '@fast-check/vitest';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { openLmdb } from '../../../src/agent/channels/file/lmdb.ts';
import type { RecordBatch, RecordDatabase } from '../../../src/core/database.ts';
import { fs as machineFs, openDatabase } from '../../../src/core/machine.ts';
import { Simulation } from '../../../src/simulation/machine/index.ts';

const noNative = (): never => {
  throw new Error('a simulation opens no lmdb');
};

const batch = fc.record({
  puts: fc.array(
    fc.record({
      key: fc.integer({ min: 1, max: 40 }),
      value: fc.uint8Array({ minLength: 1, maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
    }),
    { maxLength: 8 },
  ),
  removes: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 8 }),
});
/** Batches of one moment, then what is asked, then whether it is closed and opened again. */
const step = fc.record({
  batches: fc.array(batch, { maxLength: 3 }),
  start: fc.nat(45),
  end: fc.nat(45),
  limit: fc.integer({ min: 1, max: 20 }),
  reopens: fc.boolean(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function answers(open: () => Promise<RecordDatabase>, steps: readonly Step[]): Promise<unknown[]> {
  const all: unknown[] = [];
  let database = await open();
  for (const { batches, start, end, limit, reopens } of steps) {
    await Promise.all(batches.map((each) => database.write(each)));
    if (reopens) {
      await database.close();
      database = await open();
    }
    const found: [number, string][] = [];
    for (const { key, value } of database.range(start, end, limit))
      found.push([key, Buffer.from(value).toString('hex')]);
    all.push([found, database.lastKey(), database.stats().records]);
  }
  await database.close();
  return all;
}

async function openLong(): Promise<RecordDatabase> {
  const database = openDatabase('/data', noNative);
  await machineFs.appendFile('/data/data.mdb', Buffer.alloc(512 * 1024));
  return database;
}

describe('the simulated lmdb', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-lmdb-'));
  });
  afterEach(() => fs.rm(directory, { recursive: true }));

  it.prop([fc.array(step, { minLength: 1, maxLength: 6 })], { numRuns: 60 })(
    'answers as the real one does',
    async (steps) => {
      const real = await fs.mkdtemp(path.join(directory, 'd'));
      const expected = await answers(async () => openLmdb(real), steps);
      const simulation = new Simulation({ seed: 1 });
      const process = simulation.host('a').spawn('main');
      const actual = await simulation.play(() => process.run(() => answers(openLong, steps)), 600_000);
      expect(actual).toEqual(expected);
    },
  );

  it('keeps what it was told to keep through kills and power cuts, and each batch whole or not at all', async () => {
    const ends = new Set<string>();
    let most = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const simulation = new Simulation({ seed });
      const random = simulation.random.fork('test');
      const host = simulation.host('a');
      let kept = 0;
      const pairOf = (key: number): RecordBatch => ({
        puts: [2 * key, 2 * key + 1].map((each) => ({ key: each, value: Buffer.alloc(random.int(2000), key) })),
        removes: [],
      });
      await simulation.play(async () => {
        await host.spawn('maker').run(async () => {
          await (await openLong()).close();
          const file = await machineFs.open('/data/data.mdb', 'r');
          await file.sync();
          const names = await machineFs.open('/data', 'r');
          await names.sync();
        });
        void host.spawn('writer').run(async () => {
          const database = openDatabase('/data', noNative);
          for (let key = 1; ; key++) {
            await database.write(pairOf(key));
            kept = key;
          }
        });
        await simulation.sleep(random.between(0, 60));
        if (random.chance(0.5)) {
          host.cutPower();
          host.powerOn();
        } else for (const process of host.processes) process.kill();
        const told = kept;
        await simulation.sleep(100);
        const keys = await host
          .spawn('reader')
          .run(() => [...openDatabase('/data', noNative).range(0, 1e6, 1e6)].map(({ key }) => key));
        const pairs = keys.length / 2;
        expect(keys).toEqual(Array.from({ length: 2 * Math.floor(pairs) }, (_, i) => i + 2));
        expect([told, told + 1]).toContain(pairs);
        most = Math.max(most, told);
        ends.add(pairs === told ? 'as told' : 'one more');
      }, 60_000);
    }
    expect(most).toBeGreaterThan(5);
    expect([...ends].sort()).toEqual(['as told', 'one more']);
  });

  it('fails a batch whose write or sync fails, and then it is not there', async () => {
    const simulation = new Simulation({ seed: 3 });
    const process = simulation.host('a').spawn('main');
    const { disk } = process.host;
    const one = (key: number): RecordBatch => ({ puts: [{ key, value: Buffer.from('x') }], removes: [] });
    await simulation.play(
      () =>
        process.run(async () => {
          const database = await openLong();
          await database.write(one(1));
          for (const call of ['write', 'sync'] as const) {
            disk.fail({ call, code: call === 'write' ? 'ENOSPC' : 'EIO' });
            await expect(database.write(one(2))).rejects.toThrow(call === 'write' ? 'ENOSPC' : 'EIO');
          }
          await database.write(one(3));
          expect([...database.range(0, 9, 9)].map(({ key }) => key)).toEqual([1, 3]);
          disk.fail({ call: 'sync', after: 1 });
          await expect(database.write(one(4))).rejects.toThrow('EIO');
          await expect(database.write(one(5))).rejects.toThrow('MDB_PANIC');
          expect(() => database.stats()).toThrow('MDB_PANIC');
        }),
      60_000,
    );
  });
});
