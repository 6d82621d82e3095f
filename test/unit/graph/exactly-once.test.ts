/** Outputs that take each batch in once: a database, and directories of files. */
import fs from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import type { RDD } from '../../../src/graph/rdd.ts';
import { partsOf, saveBatch, saveParts } from '../../../src/graph/save.ts';
import { exactlyOnce, type OutputBatch, StreamjobError, sqlStore } from '../../../src/index.ts';
import { oneBatch } from '../../conformance/pipeline.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { FaultyFiles } from '../../kit/faulty-files.ts';
import { collectingLogger } from '../../kit/log.ts';
import { openDatabase, storeOf } from '../../kit/sqlite.ts';

const batch = (time: number, id: string): OutputBatch => ({ job: 'test', output: 'foreachRDD-0', time, batch: id });

function database() {
  const db = openDatabase(path.join(ownDirectory(), 'test.db'));
  onTestFinished(() => db.close());
  db.exec('CREATE TABLE counts (batch INTEGER, word TEXT)');
  const store = storeOf(db);
  const rows = (): string[] => db.all('SELECT word FROM counts ORDER BY rowid').map((row) => String(row['word']));
  return { db, store, rows };
}

const rdd = (...words: string[]): RDD<string> => ({ collect: async () => words }) as unknown as RDD<string>;

test('a batch that comes again is left out of the database; the next one is not', async () => {
  const { store, rows } = database();
  const output = exactlyOnce<string, { all(sql: string, values: string[]): unknown }>(store, async (data, time, tx) => {
    for (const word of await data.collect()) tx.all('INSERT INTO counts VALUES (?, ?)', [String(time), word]);
  });
  await output(rdd('a', 'b'), 1000, batch(1000, 'one'));
  await output(rdd('a', 'b'), 1000, batch(1000, 'one'));
  expect(rows()).toEqual(['a', 'b']);
  await output(rdd('c'), 2000, batch(2000, 'two'));
  // Cut anew at the same time: other contents.
  await output(rdd('d'), 2000, batch(2000, 'three'));
  expect(rows()).toEqual(['a', 'b', 'c', 'd']);
});

test('a batch whose effect fails leaves neither the effect nor its record', async () => {
  const { store, rows } = database();
  let fails = true;
  const output = exactlyOnce<string, { all(sql: string, values: string[]): unknown }>(store, async (data, time, tx) => {
    for (const word of await data.collect()) tx.all('INSERT INTO counts VALUES (?, ?)', [String(time), word]);
    if (fails) throw new Error('half-way');
  });
  await expect(output(rdd('a'), 1000, batch(1000, 'one'))).rejects.toThrow('half-way');
  expect(rows()).toEqual([]);
  fails = false;
  await output(rdd('a'), 1000, batch(1000, 'one'));
  expect(rows()).toEqual(['a']);
});

test('a name that is no table is refused', () => {
  const make = (): unknown => sqlStore({ transaction: (work) => work(0), query: () => [], table: 'a; DROP TABLE b' });
  expect(make).toThrow(StreamjobError);
});

test('an output is known by its number among its kind: another version of the job may have more of other kinds', async () => {
  const ids = async (build: (numbers: DStream<number>) => void): Promise<string[]> => {
    const clock = new ManualClock(0);
    const ssc = new StreamingContext({ batchInterval: 1000, clock, write: () => {} });
    const { stream } = ssc.valuesStream<number>();
    build(stream);
    const completed = new Promise<string[]>((resolve) => {
      ssc.events$.subscribe((event) => {
        if (event.type === 'batchCompleted') resolve(event.batch.outputs.map(({ id }) => id));
      });
    });
    await ssc.start();
    clock.advance(1000);
    const found = await completed;
    await ssc.stop();
    return found;
  };
  const before = await ids((numbers) => {
    numbers.foreachRDD(() => {});
    numbers.foreachRDD(() => {});
  });
  const after = await ids((numbers) => {
    numbers.print();
    numbers.foreachRDD(() => {});
    numbers.print();
    numbers.foreachRDD(() => {});
  });
  expect(before).toEqual(['foreachRDD-0', 'foreachRDD-1']);
  expect(after).toEqual(['print-0', 'foreachRDD-0', 'print-1', 'foreachRDD-1']);
});

test('a directory that an attempt had named before it was killed has its name on disk when the batch goes on', async () => {
  const files = new FaultyFiles();
  const parent = ownDirectory();
  const directory = path.join(parent, 'out-1000');
  const save = (): Promise<void> =>
    saveBatch(
      numbered(directory),
      partsOf([['a']], 'text', files),
      { batch: batch(1000, 'one'), log: collectingLogger().log },
      files,
    );
  await save();
  const synced = files.counts.syncDirectory;
  await save();
  expect(files.counts.syncDirectory).toBe(synced + 1);
  files.fail('syncDirectory');
  await expect(save()).rejects.toMatchObject({ code: 'FILE_ACCESS' });
});

const numbered = (directory: string) => (number: number) => (number === 0 ? directory : `${directory}-${number}`);

