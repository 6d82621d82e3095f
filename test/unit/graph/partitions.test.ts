/** Functions of outputs that are called with partitions: what they are told, where they may be made, and that each partition counts once. */
import path from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { runBatches } from '../../../src/api/testing/run-batches.ts';
import { graphHash } from '../../../src/engine/spark/graph-hash.ts';
import { partOf } from '../../../src/graph/outputs/partitions.ts';
import { type JobRunner, RDD } from '../../../src/graph/rdd.ts';
import { exactlyOncePartition, type OutputPartition, sqlStore, type TransactionalStore } from '../../../src/index.ts';
import { ownDirectory } from '../../kit/directory.ts';
import build, { calls } from '../../kit/pipelines/partitions.ts';
import { openDatabase, storeOf } from '../../kit/sqlite.ts';

const module = new URL('../../kit/pipelines/partitions.ts', import.meta.url).href;

describe('foreachPartition', () => {
  beforeEach(() => void calls.splice(0));

  it.each(['inline', 'threads'])('tells the function which partition it has, with engine %s', async (engine) => {
    await runBatches({ batchInterval: 1000, inputs: [[1, 2, 3]], engine, job: { module } }, build);
    const named = { output: 'foreachRDD-0', time: 1000, numPartitions: 2, parallelism: 2 };
    expect(calls).toEqual([
      { values: [1], table: 'first', part: expect.objectContaining({ ...named, call: 0, partition: 0 }) },
      { values: [2, 3], table: 'first', part: expect.objectContaining({ ...named, call: 0, partition: 1 }) },
      { values: [10], table: 'second', part: expect.objectContaining({ ...named, call: 1, partition: 0 }) },
      { values: [20, 30], table: 'second', part: expect.objectContaining({ ...named, call: 1, partition: 1 }) },
    ]);
    expect(new Set(calls.map(({ part }) => part.batch)).size).toBe(1);
  });

  it('does not say which batch it is where no output runs', () => {
    const part = partOf(undefined, { partition: 1, numPartitions: 2 });
    expect(part.partition).toBe(1);
    expect(() => part.output).toThrow(expect.objectContaining({ code: 'CONTEXT_STATE' }));
  });

  it('asks those who have the data of an output, whatever is derived from it, for calls and for files', async () => {
    const asked: unknown[] = [];
    const runner: JobRunner = {
      prepare: () => Promise.reject(new Error('it was to be called there')),
      callThere: async (_, { args, isEach, origin }) => void asked.push([origin.call, isEach, args]),
      writeParts: (_, directory, form) => async () => {
        asked.push([form, path.basename(directory)]);
        return [];
      },
    };
    const batch = { job: 'j', output: 'o', time: 1, batch: 'b' };
    const scope = { actions: { begin: (run: () => unknown) => run() }, batch, stop: new AbortController().signal };
    const rdd = RDD.forOutput(new RDD<number>({ kind: 'source', partitions: [] }, runner), scope as never);
    await rdd.foreachPartition((_values, _part, _a: string, _b: number) => {}, 'a', 2);
    await rdd.map((n) => n + 1).foreach(() => {});
    await rdd.saveAsTextFile(path.join(ownDirectory(), 'out'));
    expect(asked).toEqual([
      [0, false, ['a', 2]],
      [1, true, []],
      ['text', 'out'],
    ]);
  });
});

describe('a function for executors', () => {
  const context = () => new StreamingContext({ batchInterval: 1000, write: () => {} });

  it('has a number in the order of their making, once, and is part of what driver and executors must have in common', () => {
    const build = (...functions: ((...args: never[]) => unknown)[]): { graph: string; count: number } => {
      const ssc = context();
      ssc.queueStream([[1]]).print();
      for (const fn of functions) expect(ssc.onExecutors(fn)).toBe(fn);
      const { graph } = StreamingContext.graphOf(ssc);
      return { graph: graphHash(graph), count: graph.functions.length };
    };
    const one = (_values: Iterable<number>): void => {};
    const other = (_values: Iterable<number>, _part: OutputPartition): void => {};
    expect(build(one, other, one).count).toBe(2);
    expect(build(one, other).graph).toBe(build(one, other, one).graph);
    expect(
      new Set([build(), build(one), build(other), build(one, other), build(other, one)].map(({ graph }) => graph)).size,
    ).toBe(5);
  });

  it('cannot be made while the job runs', async () => {
    const ssc = context();
    ssc.queueStream([[1]]).print();
    await ssc.start();
    onTestFinished(() => ssc.stop({ graceful: false }));
    expect(() => ssc.onExecutors(() => {})).toThrow(
      expect.objectContaining({
        code: 'CONTEXT_STATE',
        message: 'onExecutors was added after the context had started',
      }),
    );
  });
});

