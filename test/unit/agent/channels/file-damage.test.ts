/** What a file channel does about bytes that were changed on its disk: a damaged event costs that event, a damaged page is told. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fc, it as prop } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { Damaged } from '../../../../src/agent/channels/file/damaged.ts';
import { openLmdb } from '../../../../src/agent/channels/file/lmdb.ts';
import { EventStore } from '../../../../src/agent/channels/file/store.ts';
import { spillable } from '../../../../src/agent/channels/spillable.ts';
import { watched } from '../../../kit/cli.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { collectingLogger } from '../../../kit/log.ts';
import { asideIn, damage, damagePage, rootOf, started } from './disk-rig.ts';
import type { FlipResult } from './flipped.ts';
import { event, put, takeAll } from './use.ts';

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => `event ${i} of them`);

describe('a damaged event', () => {
  it('is left out, counted, named in the log and put aside; the others come in order, and the channel gets empty', async () => {
    const directory = ownDirectory();
    const first = await started(directory);
    await put(first.channel, ...numbered(5));
    await first.channel.stop();
    damage(directory, 'event 2 of');
    const { channel, counters, lines } = await started(directory);
    expect(channel.size).toBe(5);
    expect(await takeAll(channel)).toEqual(numbered(5).filter((_, i) => i !== 2));
    await channel.whenEmpty();
    expect([channel.size, counters.EventDamagedCount, counters.EventTakeSuccessCount]).toEqual([0, 1, 4]);
    const told = lines.filter(({ level }) => level === 'error');
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ facts: { directory, event: 3, damage: 'its checksum is wrong' } });
    expect(told[0]?.message).toContain(`channel c1: event 3 in ${directory} is damaged (its checksum is wrong)`);
    await channel.stop();
    const aside = asideIn(directory);
    expect(aside).toMatchObject([{ event: 3, damage: 'its checksum is wrong' }]);
    expect(Buffer.from(aside[0]?.base64 ?? '', 'base64').toString()).toContain(' 2 of them');
    const third = await started(directory);
    expect([third.channel.size, await takeAll(third.channel)]).toEqual([0, []]);
    expect(third.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('does not hide what is behind it, however many of them there are', async () => {
    const directory = ownDirectory();
    const first = await started(directory);
    for (let i = 0; i < 25; i++) await put(first.channel, ...Array.from({ length: 100 }, () => 'damage me'));
    await put(first.channel, 'good');
    await first.channel.stop();
    damage(directory, 'damage me');
    const { channel, counters, lines } = await started(directory);
    expect(await channel.available(0)).toBe(true);
    expect(await takeAll(channel)).toEqual(['good']);
    await channel.whenEmpty();
    expect(counters.EventDamagedCount).toBe(2500);
    // The log is not flooded, and says of each of them or of how many more.
    const told = lines.filter(({ level }) => level === 'error');
    expect(told.length).toBeLessThan(30);
    const more = told.slice(20).map(({ facts }) => ('events' in facts ? Number(facts.events) : Number.NaN));
    expect(20 + more.reduce((sum, count) => sum + count, 0)).toBe(2500);
    await channel.stop();
    expect(asideIn(directory)).toHaveLength(2500);
  });

  it('is not waited for when it is all that there is', async () => {
    const directory = ownDirectory();
    const first = await started(directory);
    await put(first.channel, 'damage me');
    await first.channel.stop();
    damage(directory, 'damage me');
    const { channel } = await started(directory);
    expect(await channel.available(0)).toBe(false);
    await channel.whenEmpty();
    await put(channel, 'next');
    expect(await takeAll(channel)).toEqual(['next']);
  });

  it('makes room in a full channel', async () => {
    const directory = ownDirectory();
    const bounds = { capacity: 1, transactionCapacity: 1 };
    const first = await started(directory, bounds);
    await put(first.channel, 'damage me');
    await first.channel.stop();
    damage(directory, 'damage me');
    const { channel } = await started(directory, { ...bounds, 'keep-alive': 60 });
    const waiting = put(channel, 'next');
    expect(await takeAll(channel, 1)).toEqual([]);
    await waiting;
    expect(await takeAll(channel, 1)).toEqual(['next']);
  });

  it('stays, and is met by the next start, when it cannot be put aside', async () => {
    const { lines, log } = collectingLogger();
    const directory = path.join(ownDirectory(), 'missing');
    const removed: number[] = [];
    let left = 0;
    const damaged = new Damaged({
      owner: 'channel c1',
      directory,
      log,
      remove: async (records) => void removed.push(...records.map(({ key }) => key)),
      left: (events) => {
        left += events;
      },
    });
    damaged.found({ key: 7, value: Buffer.from('bytes'), what: 'its checksum is wrong' });
    await damaged.settled();
    // It does not count as in the channel any more: who waits until that is empty would wait for ever.
    expect([removed, left]).toEqual([[], 1]);
    expect(lines.at(-1)).toMatchObject({ level: 'error', facts: { events: [7], directory } });
    expect(lines.at(-1)?.message).toContain('could not be put aside, the next start meets them again');
  });

  it('under another number is damaged, too: the order cannot be changed by bytes', async () => {
    const directory = ownDirectory();
    const store = await EventStore.open(directory, 'test');
    await store.write([event('one'), event('two')], []);
    await store.close();
    const db = openLmdb(directory);
    const records = [...db.range(0, 10, 10)].map(({ key, value }) => ({ key: 3 - key, value: Buffer.from(value) }));
    await db.close();
    const found: number[] = [];
    const copy = await EventStore.open(ownDirectory(), 'test', { damaged: ({ key }) => found.push(key) });
    await copy.copy(records.reverse());
    expect(copy.read(0, 10)).toEqual([]);
    expect(found).toEqual([1, 2]);
    await copy.close();
  });

  it('on the disk of a spillable memory channel costs that event, too', async () => {
    const directory = ownDirectory();
    const properties = { memoryCapacity: 0, overflowCapacity: 10 };
    const first = await started(directory, properties, spillable);
    await put(first.channel, ...numbered(4));
    await first.channel.stop();
    damage(directory, 'event 1 of');
    const { channel, counters } = await started(directory, properties, spillable);
    expect(await takeAll(channel, 10)).toEqual(numbered(4).filter((_, i) => i !== 1));
    await channel.whenEmpty();
    expect([channel.size, counters.EventDamagedCount, counters.OverflowSize]).toEqual([0, 1, 0]);
  });
});

describe("cases of Flume's TestFileChannel", () => {
  /** Of 100 events one has a changed byte. @returns what is taken */
  async function oneDamaged(fsyncPerTransaction: string) {
    const directory = ownDirectory();
    const first = await started(directory, { fsyncPerTransaction });
    await put(first.channel, ...numbered(100));
    await first.channel.stop();
    damage(directory, 'event 41 of');
    const { channel, counters } = await started(directory, { fsyncPerTransaction });
    const taken = await takeAll(channel, 100);
    await channel.whenEmpty();
    return { taken, counters };
  }

  it('testfilechannel/testchanneldiesoncorrupteventnofsync#145: a damaged byte costs one event', async () => {
    const { counters, taken } = await oneDamaged('false');
    expect(taken).toHaveLength(99);
    expect(counters.EventDamagedCount).toBe(1);
  });

  it('testfilechannel/testchanneldiesoncorrupteventfsync#144: where Flume closes the channel, it is told and costs one event here', async () => {
    const { counters, taken } = await oneDamaged('true');
    expect(taken).toEqual(numbered(100).filter((_, i) => i !== 41));
    expect(counters.EventDamagedCount).toBe(1);
  });
});

