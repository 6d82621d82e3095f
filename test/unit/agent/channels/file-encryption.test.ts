/** Encryption at rest: nothing on disk can be read, keys rotate, and what needs a key that is not there is not lost. */
import { createSecretKey, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Keys, NO_KEYS } from '../../../../src/agent/channels/file/keys/keys.ts';
import { decodeRecord, encodeRecords, isEvent, recordBytes } from '../../../../src/agent/channels/file/record.ts';
import { file } from '../../../../src/agent/channels/file.ts';
import { spillable } from '../../../../src/agent/channels/spillable.ts';
import { Problems } from '../../../../src/agent/component/problems.ts';
import type { Setting } from '../../../../src/agent/component/settings.ts';
import { storeOnFailure } from '../../../../src/agent/processors/store-on-failure.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { until } from '../../../kit/until.ts';
import { processorRig } from '../processors/rig.ts';
import { asideIn, damage, made, started } from './disk-rig.ts';
import { event, put, take, takeAll, textOf } from './use.ts';

const SECRET = 'the secret that nobody may read';
const HEADER = 'header-of-secret';

/** Files of keys, each with the mode that it should have. */
function keyFiles(...names: string[]): Record<string, string> {
  const directory = ownDirectory();
  return Object.fromEntries(
    names.map((name) => {
      const where = path.join(directory, `${name}.key`);
      fs.writeFileSync(where, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
      return [name, where];
    }),
  );
}

function encrypted(files: Record<string, string>, active?: string): Record<string, string> {
  return {
    'encryption.keyProvider': 'file',
    'encryption.cipherProvider': 'AESCTRNOPADDING',
    'encryption.keyProvider.keys': Object.keys(files).join(' '),
    ...Object.fromEntries(
      Object.entries(files).map(([name, where]) => [`encryption.keyProvider.keys.${name}.file`, where]),
    ),
    ...(active === undefined ? {} : { 'encryption.activeKey': active }),
  };
}

/** Whether a text stands in any file of a directory. */
function standsIn(directory: string, text: string): boolean {
  return fs
    .readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(directory, name))
    .filter((name) => fs.statSync(name).isFile())
    .some((name) => fs.readFileSync(name).includes(text));
}