test('a directory of a batch stays when just this batch comes again; another one of the same time gets a name of its own', async () => {
  const directory = path.join(ownDirectory(), 'out-1000');
  const { log, lines } = collectingLogger();
  const save = (words: readonly string[], id: string): Promise<void> =>
    saveBatch(numbered(directory), partsOf([words], 'text'), { batch: batch(1000, id), log });
  const content = (at: string): string => fs.readFileSync(path.join(at, 'part-00000'), 'utf8');
  await save(['a'], 'one');
  await save(['never written'], 'one');
  expect(content(directory)).toBe('a\n');
  await save(['b'], 'two');
  expect(content(directory)).toBe('a\n');
  expect(content(`${directory}-1`)).toBe('b\n');
  expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([expect.stringContaining('warn ')]);
  await save(['never written'], 'two');
  await save(['never written'], 'one');
  expect(content(`${directory}-1`)).toBe('b\n');
  expect(fs.readdirSync(path.dirname(directory))).toEqual(['out-1000', 'out-1000-1']);
  const manifest = JSON.parse(fs.readFileSync(path.join(`${directory}-1`, '_MANIFEST.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  expect(manifest).toMatchObject({ ...batch(1000, 'two'), parts: [{ name: 'part-00000', bytes: 2, values: 1 }] });
});

test('what is not of this job stays: files, a directory without a manifest, a damaged manifest', async () => {
  const directory = path.join(ownDirectory(), 'out-1000');
  fs.writeFileSync(directory, 'a file');
  fs.mkdirSync(`${directory}-1`);
  fs.writeFileSync(path.join(`${directory}-1`, 'data'), 'precious');
  fs.mkdirSync(`${directory}-2`);
  fs.writeFileSync(path.join(`${directory}-2`, '_MANIFEST.json'), '{"job":');
  const { log } = collectingLogger();
  await saveBatch(numbered(directory), partsOf([['a']], 'text'), { batch: batch(1000, 'one'), log });
  expect(fs.readFileSync(directory, 'utf8')).toBe('a file');
  expect(fs.readdirSync(`${directory}-1`)).toEqual(['data']);
  expect(fs.readdirSync(`${directory}-2`)).toEqual(['_MANIFEST.json']);
  expect(fs.readFileSync(path.join(`${directory}-3`, 'part-00000'), 'utf8')).toBe('a\n');
});

test('outside of outputs a directory that exists is an error, as in Spark', async () => {
  const directory = path.join(ownDirectory(), 'out');
  await saveParts(directory, partsOf([['a']], 'text'));
  await expect(saveParts(directory, partsOf([['b']], 'text'))).rejects.toMatchObject({ code: 'FILE_EXISTS' });
  expect(fs.readFileSync(path.join(directory, 'part-00000'), 'utf8')).toBe('a\n');
});

test.each(['append', 'sync', 'create', 'rename'] as const)(
  'a failed %s leaves nothing under the name, and the next attempt all',
  async (operation) => {
    const directory = path.join(ownDirectory(), 'out-1000');
    const files = new FaultyFiles();
    files.fail(operation);
    const { log } = collectingLogger();
    const by = { batch: batch(1000, 'one'), log };
    const save = (): Promise<void> => saveBatch(numbered(directory), partsOf([['a'], ['b']], 'text', files), by, files);
    await expect(save()).rejects.toMatchObject({ code: 'FILE_ACCESS' });
    expect(fs.existsSync(directory)).toBe(false);
    await save();
    expect(fs.readdirSync(directory).sort()).toEqual(['_MANIFEST.json', '_SUCCESS', 'part-00000', 'part-00001']);
    expect(fs.readdirSync(path.dirname(directory))).toEqual(['out-1000']);
  },
);

test('a clock that was set back between two runs of a job without a checkpoint costs no acknowledged output', async () => {
  const prefix = path.join(ownDirectory(), 'out');
  const runOnce = async (start: number, words: readonly string[]): Promise<void> => {
    const clock = new ManualClock(start);
    const { log } = collectingLogger();
    const ssc = new StreamingContext({ batchInterval: 1000, clock, log, checkpointDir: false });
    const { stream, push } = ssc.valuesStream<string>();
    stream.saveAsTextFiles(prefix);
    await ssc.start();
    for (const word of words) {
      push([word]);
      await oneBatch(ssc, () => clock.advance(1000));
    }
    await ssc.stop({ graceful: false });
  };
  await runOnce(0, ['a', 'b', 'c', 'd', 'e', 'f']);
  await runOnce(2000, ['g', 'h', 'i', 'j']);
  const directory = path.dirname(prefix);
  const words = fs
    .readdirSync(directory)
    .flatMap((name) =>
      fs
        .readdirSync(path.join(directory, name))
        .filter((part) => part.startsWith('part-'))
        .map((part) => fs.readFileSync(path.join(directory, name, part), 'utf8').trim()),
    )
    .filter((word) => word !== '');
  expect(words.sort().join('')).toBe('abcdefghij');
});
