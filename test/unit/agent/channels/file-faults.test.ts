import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fc, it } from '@fast-check/vitest';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import type { Channel } from '../../../../src/agent/channels/channel.ts';
import { EventStore, type Written } from '../../../../src/agent/channels/file/store.ts';
import { file } from '../../../../src/agent/channels/file.ts';
import { realMachine, replaceMachine } from '../../../../src/core/machine.ts';
import { growMount, mountReadOnly, mountSmall, mountsMissing, unmount } from '../../../kit/mounts.ts';
import { makeChannel } from './make.ts';
import { event, put, take, takeAll } from './use.ts';

let directory = '';
const channels: Channel[] = [];
const mounts: string[] = [];
beforeEach(async () => {
  directory = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-faults-'));
});
afterEach(async () => {
  for (const channel of channels.splice(0)) await channel.stop();
  for (const mount of mounts.splice(0)) unmount(mount);
  await fs.rm(directory, { recursive: true });
});

async function start(properties: Record<string, string | number> = {}): Promise<Channel> {
  const channel = makeChannel(file, {
    dataDirs: path.join(directory, 'data'),
    minimumRequiredSpace: 0,
    'keep-alive': 0,
    ...properties,
  });
  await channel.start();
  channels.push(channel);
  return channel;
}

/** Texts of some kilobytes that begin with their number. */
const big = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${from + i} ${'x'.repeat(4000)}`);
const numbers = (texts: readonly string[]): number[] => texts.map((text) => Number(text.split(' ')[0]));
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Puts batches of ten until one is refused; how many events were acknowledged, and the refusal. */
async function fill(channel: Channel): Promise<{ acknowledged: number; error: unknown }> {
  for (let acknowledged = 0; ; acknowledged += 10) {
    try {
      await put(channel, ...big(acknowledged, 10));
    } catch (error) {
      return { acknowledged, error };
    }
  }
}

const mounting = describe.skipIf(mountsMissing !== undefined);
const why = mountsMissing === undefined ? '' : ` (skipped: ${mountsMissing})`;

mounting(`file channel on a full disk${why}`, () => {
  beforeEach(() => {
    mountSmall(directory, '2m');
    mounts.push(directory);
  });

  it('refuses puts with CHANNEL_FULL, loses nothing that was acknowledged, and goes on when there is room', async () => {
    const channel = await start();
    const { acknowledged, error } = await fill(channel);
    expect(error).toMatchObject({ code: 'CHANNEL_FULL', message: expect.stringContaining('usable space exhausted') });
    expect(acknowledged).toBeGreaterThan(0);
    // Another program takes all that is left.
    await fs.writeFile(path.join(directory, 'ballast'), Buffer.alloc(4 * 1024 * 1024)).catch(() => {});
    await expect(put(channel, ...big(acknowledged, 10))).rejects.toMatchObject({ code: 'CHANNEL_FULL' });
    // Even a take may find no room to note itself down; then the events are given again.
    const half = acknowledged / 2;
    const { transaction } = take(channel, half);
    const taken = await transaction.commit().then(
      () => half,
      async (refusal: unknown) => {
        expect(refusal).toMatchObject({ code: 'CHANNEL_FULL' });
        await transaction.rollback();
        return 0;
      },
    );
    growMount(directory, '8m');
    await put(channel, ...big(acknowledged, 10));
    await channel.stop();
    const again = await start();
    expect(numbers(await takeAll(again, 1000))).toEqual(range(acknowledged + 10).slice(taken));
  });

  it('says so at the start, with what was in it before, and starts when there is room', async () => {
    const channel = await start();
    await put(channel, 'a');
    await channel.stop();
    await fs.writeFile(path.join(directory, 'ballast'), Buffer.alloc(4 * 1024 * 1024)).catch(() => {});
    await expect(start()).rejects.toMatchObject({ code: 'CHANNEL_FULL', hint: expect.stringContaining('free space') });
    await fs.rm(path.join(directory, 'ballast'));
    expect(await takeAll(await start())).toEqual(['a']);
  });

  it('takes puts again as soon as its sinks have made room, though its file does not shrink', async () => {
    const channel = await start();
    const { acknowledged } = await fill(channel);
    for (let i = 0; i < acknowledged; i += 10) await takeAll(channel, 10);
    await put(channel, ...big(0, 10));
    expect(numbers(await takeAll(channel))).toEqual(range(10));
  });

  it('fails whole writes that find no room, however many come at once, and lives', async () => {
    await fs.mkdir(path.join(directory, 'data'));
    await fs.writeFile(path.join(directory, 'ballast'), Buffer.alloc(512 * 1024));
    const store = await EventStore.open(path.join(directory, 'data'), 'test');
    const write = (from: number): Promise<Written> =>
      store.write(
        big(from, 10).map((text) => event(text)),
        [],
      );
    let stored = 0;
    for (let failures = 0; failures < 20; ) {
      try {
        await write(stored);
        stored += 10;
      } catch (error) {
        expect(error).toMatchObject({ code: 'CHANNEL_FULL', hint: expect.stringContaining('free space') });
        failures++;
      }
    }
    expect(stored).toBeGreaterThan(0);
    const results = await Promise.allSettled([write(stored), write(stored), write(stored)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(store.count).toBe(stored);
    await fs.rm(path.join(directory, 'ballast'));
    await write(stored);
    expect(numbers(store.read(0, store.next).map((taken) => Buffer.from(taken.event.body).toString()))).toEqual(
      range(stored + 10),
    );
    await store.close();
  });
});

describe('the file of a file channel', () => {
  it.prop(
    [
      fc.array(
        fc.record({
          puts: fc.array(fc.oneof(fc.nat(300), fc.nat(3000), fc.nat(60_000)), { maxLength: 60 }),
          many: fc.nat(1500),
          take: fc.double({ min: 0, max: 1, noNaN: true }),
          spread: fc.integer({ min: 1, max: 7 }),
        }),
        { minLength: 1, maxLength: 12 },
      ),
    ],
    { numRuns: 25 },
  )('is long enough before every write, so that lmdb never meets a full disk', async (steps) => {
    const data = await fs.mkdtemp(path.join(directory, 'p'));
    const store = await EventStore.open(data, 'test');
    for (const { puts, many, take, spread } of steps) {
      const sizes = [...puts, ...Array.from({ length: many }, () => 40)];
      const there = store.read(0, store.next).filter((_, i) => i % spread === 0);
      await Promise.all([
        store.write(
          sizes.map((size) => event('x'.repeat(size))),
          [],
        ),
        store.write([], there.slice(0, Math.floor(there.length * take))),
        store.write([event('y')], []),
      ]);
      expect((await fs.stat(path.join(data, 'data.mdb'))).size).toBe(store.fileBytes);
    }
    await store.close();
    await fs.rm(data, { recursive: true });
  });
});

describe('events that are kept under numbers of their own', () => {
  it.prop(
    [fc.array(fc.nat(3000), { minLength: 1, maxLength: 400 }), fc.array(fc.boolean(), { minLength: 1, maxLength: 9 })],
    {
      numRuns: 25,
    },
  )('stand between the others, and the file is long enough for them', async (sizes, pattern) => {
    const data = await fs.mkdtemp(path.join(directory, 'k'));
    const store = await EventStore.open(data, 'test');
    const later = [];
    for (const [i, size] of sizes.entries()) {
      const made = event(`${i} ${'x'.repeat(size)}`);
      if (pattern[i % pattern.length]) await store.write([made], []);
      else later.push({ seq: store.claimNumbers(1), event: made });
    }
    if (later.length > 0) await store.keep(later);
    expect((await fs.stat(path.join(data, 'data.mdb'))).size).toBe(store.fileBytes);
    const found = [];
    for (let from = 0; from < store.next; ) {
      const some = store.read(from, store.next);
      found.push(...some.map((taken) => Buffer.from(taken.event.body).toString()));
      from = (some.at(-1)?.seq ?? store.next) + 1;
    }
    expect(numbers(found)).toEqual(range(sizes.length));
    await store.close();
    await fs.rm(data, { recursive: true });
  });
});

mounting(`file channel in a directory that may not be written${why}`, () => {
  it('refuses puts with FILE_ACCESS, and goes on when it may be written again', async () => {
    const channel = await start();
    await put(channel, 'a');
    const data = path.join(directory, 'data');
    mountReadOnly(data);
    mounts.push(data);
    await expect
      .poll(() =>
        put(channel, 'b').then(
          () => 'taken',
          (error) => error.code,
        ),
      )
      .toBe('FILE_ACCESS');
    mounts.splice(mounts.indexOf(data), 1);
    unmount(data);
    await put(channel, 'c');
    const texts = await takeAll(channel);
    expect([texts[0], texts.at(-1)]).toEqual(['a', 'c']);
  });

  it('says so at the start', async () => {
    await (await start()).stop();
    const data = path.join(directory, 'data');
    mountReadOnly(data);
    mounts.push(data);
    await expect(start()).rejects.toMatchObject({ code: 'FILE_ACCESS', hint: expect.stringContaining('writable') });
  });
});

describe('file channel whose directory is replaced', () => {
  it('refuses puts, which a restart would not find, and goes on when the directory is back', async () => {
    const channel = await start();
    await put(channel, 'a', 'b');
    const data = path.join(directory, 'data');
    await fs.rename(data, `${data}.away`);
    await expect
      .poll(() =>
        put(channel, 'x').then(
          () => 'taken',
          (error) => error.code,
        ),
      )
      .toBe('FILE_ACCESS');
    await fs.mkdir(data);
    await fs.writeFile(path.join(data, 'data.mdb'), '');
    await expect(put(channel, 'y')).rejects.toMatchObject({
      code: 'FILE_ACCESS',
      message: expect.stringContaining('replaced'),
    });
    await fs.rm(data, { recursive: true });
    await fs.rename(`${data}.away`, data);
    await put(channel, 'c');
    const { transaction, texts } = take(channel, 10);
    expect(texts.filter((text) => text !== 'x')).toEqual(['a', 'b', 'c']);
    await transaction.commit();
  });
});

describe('file channel with a limit of bytes', () => {
  it('refuses what would go over it, and takes more once events were taken', async () => {
    const channel = await start({ byteCapacity: 200_000 });
    const { acknowledged, error } = await fill(channel);
    expect(error).toMatchObject({ code: 'CHANNEL_FULL', message: expect.stringContaining('byteCapacity') });
    expect(acknowledged).toBeGreaterThanOrEqual(20);
    expect(acknowledged).toBeLessThanOrEqual(50);
    expect(numbers(await takeAll(channel, 20))).toEqual(range(20));
    await put(channel, ...big(acknowledged, 10));
    expect(numbers(await takeAll(channel, 100))).toEqual(range(acknowledged + 10).slice(20));
  });
});

describe.skipIf(process.platform !== 'linux')('the addresses that are set aside for a file channel', () => {
  /** How many bytes of addresses the file of the channel has in this process. */
  async function mapped(): Promise<number> {
    const lines = (await fs.readFile('/proc/self/maps', 'utf8')).split('\n');
    const line = lines.find((one) => one.endsWith(path.join(directory, 'data/data.mdb')));
    const [from = '0', to = '0'] = (line ?? '').split(' ')[0]?.split('-') ?? [];
    return Number.parseInt(to, 16) - Number.parseInt(from, 16);
  }

  it('are many, but where the process may not have them (ulimit -v), in which lmdb would die of SIGSEGV', async () => {
    await put(await start(), 'a');
    expect(await mapped()).toBe(2 ** 34);
    await channels.pop()?.stop();
    const { readFileSync } = realMachine.fsSync;
    const limited = ((...given: Parameters<typeof readFileSync>) =>
      given[0] === '/proc/self/limits'
        ? 'Max address space         16000000000          unlimited            bytes\n'
        : readFileSync(...given)) as typeof readFileSync;
    const back = replaceMachine({ ...realMachine, fsSync: { ...realMachine.fsSync, readFileSync: limited } });
    try {
      const channel = await start();
      expect(numbers(await takeAll(channel, 1))).toHaveLength(1);
      await put(channel, ...big(0, 500));
      expect(numbers(await takeAll(channel, 500))).toEqual(range(500));
      expect(await mapped()).toBeLessThan(2 ** 30);
    } finally {
      back();
    }
  });
});