describe('an encrypted file channel', () => {
  it('has nothing readable in its directory, headers neither, and gives events as they were', async () => {
    const directory = ownDirectory();
    const properties = encrypted(keyFiles('k1'), 'k1');
    const { channel } = await started(directory, properties);
    const transaction = channel.transaction();
    transaction.begin();
    const long = `${SECRET} ${'x'.repeat(10_000)}`;
    for (const body of [SECRET, long, '']) transaction.put(event(body, { [HEADER]: SECRET }));
    await transaction.commit();
    transaction.close();
    await channel.stop();
    expect([standsIn(directory, SECRET), standsIn(directory, HEADER), standsIn(directory, 'xxxxxxxx')]).toEqual([
      false,
      false,
      false,
    ]);
    const again = await started(directory, properties);
    const taking = again.channel.transaction();
    taking.begin();
    const events = [taking.take(), taking.take(), taking.take()];
    expect(events.map(textOf)).toEqual([SECRET, long, '']);
    for (const each of events) expect({ ...each?.headers }).toEqual({ [HEADER]: SECRET });
    await taking.commit();
    taking.close();
  });

  it('shows that the search would find what is not encrypted', async () => {
    const directory = ownDirectory();
    const { channel } = await started(directory);
    await put(channel, SECRET);
    expect(standsIn(directory, SECRET)).toBe(true);
  });

  it('reads with old keys what was written with them, and without encryption what was written before and after', async () => {
    const directory = ownDirectory();
    const { k1, k2 } = keyFiles('k1', 'k2') as { k1: string; k2: string };
    const stages: Record<string, string>[] = [
      {},
      encrypted({ k1 }, 'k1'),
      encrypted({ k1, k2 }, 'k2'),
      encrypted({ k1, k2 }, 'k2'),
      encrypted({ k1, k2 }),
    ];
    for (const [i, properties] of stages.entries()) {
      const { channel } = await started(directory, properties);
      await put(channel, `event ${i} of them`);
      await channel.stop();
    }
    const seen = stages.map((_, i) => standsIn(directory, `event ${i} of them`));
    expect(seen).toEqual([true, false, false, false, true]);
    const { channel } = await started(directory, encrypted({ k1, k2 }));
    expect(await takeAll(channel)).toEqual(stages.map((_, i) => `event ${i} of them`));
    await channel.stop();
    // What is left is not encrypted: no key is needed any more.
    await started(directory);
  });

  it('refuses its start without a key that events need, with its name and how many they are, and has lost nothing', async () => {
    const directory = ownDirectory();
    const { k1, k2 } = keyFiles('k1', 'k2') as { k1: string; k2: string };
    const first = await started(directory, encrypted({ k1 }, 'k1'));
    await put(first.channel, 'a', 'b', `c ${'x'.repeat(9000)}`);
    await first.channel.stop();
    for (const properties of [{}, encrypted({ k2 }, 'k2')]) {
      await expect(started(directory, properties)).rejects.toMatchObject({
        code: 'ENCRYPTION_KEY',
        message: 'channel c1: 3 events are encrypted with the key k1, which is not given',
        hint: expect.stringContaining('encryption.keyProvider.keys.k1.file'),
      });
    }
    const { channel } = await started(directory, encrypted({ k1, k2 }, 'k2'));
    expect((await takeAll(channel)).map((text) => text[0])).toEqual(['a', 'b', 'c']);
  });

  it('takes no other key of the same name for the right one: that would look as if all events were damaged', async () => {
    const directory = ownDirectory();
    const first = await started(directory, encrypted(keyFiles('k1'), 'k1'));
    await put(first.channel, 'a');
    await first.channel.stop();
    await expect(started(directory, encrypted(keyFiles('k1'), 'k1'))).rejects.toMatchObject({
      code: 'ENCRYPTION_KEY',
      message: 'channel c1: one event is encrypted with another key than the one that is given as k1',
    });
    expect(asideIn(directory)).toEqual([]);
  });

  it('does not ask for the key of a damaged event', async () => {
    const directory = ownDirectory();
    const properties = encrypted(keyFiles('first-key'), 'first-key');
    const first = await started(directory, properties);
    await put(first.channel, 'a');
    await put(first.channel, 'b');
    await first.channel.stop();
    damage(directory, 'first-key');
    const { channel, counters } = await started(directory, properties);
    expect(await takeAll(channel)).toEqual([]);
    await channel.whenEmpty();
    expect(counters.EventDamagedCount).toBe(2);
    expect(asideIn(directory).map(({ event }) => event)).toEqual([1, 2]);
  });

  it.each(['aes-128', 'aes-192', 'aes-256'])('uses the length of the key: %s, in base64 or as it is', async (name) => {
    const bytes = randomBytes(Number(name.slice(4)) / 8);
    const directory = ownDirectory();
    const [raw, text] = [path.join(directory, 'raw'), path.join(directory, 'text')];
    fs.writeFileSync(raw, bytes, { mode: 0o600 });
    fs.writeFileSync(text, bytes.toString('base64'), { mode: 0o600 });
    const data = path.join(directory, 'data');
    const first = await started(data, encrypted({ k: raw }, 'k'));
    await put(first.channel, 'a');
    await first.channel.stop();
    const { channel, lines } = await started(data, encrypted({ k: text }, 'k'));
    expect(await takeAll(channel)).toEqual(['a']);
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('warns of a key file that others can read', async () => {
    const { k1 = '' } = keyFiles('k1');
    fs.chmodSync(k1, 0o644);
    const { lines } = await started(ownDirectory(), encrypted({ k1 }, 'k1'));
    expect(lines.filter(({ level }) => level === 'warn')).toEqual([
      { level: 'warn', facts: { file: k1, mode: '0644' }, message: expect.stringContaining(`chmod 600 ${k1}`) },
    ]);
  });

  it('never says anything of a key, in the log or in an error', async () => {
    const { k1 = '' } = keyFiles('k1');
    fs.chmodSync(k1, 0o644);
    const key = fs.readFileSync(k1, 'utf8').trim();
    const directory = ownDirectory();
    const properties = encrypted({ k1 }, 'k1');
    const { channel, counters, lines } = await started(directory, properties);
    await put(channel, 'a');
    await channel.stop();
    const parsed = file.configure(settingsOf(properties), { owner: 'c1', line: 1, problems: new Problems('f') });
    const other = await started(directory, encrypted(keyFiles('k1'), 'k1')).catch((error: unknown) => error);
    const said = JSON.stringify([lines, counters, parsed?.resolved, String(other), other]);
    for (const secret of [key, Buffer.from(key, 'base64').toString('hex')]) expect(said).not.toContain(secret);
    fs.writeFileSync(k1, `${key}!`);
    const refused = made(ownDirectory(), properties).channel.start();
    await expect(refused).rejects.toMatchObject({ code: 'ENCRYPTION_KEY' });
    await expect(refused).rejects.not.toThrow(key.slice(0, 8));
  });

  it.each([
    ['is not there', undefined],
    ['is empty', ''],
    ['is too short', 'abc'],
    ['is hexadecimal', randomBytes(16).toString('hex')],
  ])('refuses a key file that %s', async (_, content) => {
    const directory = ownDirectory();
    const where = path.join(directory, 'key');
    if (content !== undefined) fs.writeFileSync(where, content, { mode: 0o600 });
    const data = path.join(directory, 'data');
    await expect(started(data, encrypted({ k: where }, 'k'))).rejects.toMatchObject({
      code: 'ENCRYPTION_KEY',
      message: expect.stringContaining('channel c1: the key k cannot be used: '),
    });
    expect(fs.existsSync(data)).toBe(false);
  });
});

describe('keys in the environment', () => {
  const NAME = 'STREAMJOB_TEST_KEY';
  beforeEach(() => {
    process.env[NAME] = randomBytes(16).toString('base64');
  });
  afterEach(() => {
    delete process.env[NAME];
  });
  const properties = {
    'encryption.keyProvider': 'env',
    'encryption.keyProvider.keys': 'k',
    'encryption.keyProvider.keys.k.env': NAME,
    'encryption.activeKey': 'k',
  };

  it('are used', async () => {
    const directory = ownDirectory();
    const { channel } = await started(directory, properties);
    await put(channel, SECRET);
    expect(standsIn(directory, SECRET)).toBe(false);
    expect(await takeAll(channel)).toEqual([SECRET]);
  });

  it('are refused when they are not set, or no keys', async () => {
    process.env[NAME] = 'nothing';
    await expect(started(ownDirectory(), properties)).rejects.toMatchObject({ code: 'ENCRYPTION_KEY' });
    delete process.env[NAME];
    await expect(started(ownDirectory(), properties)).rejects.toMatchObject({
      code: 'ENCRYPTION_KEY',
      message: expect.stringContaining(`environment variable ${NAME} is not set`),
    });
  });
});

describe('other stores', () => {
  it('of a spillable memory channel are encrypted: what overflows, and what a stop writes', async () => {
    const directory = ownDirectory();
    const properties = {
      ...encrypted(keyFiles('k1'), 'k1'),
      memoryCapacity: 2,
      overflowCapacity: 100,
      overflowTimeout: 0,
    };
    const { channel } = await started(directory, properties, spillable);
    for (let i = 0; i < 6; i++) await put(channel, `${SECRET} ${i}`);
    await channel.stop();
    expect(standsIn(directory, SECRET)).toBe(false);
    const again = await started(directory, properties, spillable);
    expect(await takeAll(again.channel)).toEqual(Array.from({ length: 6 }, (_, i) => `${SECRET} ${i}`));
  });

  it('of a store_on_failure group are encrypted', async () => {
    const directory = ownDirectory();
    const properties = { ...encrypted(keyFiles('k1'), 'k1'), directory, minimumRequiredSpace: 0 };
    const rig = await processorRig(storeOnFailure, properties, { takes: false });
    await put(rig.channel, SECRET, 'next');
    await until(() => rig.counters.SpillSize === 2);
    expect(standsIn(directory, SECRET)).toBe(false);
    rig.receiver.takes = true;
    await until(() => {
      rig.clock.advance(1000);
      return rig.receiver.texts.length === 2;
    });
    expect(rig.receiver.texts).toEqual([SECRET, 'next']);
    await rig.close();
  });
});

describe('an encrypted record', () => {
  const encodeRecord = (seq: number, event: Parameters<typeof recordBytes>[0], keys: Keys): Buffer =>
    encodeRecords([{ seq, event }], [recordBytes(event, keys)], keys)[0]?.value ?? Buffer.alloc(0);
  const keys = new Keys(new Map([['k', createSecretKey(randomBytes(32)).export()]]), 'k');
  const one = event('body', { a: 'b' });

  it('is as long as is said before', () => {
    expect(encodeRecord(1, one, keys)).toHaveLength(recordBytes(one, keys));
    expect(encodeRecord(1, one, NO_KEYS)).toHaveLength(recordBytes(one));
  });

  it('is another one each time, and cannot be read as another event', () => {
    const [record, again] = [encodeRecord(1, one, keys), encodeRecord(1, one, keys)];
    expect(record.equals(again)).toBe(false);
    const decoded = decodeRecord(1, record, keys);
    expect(isEvent(decoded) && [{ ...decoded.headers }, Buffer.from(decoded.body).toString()]).toEqual([
      { a: 'b' },
      'body',
    ]);
    expect(decodeRecord(2, record, keys)).toEqual({ damage: 'its checksum is wrong' });
  });

  it('that was changed on purpose, with its checksum, is found out', async () => {
    const { crc32 } = await import('node:zlib');
    const forged = (number: number, change: (record: Buffer) => void): Buffer => {
      const record = encodeRecord(1, one, keys);
      change(record);
      record.writeUInt32BE(0, 0);
      record.writeUInt32BE(crc32(record, number), 0);
      return record;
    };
    expect(
      decodeRecord(
        1,
        forged(1, () => {}),
        keys,
      ),
    ).toHaveProperty('body');
    const wrong = { damage: 'it was changed or moved since it was encrypted' };
    expect(
      decodeRecord(
        2,
        forged(2, () => {}),
        keys,
      ),
    ).toEqual(wrong);
    const last = (record: Buffer): void => {
      record[record.length - 1] = (record.at(-1) ?? 0) ^ 1;
    };
    expect(decodeRecord(1, forged(1, last), keys)).toEqual(wrong);
  });
});

function settingsOf(properties: Readonly<Record<string, string>>): Map<string, Setting> {
  return new Map(Object.entries(properties).map(([key, value], i) => [key, { key, value, line: i + 1 }]));
}

describe('the properties of encryption', () => {
  const told = (properties: Record<string, string>): string[] => {
    const problems = new Problems('conf');
    file.configure(settingsOf(properties), { owner: 'channel c1', line: 9, problems });
    return problems.all.map((problem) => problems.format(problem));
  };
  const right = encrypted({ k1: '/k1', k2: '/k2' }, 'k1');

  it('are taken', () => {
    expect(told(right)).toEqual([]);
    expect(Object.keys(spillable.fields)).toEqual(
      expect.arrayContaining(Object.keys(file.fields).filter((name) => name.startsWith('encryption.'))),
    );
  });

  it.each<[string, Record<string, string>, string]>([
    [
      'a key without a provider',
      { 'encryption.activeKey': 'k1' },
      'conf:1: channel c1: encryption.activeKey needs encryption.keyProvider',
    ],
    [
      'another provider',
      { ...right, 'encryption.keyProvider': 'vault' },
      'encryption.keyProvider is "vault", expected file or env',
    ],
    [
      'another cipher',
      { ...right, 'encryption.cipherProvider': 'ROT13' },
      'encryption.cipherProvider is "ROT13", expected AESCTRNOPADDING',
    ],
    [
      'an active key that is not listed',
      { ...right, 'encryption.activeKey': 'k3' },
      'encryption.activeKey is "k3", which',
    ],
    ['no keys', { 'encryption.keyProvider': 'file' }, 'encryption.keyProvider.keys names no key'],
    [
      'a key without a place',
      { ...right, 'encryption.keyProvider.keys': 'k1 k2 k3' },
      'names k3, and encryption.keyProvider.keys.k3.file is missing',
    ],
    [
      'a place of no key',
      { ...right, 'encryption.keyProvider.keys.k4.file': '/k4' },
      'encryption.keyProvider.keys.k4.file is not known',
    ],
    ['a key store of Java', { ...right, 'encryption.keyProvider': 'JCEKSFILE' }, 'jshell -s'],
  ])('are refused with what is wrong: %s', (_, properties, expected) => {
    expect(told(properties).join('\n')).toContain(expected);
  });
});

it('takes of an encrypted channel that were rolled back come again', async () => {
  const { channel } = await started(ownDirectory(), encrypted(keyFiles('k1'), 'k1'));
  await put(channel, 'a', 'b');
  const { texts, transaction } = take(channel, 2);
  await transaction.rollback();
  transaction.close();
  expect([texts, await takeAll(channel)]).toEqual([
    ['a', 'b'],
    ['a', 'b'],
  ]);
});