describe('exactlyOncePartition', () => {
  type Tx = { all(sql: string, values: (string | number)[]): unknown };
  const part = (change: Partial<OutputPartition> = {}): OutputPartition => ({
    ...{ job: 'test', output: 'foreachRDD-0', time: 1000, batch: 'one' },
    ...{ partition: 0, numPartitions: 2, parallelism: 2, call: 0 },
    ...change,
  });

  function database() {
    const db = openDatabase(path.join(ownDirectory(), 'test.db'));
    onTestFinished(() => db.close());
    db.exec('CREATE TABLE words (word TEXT)');
    const rows = (): string[] => db.all('SELECT word FROM words ORDER BY rowid').map((row) => String(row['word']));
    return { db, store: storeOf(db), rows };
  }

  const writeTo = (store: TransactionalStore<Tx>) => {
    const write = exactlyOncePartition(store, (values: Iterable<string>, _part, tx: Tx) => {
      for (const word of values) tx.all('INSERT INTO words VALUES (?)', [word]);
    });
    return (word: string, of: OutputPartition) => write([word].values(), of);
  };

  it('writes each partition of each call of a batch once', async () => {
    const { rows, store } = database();
    const write = writeTo(store as TransactionalStore<Tx>);
    for (let attempt = 0; attempt < 2; attempt++) {
      await write('a', part());
      await write('b', part({ partition: 1 }));
      await write('c', part({ call: 1 }));
    }
    await write('d', part({ time: 2000, batch: 'two' }));
    expect(rows()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('refuses a batch that was written in part in other partitions, and an attempt that others have overtaken', async () => {
    const { rows, store } = database();
    const write = writeTo(store as TransactionalStore<Tx>);
    await write('a', part());
    const incompatible = expect.objectContaining({ code: 'CHECKPOINT_INCOMPATIBLE' });
    await expect(write('b', part({ numPartitions: 3, partition: 2 }))).rejects.toEqual(incompatible);
    await expect(write('b', part({ parallelism: 3, partition: 1 }))).rejects.toEqual(incompatible);
    // What another output, or another call of this one, is cut into does not matter.
    await write('c', part({ numPartitions: 3, call: 1 }));
    await write('d', part({ time: 2000, batch: 'two', numPartitions: 3 }));
    await expect(write('a', part())).rejects.toEqual(incompatible);
    expect(rows()).toEqual(['a', 'c', 'd']);
  });

  it('claims again when another attempt came in between, and does not write again what failed', async () => {
    const { db, rows } = database();
    let collisions = 3;
    const inner = storeOf(db) as TransactionalStore<Tx>;
    const store: TransactionalStore<Tx> = {
      ...inner,
      claim: (tx, of) =>
        collisions-- > 0
          ? Promise.reject(new Error('duplicate key value violates unique constraint'))
          : inner.claim(tx, of),
    };
    await writeTo(store)('a', part());
    expect(rows()).toEqual(['a']);
    let writes = 0;
    const failing = exactlyOncePartition(inner, () => {
      writes++;
      throw new Error('no room');
    });
    await expect(failing([].values(), part({ batch: 'two', time: 2000 }))).rejects.toThrow('no room');
    expect(writes).toBe(1);
  });

  it('makes its table in a transaction of its own: MySQL ends the one that a table is made in', async () => {
    const said: string[] = [];
    let open = 0;
    const store = sqlStore<object>({
      placeholder: () => '?',
      transaction: async (work) => {
        said.push(`begin ${++open}`);
        return work({});
      },
      query: (_, sql) => void said.push(sql.split(' ').slice(0, 2).join(' ')),
    });
    const write = exactlyOncePartition(store, () => void said.push('write'));
    await write([].values(), part());
    await write([].values(), part());
    const claim = ['UPDATE streamjob_batches', 'SELECT batch_id,', 'SELECT batch_id', 'INSERT INTO', 'write'];
    expect(said).toEqual(['begin 1', 'CREATE TABLE', 'begin 2', ...claim, 'begin 3', ...claim]);
  });
});
