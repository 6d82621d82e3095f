/** The cases of Flume's TestSpoolDirectorySource and TestReliableSpoolingFileEventReader, each under its id. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { spooldir } from '../../../../src/agent/sources/spooldir.ts';
import { ownDirectory } from '../../../kit/directory.ts';
import { until } from '../../../kit/until.ts';
import { type Rig, rig } from './rig.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

type Files = Readonly<Record<string, string>>;
type Properties = Readonly<Record<string, string | number | boolean>>;

/** The files that most of the cases have. */
const FIVE: Files = {
  file0: '',
  file1: 'file1line0\n',
  file2: 'file2line0\nfile2line1\n',
  file3: 'file3line0\nfile3line1\nfile3line2\n',
  emptylineFile: '\n',
};
const EIGHT = Array.from({ length: 8 }, (_, i) => `file1line${i + 1}`);
const LINES = `${EIGHT.join('\n')}\n`;

function spoolOf(files: Files, at: (index: number) => number = (index) => index): string {
  const spool = ownDirectory();
  for (const [index, [name, text]] of Object.entries(files).entries()) {
    const file = path.join(spool, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    const seconds = 1_000_000 + at(index);
    fs.utimesSync(file, seconds, seconds);
  }
  return spool;
}

async function started(spoolDir: string, properties: Properties = {}, capacity?: number): Promise<Rig> {
  const made = await rig(
    spooldir,
    { spoolDir, pollDelay: 10, ...properties },
    capacity === undefined ? {} : { capacity },
  );
  await made.source.start();
  ends.push(() => made.source.stop());
  return made;
}

/** The names that are left, without hidden ones. */
const left = (spool: string): string[] =>
  fs
    .readdirSync(spool)
    .filter((name) => !name.startsWith('.'))
    .sort();

/** The events that come, in order, with their headers. */
async function events(made: Rig, count: number) {
  const all: { headers: Readonly<Record<string, string>>; text: string }[] = [];
  await until(async () => {
    for (const { body, headers } of await made.takeAll()) all.push({ headers, text: Buffer.from(body).toString() });
    return all.length >= count;
  });
  return all;
}

describe('patterns and policies', () => {
  it.each([
    [
      'testreliablespoolingfileeventreader/testincludepattern#475',
      { includePattern: '^file2$' },
      ['emptylineFile', 'file0', 'file1', 'file3'],
    ],
    ['testreliablespoolingfileeventreader/testignorepattern#170', { ignorePattern: '^file2$' }, ['file2']],
    [
      'testreliablespoolingfileeventreader/testincludeexcludepatternnoconflict#171',
      { ignorePattern: '^file[013]$', includePattern: '^file2$' },
      ['emptylineFile', 'file0', 'file1', 'file3'],
    ],
    [
      'testreliablespoolingfileeventreader/testincludeexcludepatternconflict#172',
      { ignorePattern: '^file2$', includePattern: '^file2$' },
      ['emptylineFile', 'file0', 'file1', 'file2', 'file3'],
    ],
  ] as const)('%s: with %j these are left', async (_id, properties, rest) => {
    const spool = spoolOf(FIVE);
    await started(spool, { ...properties, deletePolicy: 'immediate' });
    await until(() => left(spool).length === rest.length);
    // A file more would be gone by the next looks.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(left(spool)).toEqual(rest);
  });

  it('testreliablespoolingfileeventreader/testfiledeletion#173: all are gone, and nothing is left of them', async () => {
    const spool = spoolOf(FIVE);
    const made = await started(spool, { deletePolicy: 'immediate' });
    await until(() => left(spool).length === 0);
    await made.source.stop();
    const tracker = path.join(spool, '.flumespool');
    const kept = fs.existsSync(tracker)
      ? fs.readdirSync(tracker).filter((name) => fs.statSync(path.join(tracker, name)).size > 0)
      : [];
    expect(kept).toEqual([]);
  });

  it('testreliablespoolingfileeventreader/testrepeatedcallswithcommitalways#476: eight events, one of them of the empty file', async () => {
    const made = await started(spoolOf(FIVE));
    const all = await events(made, 8);
    expect(all.map(({ text }) => text)).toEqual([
      '',
      'file1line0',
      'file2line0',
      'file2line1',
      'file3line0',
      'file3line1',
      'file3line2',
      '',
    ]);
  });

  it('testreliablespoolingfileeventreader/testrenametrackingpolicyonreadonlyspooldirectory#174: a directory that cannot be written is refused at the start', async () => {
    // In one of the kernel's not even root can make a file.
    const { source } = await rig(spooldir, { spoolDir: '/sys/kernel', trackingPolicy: 'rename' });
    await expect(source.start()).rejects.toMatchObject({ code: 'FILE_ACCESS' });
    await source.stop();
  });

  it('testreliablespoolingfileeventreader/testtrackerdirtrackingpolicyonreadonlyspooldirectory#175: it is read all the same when marks are kept elsewhere', async () => {
    const spool = spoolOf(FIVE);
    fs.chmodSync(spool, 0o555);
    ends.push(() => fs.chmodSync(spool, 0o755));
    const made = await started(spool, { trackingPolicy: 'tracker_dir', trackerDir: ownDirectory() });
    expect(await events(made, 8)).toHaveLength(8);
    expect(left(spool)).toEqual(Object.keys(FIVE).sort());
  });
});

describe('order', () => {
  const THREE: Files = { 'new-file1': '1\n', 'new-file2': '2\n', 'new-file3': '3\n' };
  const inOrder = async (made: Rig, count: number): Promise<string[]> =>
    (await events(made, count)).map(({ text }) => text);

  it('testreliablespoolingfileeventreader/testconsumefileyoungest#176: the youngest first', async () => {
    const spool = spoolOf({ ...FIVE, 'new-file2': '2\n', 'new-file3': '3\n', 'new-file1': '1\n' });
    const all = await inOrder(await started(spool, { consumeOrder: 'youngest' }), 11);
    expect(all.slice(0, 3)).toEqual(['1', '3', '2']);
  });

  it('testreliablespoolingfileeventreader/testconsumefileoldest#477: the oldest first', async () => {
    const spool = spoolOf({ ...FIVE, 'new-file2': '2\n', 'new-file1': '1\n', 'new-file3': '3\n' });
    const all = await inOrder(await started(spool, { consumeOrder: 'oldest' }), 11);
    expect(all.slice(-3)).toEqual(['2', '1', '3']);
  });

  it.each([
    ['testreliablespoolingfileeventreader/testconsumefileoldestwithlexicographicalcomparision#177', 'oldest'],
    ['testreliablespoolingfileeventreader/testconsumefileyoungestwithlexicographicalcomparision#178', 'youngest'],
  ])('%s: of the same time by their names, with %s', async (_id, consumeOrder) => {
    const spool = spoolOf(THREE, () => 0);
    expect(await inOrder(await started(spool, { consumeOrder }), 3)).toEqual(['1', '2', '3']);
  });

  it.each([
    ['testspooldirectorysource/testvalidsortorder#179', 'oLdESt'],
    ['testspooldirectorysource/testvalidsortorder#180', 'yoUnGest'],
    ['testspooldirectorysource/testvalidsortorder#181', 'rAnDom'],
  ])('%s: %s is an order', async (_id, consumeOrder) => {
    expect(await inOrder(await started(spoolOf(THREE), { consumeOrder }), 3)).toHaveLength(3);
  });

  it('testspooldirectorysource/testinvalidsortorder#478: undefined is none', async () => {
    await expect(rig(spooldir, { spoolDir: ownDirectory(), consumeOrder: 'undefined' })).rejects.toThrow(
      'expected one of oldest, youngest, random',
    );
  });
});

describe('headers and directories', () => {
  it('testspooldirectorysource/testputfilenameheader#479: the path of the file', async () => {
    const spool = spoolOf({ file1: LINES });
    const all = await events(await started(spool, { fileHeader: true, fileHeaderKey: 'fileHeaderKeyTest' }), 8);
    expect(all.map(({ headers }) => headers)).toEqual(
      EIGHT.map(() => ({ fileHeaderKeyTest: path.join(spool, 'file1') })),
    );
  });

  it('testspooldirectorysource/testputbasenameheader#182: its name', async () => {
    const made = await started(spoolOf({ file1: LINES }), {
      basenameHeader: true,
      basenameHeaderKey: 'basenameHeaderKeyTest',
    });
    expect((await events(made, 8)).map(({ headers }) => headers)).toEqual(
      EIGHT.map(() => ({ basenameHeaderKeyTest: 'file1' })),
    );
  });

  it('testspooldirectorysource/testrecursion_settotrue#183: of a directory below', async () => {
    const spool = spoolOf({ 'directorya/directoryb/directoryc/recursion_file.txt': LINES });
    const all = await events(await started(spool, { recursiveDirectorySearch: true, fileHeader: true }), 8);
    expect(all).toHaveLength(8);
    for (const { headers } of all) expect(headers['file']).toMatch(/recursion_file\.txt$/);
  });

  it('testspooldirectorysource/testrecursion_settofalse#184: which is not looked into unless it is asked for', async () => {
    const made = await started(spoolOf({ 'directory/file1.txt': LINES, 'last.txt': 'x\n' }));
    expect((await events(made, 1)).map(({ text }) => text)).toEqual(['x']);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await made.texts()).toEqual([]);
  });
});

