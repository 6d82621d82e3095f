/** What the spooling directory source promises. */
import type { Stats } from 'node:fs';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { until } from '../../../kit/until.ts';
import { settle } from '../channels/use.ts';
import type { Rig } from './rig.ts';
import { SpoolDirectory, type SpoolProperties } from './spool-rig.ts';

const spool = new SpoolDirectory();
const write = spool.write.bind(spool);
const list = spool.list.bind(spool);

async function all(properties: SpoolProperties = {}): Promise<string[]> {
  return await (await spool.done(properties)).texts();
}

describe('spooldir', () => {
  it('makes each line an event, the last one without its newline too, and renames the file', async () => {
    await write('a', 'one\ntwo\r\n\nlast');
    expect(await all()).toEqual(['one', 'two\r', '', 'last']);
    expect(await list()).toEqual(['a.COMPLETED']);
  });

  it('makes one empty event of an empty file, as Flume does', async () => {
    await write('a', '');
    expect(await all()).toEqual(['']);
  });

  it('reads oldest first, skips hidden, done, ignored and not included files', async () => {
    for (const [i, name] of ['b.log', 'a.log', '.hidden', 'x.COMPLETED', 'no.tmp', 'skip.log'].entries()) {
      await write(name, `${name}\n`);
      await fs.utimes(path.join(spool.path, name), 1000, 1000 + i);
    }
    expect(await all({ includePattern: '.*\\.log', ignorePattern: 'skip.*' })).toEqual(['b.log', 'a.log']);
  });

  it('reads sub-directories when asked to, youngest first', async () => {
    await fs.mkdir(path.join(spool.path, 'sub'));
    await write('a', 'a\n');
    await write('sub/b', 'b\n');
    await fs.utimes(path.join(spool.path, 'a'), 1000, 1000);
    expect(await all({ recursiveDirectorySearch: true, consumeOrder: 'youngest' })).toEqual(['b', 'a']);
  });

  it('cuts long lines between characters, never inside one', async () => {
    await write('a', 'ééééé\n日本語日\n😀😀😀\nab\n');
    expect(await all({ 'deserializer.maxLineLength': 2 })).toEqual([
      'éé',
      'éé',
      'é',
      '日本',
      '語日',
      '😀',
      '😀',
      '😀',
      'ab',
    ]);
  });

  it('reads lines that are longer than any buffer, in bounded pieces', async () => {
    const line = 'é'.repeat(700_000);
    await write('a', `${line}\nend`);
    const texts = await all({ 'deserializer.maxLineLength': 1000 });
    expect(texts.slice(0, -1).join('')).toBe(line);
    expect(texts.at(-1)).toBe('end');
    expect(Math.max(...texts.map((text) => text.length))).toBe(1000);
  });

  it('reads other character sets into UTF-8', async () => {
    await write('a', Buffer.from('é\nà', 'latin1'));
    expect(await all({ inputCharset: 'ISO-8859-1' })).toEqual(['é', 'à']);
  });

  it('reads UTF-16, where a newline byte may be half of a character', async () => {
    await write('b', Buffer.from('Ċa\nb😀', 'utf16le'));
    expect(await all({ inputCharset: 'UTF-16LE' })).toEqual(['Ċa', 'b😀']);
  });

  it.each([
    ['with its mark, low byte first', Buffer.from('\uFEFFĊa\nb😀', 'utf16le')],
    ['with its mark, high byte first', Buffer.from('\uFEFFĊa\nb😀', 'utf16le').swap16()],
    ['without a mark, high byte first', Buffer.from('Ċa\nb😀', 'utf16le').swap16()],
  ])('reads UTF-16 %s', async (_how, bytes) => {
    await write('a', bytes);
    expect(await all({ inputCharset: 'UTF-16', 'deserializer.maxLineLength': 3 })).toEqual(['Ċa', 'b😀']);
  });

  it('goes on after a restart in UTF-16 whose mark is at the begin of the file', async () => {
    const text = Array.from({ length: 10 }, (_, i) => `é${i}\n`).join('');
    await write('a', Buffer.from(`\uFEFF${text}`, 'utf16le'));
    const first = await spool.start({ batchSize: 3, inputCharset: 'UTF-16' }, 7);
    await until(() => first.channel.size === 6);
    await first.source.stop();
    expect(await all({ inputCharset: 'UTF-16' })).toEqual(['é6', 'é7', 'é8', 'é9']);
  });

  it('reads UTF-32, and writes bodies in outputCharset', async () => {
    await write('a', Buffer.from('0000feff000000e90000000a0001f600', 'hex'));
    const made = await spool.start({ inputCharset: 'UTF-32', 'deserializer.outputCharset': 'UTF-16BE' });
    await made.source.whenEnded();
    expect((await made.takeAll()).map(({ body }) => Buffer.from(body).toString('hex'))).toEqual(['00e9', 'd83dde00']);
  });

  it('makes one empty event of a file that is nothing but a byte order mark, as Flume does', async () => {
    await write('a', Buffer.of(0xff, 0xfe));
    expect(await all({ inputCharset: 'UTF-16' })).toEqual(['']);
  });

  it('takes ISO-8859-1 for what it is, not for windows-1252', async () => {
    await write('a', Buffer.of(0x80, 0x93));
    expect(await all({ inputCharset: 'latin1' })).toEqual(['\u0080\u0093']);
  });

  it('cuts between characters of one and of two bytes', async () => {
    await write('a', Buffer.from('b182a06182a20a', 'hex'));
    expect(await all({ inputCharset: 'Shift_JIS', 'deserializer.maxLineLength': 2 })).toEqual(['ｱあ', 'aい']);
  });

  it('makes one event of a line that is just as long as maxLineLength; Flume makes an empty one too', async () => {
    await write('a', 'abc\nabcdef\nabcd\nabc');
    expect(await all({ 'deserializer.maxLineLength': 3 })).toEqual(['abc', 'abc', 'def', 'abc', 'd', 'abc']);
  });

  it('puts one U+FFFD for an encoded surrogate, as Java, and counts only what is decoded as part of the line', async () => {
    await write('a', Buffer.from('61eda080620a', 'hex'));
    expect(await all({ decodeErrorPolicy: 'REPLACE', 'deserializer.maxLineLength': 3 })).toEqual(['a\uFFFDb']);
    await write('b', Buffer.from('61eda080620a', 'hex'));
    expect(await all({ decodeErrorPolicy: 'IGNORE', 'deserializer.maxLineLength': 2 })).toEqual(['ab']);
  });

  it('replaces or leaves out bytes that are no text when told so', async () => {
    await write('a', Buffer.from([0x61, 0xff, 0x62]));
    expect(await all({ decodeErrorPolicy: 'REPLACE' })).toEqual(['a\uFFFDb']);
    await write('b', Buffer.from([0x61, 0xff, 0x62]));
    expect(await all({ decodeErrorPolicy: 'IGNORE' })).toEqual(['ab']);
  });

  it('leaves a file that is no text after its good lines, with one error, and goes on', async () => {
    await write('a', Buffer.concat([Buffer.from('good\n'), Buffer.from([0xff, 0x0a])]));
    await write('b', 'next\n');
    const made = await spool.start();
    await made.source.whenEnded();
    await made.source.whenEnded();
    expect((await made.texts()).sort()).toEqual(['good', 'next']);
    expect(made.errors).toHaveLength(1);
    expect(await list()).toEqual(['a', 'b.COMPLETED']);
  });

  it('leaves a file whose name was used before, delivers its events, and goes on', async () => {
    await write('a.COMPLETED', 'old');
    await write('a', 'new\n');
    await write('b', 'next\n');
    const made = await spool.start();
    await made.source.whenEnded();
    expect((await made.texts()).sort()).toEqual(['new', 'next']);
    expect(made.errors).toEqual([expect.stringContaining('its name was used before')]);
  });

  it('goes on at the last commit after a restart', async () => {
    await write('a', Array.from({ length: 10 }, (_, i) => `${i}\n`).join(''));
    const first = await spool.start({ batchSize: 3 }, 7);
    const before = first.channel;
    while (before.size < 6)
      await before.available(Number.POSITIVE_INFINITY).then(() => new Promise((resolve) => setImmediate(resolve)));
    await first.source.stop();
    expect(await first.texts()).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(await all({ batchSize: 3 })).toEqual(['6', '7', '8', '9']);
  });

  it('keeps its position in a log that stays small, however many commits a file has', async () => {
    await write('a', Array.from({ length: 3000 }, (_, i) => `${i}\n`).join(''));
    const first = await spool.start({ batchSize: 1 }, 2000);
    await until(() => first.channel.size === 2000 && first.counters.ChannelWriteFail > 0);
    await first.source.stop();
    const log = path.join(spool.path, '.flumespool/.streamjob-position.log');
    expect((await fs.stat(log)).size).toBeLessThan(100_000);
    const texts = await all();
    expect([texts[0], texts.length]).toEqual(['2000', 1000]);
  });

  describe('after a restart, in a file that was read in part', () => {
    const lines = (from: number, to: number): string[] =>
      Array.from({ length: to - from }, (_, i) => `line ${String(from + i).padStart(5, '0')}`);
    const text = (from: number, to: number): string =>
      lines(from, to)
        .map((line) => `${line}\n`)
        .join('');
    const file = (): string => path.join(spool.path, 'a');

    /** Reads 600 of 1,000 lines and stops, as the channel takes no more. */
    async function readInPart(): Promise<Stats> {
      await write('a', text(0, 1000));
      // Whole seconds, which a test can set again.
      await fs.utimes(file(), 1_700_000_000, 1_700_000_000);
      const first = await spool.start({ batchSize: 100 }, 650);
      await until(() => first.channel.size === 600);
      await first.source.stop();
      expect(await first.texts()).toEqual(lines(0, 600));
      return fs.stat(file());
    }

    async function restart(): Promise<Rig> {
      const made = await spool.start();
      await made.source.whenEnded();
      return made;
    }

    const others: Record<string, { readonly put: (before: Stats) => Promise<void>; readonly now: string[] }> = {
      'a shorter file in its inode': { put: () => write('a', text(5000, 5500)), now: lines(5000, 5500) },
      'a longer file in its inode': { put: () => write('a', text(5000, 6500)), now: lines(5000, 6500) },
      'a file in its inode that begins like it': { put: () => write('a', text(0, 1500)), now: lines(0, 1500) },
      'an emptied file': { put: () => fs.truncate(file(), 0), now: [''] },
      'a truncated file': { put: () => fs.truncate(file(), text(0, 300).length), now: lines(0, 300) },
      'a file of its size in its inode': { put: () => write('a', text(5000, 6000)), now: lines(5000, 6000) },
      'a file of its size in its inode with its time': {
        put: async ({ atime, mtime }) => {
          await write('a', text(5000, 6000));
          await fs.utimes(file(), atime, mtime);
        },
        now: lines(5000, 6000),
      },
      'another file with its time': {
        put: async ({ atime, mtime }) => {
          await write('b', text(5000, 5500));
          await fs.rename(path.join(spool.path, 'b'), file());
          await fs.utimes(file(), atime, mtime);
        },
        now: lines(5000, 5500),
      },
      'another file of its size that begins like it': {
        put: async () => {
          await write('b', text(0, 700) + text(5000, 5300));
          await fs.rename(path.join(spool.path, 'b'), file());
        },
        now: [...lines(0, 700), ...lines(5000, 5300)],
      },
    };
    it.each(Object.keys(others))('reads %s from its start, and says so', async (name) => {
      const other = others[name];
      const before = await readInPart();
      await other?.put(before);
      const made = await restart();
      expect(await made.texts()).toEqual(other?.now);
      expect(made.counters.GenericProcessingFail).toBe(1);
      expect(made.warnings).toEqual([expect.stringContaining('is not as it was then')]);
      expect(await list()).toEqual(['a.COMPLETED']);
    });

    it('goes on in a copy of it, which has its time, size and content', async () => {
      await readInPart();
      const { atime, mtime } = await fs.stat(file());
      await fs.copyFile(file(), path.join(spool.path, 'b'));
      await fs.rename(path.join(spool.path, 'b'), file());
      await fs.utimes(file(), atime, mtime);
      const made = await restart();
      expect(await made.texts()).toEqual(lines(600, 1000));
      expect(made.counters.GenericProcessingFail).toBe(0);
    });
  });

  it('tries the same batch again until the channel takes it', async () => {
    await write('a', 'a\nb\nc\n');
    const made = await spool.start({ batchSize: 1 }, 1);
    while (made.counters.ChannelWriteFail === 0) await settle();
    expect(await made.next(3)).toEqual(['a', 'b', 'c']);
  });

  it('leaves the spool.path untouched with trackingPolicy tracker_dir, and reads no file twice', async () => {
    const trackerDir = await fs.mkdtemp(path.join(os.tmpdir(), 'streamjob-tracker-'));
    await write('a', 'a\n');
    const tracking = { trackingPolicy: 'tracker_dir', trackerDir };
    expect(await all(tracking)).toEqual(['a']);
    expect(await fs.readdir(spool.path)).toEqual(['a']);
    await write('b', 'b\n');
    expect(await all(tracking)).toEqual(['b']);
    await fs.rm(trackerDir, { recursive: true });
  });

  it('reads a file that takes the name of a marked one, says so, and reads neither again', async () => {
    const tracking = { trackingPolicy: 'tracker_dir' };
    await write('a', 'old\n');
    expect(await all(tracking)).toEqual(['old']);
    await write('b', 'new one\n');
    await fs.rename(path.join(spool.path, 'b'), path.join(spool.path, 'a'));
    const made = await spool.start(tracking);
    await made.source.whenEnded();
    expect(await made.texts()).toEqual(['new one']);
    expect(made.errors).toEqual([expect.stringContaining('its name was used before')]);
    expect(await all(tracking)).toEqual([]);
  });

  it('takes an empty mark, as Flume makes them, for a file that is done', async () => {
    await write('a', 'a\n');
    await fs.mkdir(path.join(spool.path, '.flumespool'));
    await write('.flumespool/a.COMPLETED', '');
    expect(await all({ trackingPolicy: 'tracker_dir' })).toEqual([]);
  });

  it('reads a file that takes the place of one that was left', async () => {
    await write('a', Buffer.from([0xff, 0x0a]));
    const made = await spool.start();
    await until(() => made.errors.length === 1);
    await write('b.tmp', 'good\n');
    await fs.rename(path.join(spool.path, 'b.tmp'), path.join(spool.path, 'a'));
    expect(await made.next(1)).toEqual(['good']);
  });

  it.each([
    ['rename', {}],
    ['remove', { deletePolicy: 'immediate' }],
  ])('does not %s a file that took the name of the one that was read', async (_how, properties) => {
    await write('a', 'old 1\nold 2\n');
    const made = await spool.start({ ...properties, batchSize: 1 }, 1);
    await until(() => made.counters.ChannelWriteFail > 0);
    await write('.new', 'new 1\nnew 2\n');
    await fs.rename(path.join(spool.path, '.new'), path.join(spool.path, 'a'));
    // The old one is read to its end through its open file; then the new one is found.
    expect(await made.next(4)).toEqual(['old 1', 'old 2', 'new 1', 'new 2']);
    expect(made.errors).toEqual([expect.stringContaining('changed or replaced while it was read')]);
  });

  it('removes files when told so, and sets headers', async () => {
    await write('a', 'a\n');
    const made = await spool.start({ deletePolicy: 'immediate', fileHeader: true, basenameHeader: true });
    await made.source.whenEnded();
    expect((await made.takeAll()).map(({ headers }) => headers)).toEqual([
      { file: path.join(spool.path, 'a'), basename: 'a' },
    ]);
    expect(await list()).toEqual([]);
  });

  it('refuses to start without its spool.path', async () => {
    await expect(spool.start({ spoolDir: path.join(spool.path, 'no') })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
    });
  });
});
