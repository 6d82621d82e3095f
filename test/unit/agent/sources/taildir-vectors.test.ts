/** The TAILDIR source does what Flume's own tests ask of theirs; the names begin with the ids of the cases. */
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { taildir } from '../../../../src/agent/sources/taildir.ts';
import { until } from '../../../kit/until.ts';
import { rig } from './rig.ts';
import { Scene } from './taildir-rig.ts';

it('testtaildireventreader/testbasicreadfiles#193: reads the lines of all files, and those that are appended', async () => {
  const scene = new Scene();
  for (const n of [1, 2, 3]) scene.write(`file${n}`, `file${n}line1\nfile${n}line2\n`);
  const tailed = await scene.start();
  const first = await tailed.lines();
  expect(first.toSorted()).toEqual([1, 2, 3].flatMap((n) => [`file${n}line1`, `file${n}line2`]));
  scene.append('file3', 'file3line3\nfile3line4\n');
  expect(await tailed.lines()).toEqual(['file3line3', 'file3line4']);
});

it('testtaildireventreader/testbasiccommitfailure#194: a batch that the channel refuses comes again, whole', async () => {
  const scene = new Scene();
  scene.write('file1', Array.from({ length: 12 }, (_, i) => `${i + 1}\n`).join(''));
  const tailed = await scene.start({ batchSize: 4 }, { capacity: 3 });
  await until(() => tailed.rig.counters.ChannelWriteFail === 1);
  expect(tailed.rig.channel.size).toBe(0);
  await tailed.stop();
  expect(scene.pos('file1') ?? 0).toBe(0);
  const again = await scene.start({ batchSize: 4 });
  expect(await again.lines()).toEqual(Array.from({ length: 12 }, (_, i) => `${i + 1}`));
  expect(again.rig.counters.AppendBatchAcceptedCount).toBe(3);
});

it('testtaildireventreader/testincludeemptyfile#195: an empty file makes no event', async () => {
  const scene = new Scene();
  scene.write('file1', 'file1line1\nfile1line2\n');
  scene.write('file2', '');
  expect(await (await scene.start()).lines()).toEqual(['file1line1', 'file1line2']);
});

it('testtaildireventreader/testbackoffwithoutnewline#196: a line without its newline is held back', async () => {
  const scene = new Scene();
  scene.write('file1', 'file1line1\nfile1');
  const tailed = await scene.start();
  expect(await tailed.lines()).toEqual(['file1line1']);
  scene.append('file1', 'line2\nfile1line3\nfile1line4');
  expect(await tailed.lines()).toEqual(['file1line2', 'file1line3']);
  scene.append('file1', '\n');
  expect(await tailed.lines()).toEqual(['file1line4']);
});

it('testtaildireventreader/testskiptoendposition#197: a file without a position is read from its end', async () => {
  const scene = new Scene();
  scene.write('file2', 'file2line1\nfile2line2\n');
  const tailed = await scene.start({ skipToEnd: true });
  expect(await tailed.lines()).toEqual([]);
  expect(scene.pos('file2')).toBe(22);
});

it('testtaildireventreader/testbyteoffsetheader#198: the header byteoffset says where a line begins', async () => {
  const scene = new Scene();
  scene.write('file1', 'file1line1\nfile1line2\nfile1line3\n');
  const tailed = await scene.start({ byteOffsetHeader: true });
  expect((await tailed.events()).map(({ headers }) => headers['byteoffset'])).toEqual(['0', '11', '22']);
});

it('testtaildireventreader/testnewlineboundaries#199: only a newline ends a line, and a return before it is cut off', async () => {
  const scene = new Scene();
  scene.write('file1', 'file1line1\nfile1line2\rfile1line2\nfile1line3\r\nfile1line4\n');
  const expected = ['file1line1', 'file1line2\rfile1line2', 'file1line3', 'file1line4'];
  expect(await (await scene.start()).lines()).toEqual(expected);
});

it('testtaildirmatcher/testregexfilenamefiltering#200: each group has the files that its pattern matches whole', async () => {
  const scene = new Scene();
  const names = ['a.log', 'a.log.1', 'b.log', 'c.log.yyyy.MM-01', 'c.log.yyyy.MM-02'];
  for (const name of names) scene.write(name, `${name}\n`);
  const tailed = await scene.start({
    filegroups: 'ab c',
    'filegroups.ab': `${scene.directory}/[ab].log`,
    'filegroups.c': `${scene.directory}/c.log.*`,
    'headers.ab.group': 'ab',
    'headers.c.group': 'c',
  });
  const found = (await tailed.events()).map(({ headers, body }) => [headers['group'], Buffer.from(body).toString()]);
  expect(found.toSorted()).toEqual([
    ['ab', 'a.log'],
    ['ab', 'b.log'],
    ['c', 'c.log.yyyy.MM-01'],
    ['c', 'c.log.yyyy.MM-02'],
  ]);
});