describe('life', () => {
  it('testspooldirectorysource/testlifecycle#480: it starts and stops, again and again', async () => {
    const spoolDir = ownDirectory();
    for (let i = 0; i < 10; i++) {
      const { errors, source } = await rig(spooldir, { spoolDir });
      await source.start();
      await source.stop();
      expect(errors).toEqual([]);
    }
  });

  it('testspooldirectorysource/testreconfigure#185: each new one reads the new file', async () => {
    const spool = ownDirectory();
    for (let i = 0; i < 20; i++) {
      fs.writeFileSync(path.join(spool, `file${i}`), `File ${i}\n`);
      const made = await started(spool);
      expect((await events(made, 1)).map(({ text }) => text)).toEqual([`File ${i}`]);
      await made.source.stop();
      expect(made.errors).toEqual([]);
    }
  });

  it('testspooldirectorysource/testsourcedoesnotdieonfullchannel#186: it waits for a channel that is full', async () => {
    const made = await started(spoolOf({ file1: LINES }), { batchSize: 2 }, 2);
    const all = await events(made, 8);
    expect(all.map(({ text }) => text)).toEqual(EIGHT);
  });

  it('testspooldirectorysource/testendwithzerobytefiles#187: empty files at the end are an event each', async () => {
    const made = await started(spoolOf({ file1: 'file1line1\n', file2: '', file3: '', file4: '' }));
    expect((await events(made, 4)).map(({ text }) => text)).toEqual(['file1line1', '', '', '']);
  });

  it('testspooldirectorysource/testwithallemptyfiles#481: so are ten of them, by their names', async () => {
    const names = Array.from({ length: 10 }, (_, i) => `file${i}`);
    const spool = spoolOf(Object.fromEntries(names.map((name) => [name, ''])));
    const all = await events(await started(spool, { fileHeader: true }), 10);
    expect(all).toEqual(names.map((name) => ({ headers: { file: path.join(spool, name) }, text: '' })));
  });

  it('testspooldirectorysource/testwithemptyanddatafiles#188: and an empty one behind a line without an end', async () => {
    const made = await started(spoolOf({ file1: 'some data', file2: '' }));
    expect((await events(made, 2)).map(({ text }) => text)).toEqual(['some data', '']);
  });
});
