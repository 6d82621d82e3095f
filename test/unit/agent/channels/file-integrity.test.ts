/** The integrity tool of file channels: what it finds in a directory, and what a repair keeps. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fc, it } from '@fast-check/vitest';
import { afterAll, describe, expect } from 'vitest';
import { checkIntegrity, type IntegrityOptions, isClean } from '../../../../src/agent/channels/file/integrity/index.ts';
import { Keys, NO_KEYS } from '../../../../src/agent/channels/file/keys/keys.ts';
import { EventStore } from '../../../../src/agent/channels/file/store.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { asideIn, damage, damagePage, rootOf, started } from './disk-rig.ts';
import { event, put, takeAll } from './use.ts';

const look = (directory: string, options: Partial<IntegrityOptions> = {}) =>
  checkIntegrity(directory, { keys: NO_KEYS, repair: false, ...options });

/** A channel that was filled and stopped. */
async function filled(...transactions: readonly (readonly string[])[]): Promise<string> {
  const directory = ownDirectory();
  const { channel } = await started(directory);
  for (const texts of transactions) await put(channel, ...texts);
  await channel.stop();
  return directory;
}

async function left(directory: string): Promise<string[]> {
  const { channel } = await started(directory);
  return await takeAll(channel, 10_000);
}

/** Five transactions of 100 events, in several leaves of lmdb's. */
const many = Array.from({ length: 5 }, (_, t) =>
  Array.from({ length: 100 }, (_, i) => `event ${t * 100 + i} of them ${'x'.repeat(100)}`),
);

/** The pages of the leaves. */
function leavesOf(directory: string): number[] {
  const bytes = fs.readFileSync(path.join(directory, 'data.mdb'));
  const root = rootOf(directory) * 4096;
  return Array.from({ length: bytes.readUInt16LE(root + 20) / 2 }, (_, i) =>
    bytes.readUInt32LE(root + 24 + bytes.readUInt16LE(root + 24 + 2 * i)),
  );
}

describe("cases of Flume's TestFileChannelIntegrityTool", () => {
  const texts = Array.from({ length: 25 }, (_, i) => `${i % 4}: event ${i} of them`);
  const fives = Array.from({ length: 5 }, (_, i) => texts.slice(i * 5, i * 5 + 5));

  it('testfilechannelintegritytool/testfixinvalidrecords#149: events that the validator refuses are removed', async () => {
    const directory = await filled(...fives);
    const validate = ({ body }: { body: Uint8Array }): boolean => body[0] !== '0'.charCodeAt(0);
    const { inspection, repaired } = await look(directory, { validate, repair: true });
    const refused = texts.flatMap((text, i) => (text.startsWith('0') ? [i + 1] : []));
    expect(inspection).toMatchObject({ events: 25, whole: 25, damaged: [], refused });
    expect(repaired).toMatchObject({ kept: 25 - refused.length, removed: refused.length });
    expect(asideIn(directory).map(({ event }) => event)).toEqual(refused);
    expect(await left(directory)).toEqual(texts.filter((text) => !text.startsWith('0')));
  });

  it('testfilechannelintegritytool/testfixcorruptrecords#469: damaged events are removed, and the file is kept as it was', async () => {
    const directory = await filled(...fives);
    for (const i of [0, 10, 20]) damage(directory, `event ${i} of`);
    const before = fs.readFileSync(path.join(directory, 'data.mdb'));
    const { inspection, repaired } = await look(directory, { repair: true });
    const what = 'its checksum is wrong';
    expect(inspection.damaged).toEqual([1, 11, 21].map((event) => ({ event, what })));
    expect(repaired?.backup).toMatch(/data\.mdb\..*\.bak$/);
    expect(fs.readFileSync(repaired?.backup ?? '').equals(before)).toBe(true);
    expect(await left(directory)).toEqual(texts.filter((_, i) => ![0, 10, 20].includes(i)));
  });
});