it('testtaildirmatcher/testdirectoriesarenotlisted#201: directories are no files, and are not looked into', async () => {
  const scene = new Scene();
  scene.write('outerFile', 'outer\n');
  fs.mkdirSync(scene.path('recursiveDir'));
  scene.write('recursiveDir/innerFile', 'inner\n');
  expect(await (await scene.start({ 'filegroups.g': `${scene.directory}/.*` })).lines()).toEqual(['outer']);
});

it('testtaildirmatcher/testnonexistingdir#202: a directory that does not exist is refused at the start', async () => {
  const scene = new Scene();
  await expect(scene.start({ 'filegroups.g': '/abracadabra/doesntexist/.*' })).rejects.toMatchObject({
    code: 'FILE_NOT_FOUND',
    message: 'the directory of filegroups.g does not exist: /abracadabra/doesntexist',
  });
});

it('testtaildirsource/testfileconsumeorder#203: files are read by their times, oldest first', async () => {
  const scene = new Scene();
  for (const n of [1, 2, 3, 4]) {
    scene.write(`file${n}`, [1, 2, 3].map((line) => `file${n}line${line}\n`).join(''));
    fs.utimesSync(scene.path(`file${n}`), 1000 + n, 1000 + n);
  }
  fs.utimesSync(scene.path('file3'), 2000, 2000);
  const lines = await (await scene.start({ 'filegroups.g': `${scene.directory}/.*` })).lines();
  expect(lines).toEqual([1, 2, 4, 3].flatMap((n) => [1, 2, 3].map((line) => `file${n}line${line}`)));
});

it('testtaildirsource/testputfilenameheader#204: the header of fileHeaderKey has the absolute path', async () => {
  const scene = new Scene();
  scene.write('file1', 'f1\n');
  const tailed = await scene.start({ fileHeader: true, fileHeaderKey: 'path' });
  expect((await tailed.events()).map(({ headers }) => headers)).toEqual([{ path: scene.path('file1') }]);
});

it('testtaildireventreader/testinitiallyemptydirandbehaviorafterreadingall#482: a file that comes later is read once', async () => {
  const scene = new Scene();
  const tailed = await scene.start();
  expect(await tailed.lines()).toEqual([]);
  scene.write('file1', 'file1line1\nfile1line2\n');
  expect(await tailed.lines()).toEqual(['file1line1', 'file1line2']);
  expect(await tailed.lines()).toEqual([]);
});

it('testtaildireventreader/testlargenumberoffiles#483: reads a thousand files', async () => {
  const scene = new Scene();
  for (let n = 0; n < 1000; n++) scene.write(`file${n}`, `file${n}line1\n`);
  const lines = await (await scene.start()).lines();
  expect(lines.toSorted()).toEqual(Array.from({ length: 1000 }, (_, n) => `file${n}line1`).toSorted());
});

it('testtaildireventreader/testupdatewhenlastupdatedsameasmodificationtime#484: a line that came within the same time is read', async () => {
  const scene = new Scene();
  scene.write('file1', 'line1\n');
  fs.utimesSync(scene.path('file1'), 1000, 1000);
  const tailed = await scene.start();
  expect(await tailed.lines()).toEqual(['line1']);
  scene.append('file1', 'line2\n');
  fs.utimesSync(scene.path('file1'), 1000, 1000);
  expect(await tailed.lines()).toEqual(['line2']);
});

it('testtaildirsource/testheadermapping#485: the events of a group have its headers', async () => {
  const scene = new Scene();
  for (const n of [1, 2, 3]) scene.write(`file${n}`, `file${n}line1\nfile${n}line2\n`);
  const tailed = await scene.start({
    filegroups: 'f1 f2 f3',
    'filegroups.f1': `${scene.directory}/file1$`,
    'filegroups.f2': `${scene.directory}/file2$`,
    'filegroups.f3': `${scene.directory}/file3$`,
    'headers.f1.headerKeyTest': 'value1',
    'headers.f2.headerKeyTest': 'value2',
    'headers.f2.headerKeyTest2': 'value2-2',
  });
  const headersOf = new Map([
    ['file1', { headerKeyTest: 'value1' }],
    ['file2', { headerKeyTest: 'value2', headerKeyTest2: 'value2-2' }],
    ['file3', {}],
  ]);
  const events = await tailed.events();
  expect(events).toHaveLength(6);
  for (const { headers, body } of events) {
    expect(headers).toEqual(headersOf.get(Buffer.from(body).toString().slice(0, 5)));
  }
});

it('refuses groups that it cannot read', async () => {
  const positionFile = path.join(new Scene().own, 'positions.json');
  const start = (value: string) => rig(taildir, { filegroups: 'g', 'filegroups.g': value, positionFile });
  await expect(start('relative/.*')).rejects.toThrow(
    /filegroups\.g is "relative\/\.\*", expected an absolute directory/,
  );
  await expect(start('/tmp/(')).rejects.toThrow(/regular expression of Java's/);
  await expect(rig(taildir, { filegroups: 'g', positionFile })).rejects.toThrow(/filegroups\.g is missing/);
});