describe('a damaged page', () => {
  async function filled(): Promise<string> {
    const directory = ownDirectory();
    const { channel } = await started(directory);
    for (let i = 0; i < 5; i++)
      await put(channel, ...Array.from({ length: 50 }, (_, k) => `${i}-${k} ${'x'.repeat(200)}`));
    await channel.stop();
    return directory;
  }

  it.each([
    ['its number', 0],
    ['its commit', 15],
    ['its kind', 18],
    ['its list of nodes', 24],
  ])('refuses the start, and names the file and what to do: %s', async (_, at) => {
    const directory = await filled();
    const root = rootOf(directory);
    damagePage(directory, root, at);
    await expect(started(directory)).rejects.toMatchObject({
      code: 'CHANNEL_CORRUPT',
      message: expect.stringContaining(`${path.join(directory, 'data.mdb')} is damaged: page ${root}: `),
      hint: expect.stringContaining(`streamjob tool fcintegrity -l ${directory}`),
    });
    // Whoever is refused leaves the directory to the next one.
    damagePage(directory, root, at);
    expect((await started(directory)).channel.size).toBe(250);
  });

  it.each([
    ['the number of the last commit', 152],
    ['how many records there are', 128],
    ['where they are', 136],
    ['the list of free pages', 88],
  ])('at the front of the file is found out: %s', async (_, at) => {
    const directory = await filled();
    const bytes = fs.readFileSync(path.join(directory, 'data.mdb'));
    const newer = bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(4096 + 152) ? 0 : 1;
    damagePage(directory, newer, at, 0x04);
    await expect(started(directory)).rejects.toMatchObject({ code: 'CHANNEL_CORRUPT' });
  });

  it('is found before lmdb would die of it, and no event is lost silently, whatever bit it is', async () => {
    const directory = ownDirectory();
    const { channel } = await started(directory);
    const body = (i: number): string => `${i} ${'x'.repeat(i % 20 === 0 ? 6000 : (i * 37) % 300)}`;
    for (let i = 0; i < 300; i += 20) await put(channel, ...Array.from({ length: 20 }, (_, k) => body(i + k)));
    await takeAll(channel, 37);
    await takeAll(channel, 63);
    await put(channel, body(300));
    await channel.stop();
    const all = Array.from({ length: 201 }, (_, i) => body(100 + i));
    const script = fileURLToPath(new URL('./flipped.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script, directory, '0', '150'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { code, stderr, stdout } = await watched(child).ended;
    const lines = stdout.trim().split('\n');
    expect([code, lines.at(-2), stderr]).toEqual([0, 'seed 149', '']);
    const kinds = new Set<string>();
    for (const line of lines.filter((each) => each.startsWith('{'))) {
      const { damaged = 0, refused, seed, taken = [] } = JSON.parse(line) as FlipResult;
      kinds.add(refused ?? (damaged > 0 ? 'damaged' : 'whole'));
      if (refused !== undefined) continue;
      expect(taken.at(-1)).toBe('after');
      const events = taken.slice(0, -1);
      expect([seed, events.length + damaged]).toEqual([seed, all.length]);
      expect([seed, events]).toEqual([seed, all.filter((text) => events.includes(text))]);
    }
    expect([...kinds].sort()).toEqual(['CHANNEL_CORRUPT', 'damaged', 'whole']);
  }, 120_000);

  prop.prop(
    [
      fc.array(
        fc.record({
          puts: fc.array(fc.oneof(fc.nat(300), fc.nat(3000), fc.nat(60_000)), { maxLength: 40 }),
          many: fc.nat(800),
          take: fc.double({ min: 0, max: 1, noNaN: true }),
          spread: fc.integer({ min: 1, max: 7 }),
          again: fc.boolean(),
        }),
        { minLength: 1, maxLength: 12 },
      ),
    ],
    { numRuns: 25 },
  )('is never found in a file that only lmdb has written', async (steps) => {
    const directory = ownDirectory();
    let store = await EventStore.open(directory, 'test');
    for (const { again, many, puts, spread, take } of steps) {
      const there = store.read(0, store.next).filter((_, i) => i % spread === 0);
      const later = { seq: store.claimNumbers(1), event: event('later') };
      await Promise.all([
        store.write(
          [...puts, ...Array.from({ length: many }, () => 40)].map((size) => event('x'.repeat(size))),
          [],
        ),
        store.write([], there.slice(0, Math.floor(there.length * take))),
      ]);
      await store.keep([later]);
      if (!again) continue;
      const { count } = store;
      await store.close();
      store = await EventStore.open(directory, 'test');
      expect(store.count).toBe(count);
    }
    await store.close();
    await (await EventStore.open(directory, 'test')).close();
  });
});