describe('the integrity tool', () => {
  it('changes nothing of what is whole, repair or not', async () => {
    const directory = await filled(['a', 'b']);
    const before = fs.readFileSync(path.join(directory, 'data.mdb'));
    const { inspection, repaired } = await look(directory, { repair: true });
    expect([isClean(inspection), inspection.events, inspection.whole, repaired]).toEqual([true, 2, 2, undefined]);
    expect(fs.readdirSync(directory).sort()).toEqual(['data.mdb', 'lock.mdb']);
    expect(fs.readFileSync(path.join(directory, 'data.mdb')).equals(before)).toBe(true);
  });

  it('only looks without repair', async () => {
    const directory = await filled(['damage me', 'b']);
    damage(directory, 'damage me');
    const before = fs.readFileSync(path.join(directory, 'data.mdb'));
    expect((await look(directory)).inspection).toMatchObject({ whole: 1, damaged: [{ event: 1 }] });
    expect(fs.readFileSync(path.join(directory, 'data.mdb')).equals(before)).toBe(true);
  });

  it('refuses a directory that a channel has open, and leaves it to the next channel', async () => {
    const directory = ownDirectory();
    const { channel } = await started(directory);
    await expect(look(directory)).rejects.toMatchObject({ code: 'CHANNEL_LOCKED' });
    await channel.stop();
    await look(directory);
    await started(directory);
  });

  it('says what it cannot look into', async () => {
    const directory = ownDirectory();
    await expect(look(path.join(directory, 'none'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    expect((await look(directory)).inspection).toMatchObject({ events: 0, whole: 0, pages: [] });
    fs.writeFileSync(path.join(directory, 'log-1'), '');
    await expect(look(directory)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('reads on past a damaged page, says which events it may have had, and how many are lost', async () => {
    const directory = await filled(...many);
    const leaves = leavesOf(directory);
    // Nothing of its nodes can be found without their list.
    damagePage(directory, leaves[3] ?? 0, 20, 0x01);
    await expect(started(directory)).rejects.toMatchObject({ code: 'CHANNEL_CORRUPT' });
    const { inspection, repaired } = await look(directory, { repair: true });
    expect(inspection.pages).toEqual([
      expect.stringMatching(
        `^page ${leaves[3]}: its list of nodes is wrong; events from number \\d+ to \\d+ may be lost$`,
      ),
    ]);
    expect(inspection.lost).toBeGreaterThan(5);
    const [, from = '', to = ''] = /number (\d+) to (\d+)/.exec(inspection.pages[0] ?? '') ?? [];
    expect(Number(to) - Number(from) + 1).toBe(inspection.lost);
    expect(repaired).toMatchObject({ kept: 500 - inspection.lost, removed: 0, removedFile: undefined });
    const all = many.flat();
    expect(await left(directory)).toEqual([...all.slice(0, Number(from) - 1), ...all.slice(Number(to))]);
  });

  it.each([
    ['its number', 1],
    ['its commit', 15],
    ['its kind', 18],
  ])('keeps the events of a page whose head alone is damaged: %s', async (_, at) => {
    const directory = await filled(...many);
    for (const page of [rootOf(directory), leavesOf(directory)[2] ?? 0]) damagePage(directory, page, at);
    const { inspection } = await look(directory, { repair: true });
    expect(inspection).toMatchObject({ whole: 500, lost: 0 });
    expect(inspection.pages).toHaveLength(2);
    expect(await left(directory)).toEqual(many.flat());
  });

  it('goes back by one commit when that is all that can be read', async () => {
    const directory = await filled(['a'], ['b'], ['c']);
    damagePage(directory, rootOf(directory), 20, 0x01);
    const { inspection } = await look(directory, { repair: true });
    expect(inspection).toMatchObject({ isBefore: true, whole: 2 });
    expect(await left(directory)).toEqual(['a', 'b']);
  });

  it('mends what lmdb has noted of its pages when no event is damaged', async () => {
    const directory = await filled(...many);
    const bytes = fs.readFileSync(path.join(directory, 'data.mdb'));
    const newer = bytes.readBigUInt64LE(152) > bytes.readBigUInt64LE(4096 + 152) ? 0 : 1;
    damagePage(directory, newer, 128, 0x04);
    const { inspection } = await look(directory, { repair: true });
    expect(inspection).toMatchObject({ whole: 500, damaged: [] });
    expect(await left(directory)).toEqual(many.flat());
  });

  it('has nothing to keep of a file that is none of lmdb, and does not touch it', async () => {
    const directory = ownDirectory();
    fs.writeFileSync(path.join(directory, 'data.mdb'), 'something else'.repeat(1000));
    const { inspection, repaired } = await look(directory, { repair: true });
    expect([isClean(inspection), repaired]).toEqual([false, undefined]);
    expect(fs.readFileSync(path.join(directory, 'data.mdb'), 'utf8')).toContain('something else');
  });

  it('counts encrypted events by their keys, and finds damage in them without a key', async () => {
    const directory = ownDirectory();
    const [one, other] = [randomBytes(32), randomBytes(16)];
    const keys = new Map([
      ['k1', one],
      ['k2', other],
    ]);
    for (const [i, active] of ['k1', 'k2', 'k2'].entries()) {
      const store = await EventStore.open(directory, 'test', { keys: new Keys(keys, active) });
      await store.write([event(`event ${i}`), event('zero')], []);
      await store.close();
    }
    expect((await look(directory)).inspection).toMatchObject({ encrypted: { k1: 2, k2: 4 }, locked: 6, whole: 6 });
    const validate = ({ body }: { body: Uint8Array }): boolean => Buffer.from(body).toString() !== 'zero';
    const seen = await look(directory, { keys: new Keys(new Map([['k1', one]]), undefined), validate });
    expect(seen.inspection).toMatchObject({ locked: 4, refused: [2] });
    const repaired = await look(directory, { keys: new Keys(keys, undefined), validate, repair: true });
    expect(repaired.repaired).toMatchObject({ kept: 3, removed: 3 });
    // They stay encrypted, where they are kept and where they are put aside.
    const store = await EventStore.open(directory, 'test', { keys: new Keys(keys, undefined) });
    expect(store.read(0, store.next).map((taken) => Buffer.from(taken.event.body).toString())).toEqual([
      'event 0',
      'event 1',
      'event 2',
    ]);
    await store.close();
    expect(asideIn(directory).some(({ base64 }) => Buffer.from(base64, 'base64').includes('zero'))).toBe(false);
    const names = fs.readdirSync(directory).filter((name) => name.startsWith('data.mdb'));
    for (const name of names) expect(fs.readFileSync(path.join(directory, name)).includes('event ')).toBe(false);
  });

  it.prop([fc.nat(), fc.nat(4095), fc.nat(7), fc.boolean()], { numRuns: 80 })(
    'makes a channel of any damaged file that starts, in order, and with nothing that was never put',
    async (where, place, bit, isHead) => {
      const directory = ownDirectory();
      fs.cpSync(await sample(), directory, { recursive: true });
      const pages = Math.ceil(
        fs.readFileSync(path.join(directory, 'data.mdb')).findLastIndex((byte) => byte !== 0) / 4096,
      );
      damagePage(directory, where % pages, isHead ? place % 64 : place, 1 << bit);
      const { inspection, repaired } = await look(directory, { repair: true });
      const { damaged, events, isBefore, lost, whole } = inspection;
      if (!isBefore && inspection.pages.every((page) => !page.includes('are noted')))
        expect(whole + damaged.length + lost).toBe(events);
      if (inspection.from === undefined) return;
      const store = await EventStore.open(directory, 'test');
      const texts = store.read(0, store.next).map((taken) => Buffer.from(taken.event.body).toString());
      await store.close();
      expect(texts).toHaveLength(repaired?.kept ?? whole);
      const all = many.flat();
      expect(texts).toEqual(all.filter((text) => texts.includes(text)));
    },
  );
});

let sampled: string | undefined;

/** A channel of which some events were taken; it stays until all tests have ended. */
async function sample(): Promise<string> {
  if (sampled !== undefined) return sampled;
  sampled = fs.mkdtempSync(path.join(os.tmpdir(), 'streamjob-sample-'));
  const store = await EventStore.open(sampled, 'test');
  for (const texts of many)
    await store.write(
      texts.map((text) => event(text)),
      [],
    );
  await store.write([], store.read(0, 150));
  await store.close();
  return sampled;
}

afterAll(() => {
  if (sampled !== undefined) fs.rmSync(sampled, { recursive: true, force: true });
});
