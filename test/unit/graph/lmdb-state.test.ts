/** State in lmdb: it does what state in memory does, whatever is done to it, and keeps no more in memory than it is told. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterAll, expect, vi } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { StreamjobError } from '../../../src/core/errors.ts';
import type { StateCodec } from '../../../src/graph/state/form.ts';
import { pageFormat } from '../../../src/state/durable-state.ts';
import { LmdbEnvironment } from '../../../src/state/lmdb-environment.ts';
import { MemoryStateStore } from '../../../src/state/memory.ts';
import { PagedStateStore } from '../../../src/state/paged.ts';
import { PLAIN_STATE, type StateStore } from '../../../src/state/store.ts';
import { growMount, mountSmall, mountsMissing, unmount } from '../../kit/mounts.ts';
import { until } from '../../kit/until.ts';

type Key = string | number | readonly [string, number];
const scratch = mkdtempSync(path.join(tmpdir(), 'streamjob-lmdb-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const form = { kind: 'test', shape: '', rebuildable: false };
let directories = 0;

function environment(cachedKeys: number): LmdbEnvironment {
  const directory = path.join(scratch, String(directories++));
  return new LmdbEnvironment({
    directory: () => directory,
    cachedKeys,
    format: pageFormat,
    warn: () => {},
  });
}

const long = 'k'.repeat(3000);
/** LMDB's limits are in bytes: 900 units of UTF-16, 2700 bytes of UTF-8. */
const cjk = '鍵'.repeat(900);
const key = fc.constantFrom<Key>(
  'a',
  'b',
  'c',
  'd',
  1,
  2,
  'n1',
  ['a', 1],
  ['a', 2],
  '',
  long,
  `${long}2`,
  cjk,
  `${cjk}2`,
);
const action = fc.oneof(
  fc.record({ do: fc.constant('set' as const), key, state: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ do: fc.constant('delete' as const), key }),
  fc.record({ do: fc.constantFrom('commit' as const, 'rollback' as const, 'whole' as const) }),
);

/** All that a store says of itself. */
function view(store: StateStore<Key, number>, time: number) {
  const text = (each: unknown): string => JSON.stringify(each);
  const partitions = [0, 1].map((index) => {
    const partition = store.partition(index, 2);
    return {
      entries: [...partition.entries()].map(text).sort(),
      old: [...partition.updatedBefore(time - 1)].map(text).sort(),
      size: partition.size,
    };
  });
  const changes = store
    .changes()
    .map(({ bucket, set, deleted }) => ({ bucket, set: set.map(text).sort(), deleted: deleted.map(text).sort() }))
    .sort((a, b) => a.bucket - b.bucket);
  const buckets = [0, 5, 77].map((bucket) => store.bucket(bucket).map(text).sort());
  return { partitions, changes, buckets, size: store.size, last: store.lastCommitted, touched: store.touchedBy(time) };
}

test.prop([fc.array(action, { maxLength: 40 }), fc.integer({ min: 1, max: 3 })], { numRuns: 60 })(
  'after any changes, commits and rollbacks it says what state in memory says',
  async (actions, cachedKeys) => {
    const env = environment(cachedKeys);
    const stores: StateStore<Key, number>[] = [
      new MemoryStateStore<Key, number>('test', form),
      new PagedStateStore<Key, number>(env, 'test', form, PLAIN_STATE),
    ];
    const all = <T>(work: (store: StateStore<Key, number>) => T): void => {
      for (const store of stores) work(store);
    };
    let time = 1;
    all((store) =>
      store.load(
        [
          ['a', 1],
          [['a', 2], 3],
        ],
        time,
      ),
    );
    all((store) => store.begin(time));
    for (const each of actions) {
      if (each.do === 'set') all((store) => store.partition(0, 1).set(each.key, each.state, time));
      else if (each.do === 'delete') all((store) => store.partition(0, 1).delete(each.key));
      else if (each.do === 'whole') {
        const bucket = 5;
        const set = stores[0]?.bucket(bucket) ?? [];
        all((store) => store.rollback(time));
        all((store) => store.restore({ bucket, set: set.slice(0, 1), deleted: [] }, true));
        all((store) => store.begin(time));
      } else {
        all((store) => store[each.do as 'commit' | 'rollback'](time));
        time++;
        all((store) => store.begin(time));
      }
      expect(view(stores[1] as StateStore<Key, number>, time)).toEqual(
        view(stores[0] as StateStore<Key, number>, time),
      );
    }
    await env.close();
  },
);

test('pages are added as keys and states grow, and no key is lost', async () => {
  const env = environment(4);
  const memory = new MemoryStateStore<string, string>('test', form);
  const lmdb = new PagedStateStore<string, string>(env, 'test', form, PLAIN_STATE);
  const all = (work: (store: StateStore<string, string>) => void): void => {
    for (const store of [memory, lmdb]) work(store);
  };
  const text = (store: StateStore<string, string>): string[] =>
    [...store.partition(0, 1).entries()].map(([key, { state }]) => `${key}=${state.length}`).sort();
  let time = 1;
  for (const [keys, length] of [
    [5000, 1],
    [9000, 40],
    [50, 200_000],
    [20_000, 1],
  ] as const) {
    all((store) => store.begin(time));
    for (let i = 0; i < keys; i++) all((store) => store.partition(0, 1).set(`key-${i}`, 'x'.repeat(length), time));
    for (let i = 0; i < keys; i += 7) all((store) => store.partition(0, 1).delete(`key-${i}`));
    all((store) => store.seal(time));
    all((store) => store.commit(time));
    expect(lmdb.size).toBe(memory.size);
    expect(text(lmdb)).toEqual(text(memory));
    expect([...lmdb.partition(0, 1).updatedBefore(time)].sort()).toEqual(
      [...memory.partition(0, 1).updatedBefore(time)].sort(),
    );
    time++;
  }
  // Put back into another one, bucket by bucket.
  const again = new PagedStateStore<string, string>(environment(4), 'again', form, PLAIN_STATE);
  for (let bucket = 0; bucket < 128; bucket++) again.restore({ bucket, set: lmdb.bucket(bucket), deleted: [] }, true);
  again.restored(time);
  expect(text(again)).toEqual(text(memory));
  await env.close();
});

test('a commit does not fail when it cannot be written: it stays readable, and the next batch waits for it', async () => {
  const env = environment(1);
  const store = new PagedStateStore<string, number>(env, 'test', form, PLAIN_STATE);
  const commit = (time: number, keys: readonly string[]): void => {
    store.begin(time);
    for (const key of keys) store.partition(0, 1).set(key, time, time);
    store.seal(time);
    store.commit(time);
  };
  const states = (): string[] =>
    [...store.partition(0, 1).entries()].map(([key, { state }]) => `${key}=${state}`).sort();
  commit(1, ['a', 'b']);
  const full = vi.spyOn(env, 'write').mockImplementation(() => {
    throw new StreamjobError('FILE_ACCESS', 'the disk is full');
  });
  commit(2, ['b', 'c']);
  expect(states()).toEqual(['a=1', 'b=2', 'c=2']);
  expect(store.size).toBe(3);
  store.begin(3);
  store.partition(0, 1).set('a', 3, 3);
  expect(() => store.seal(3)).toThrow('the disk is full');
  store.rollback(3);
  expect(states()).toEqual(['a=1', 'b=2', 'c=2']);
  full.mockRestore();
  commit(3, ['a']);
  expect(states()).toEqual(['a=3', 'b=2', 'c=2']);
  await env.close();
});

test.skipIf(mountsMissing !== undefined)(
  `on a disk that is full the next batch waits, and goes on when there is room${mountsMissing === undefined ? '' : ` (skipped: ${mountsMissing})`}`,
  async () => {
    const disk = mkdtempSync(path.join(tmpdir(), 'streamjob-lmdb-disk-'));
    mountSmall(disk, '2m');
    const warned: string[] = [];
    const env = new LmdbEnvironment({
      directory: () => path.join(disk, 'state'),
      cachedKeys: 1,
      format: pageFormat,
      warn: ({ message }) => void warned.push(message),
    });
    try {
      const store = new PagedStateStore<string, string>(env, 'test', form, PLAIN_STATE);
      let time = 0;
      const run = (keys: number): void => {
        store.begin(time);
        for (let i = 0; i < keys; i++) store.partition(0, 1).set(`${time}-${i}`, 'x'.repeat(3000), time);
        store.seal(time);
        store.commit(time++);
      };
      while (warned.length === 0) run(50);
      const keys = time * 50;
      expect(store.size).toBe(keys);
      expect(() => run(1)).toThrow(expect.objectContaining({ code: 'FILE_ACCESS' }));
      store.rollback(time);
      growMount(disk, '40m');
      run(50);
      expect([...store.partition(0, 1).entries()].length).toBe(keys + 50);
    } finally {
      await env.close();
      unmount(disk);
      rmSync(disk, { recursive: true });
    }
  },
);

test('what cannot be stored fails the seal, not the commit', async () => {
  const env = environment(1);
  const store = new PagedStateStore<string, unknown>(env, 'test', form, PLAIN_STATE as StateCodec<unknown>);
  store.begin(1);
  store.partition(0, 1).set('a', () => {}, 1);
  expect(() => store.seal(1)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_VALUE' }));
  await env.close();
});

test('a job with its state in lmdb goes on from its checkpoint', async () => {
  const checkpointDir = path.join(scratch, 'checkpoint');
  const results: string[][] = [];
  for (const words of [
    ['a', 'b', 'a'],
    ['b', 'c'],
  ]) {
    const clock = new ManualClock(results.length * 1000);
    const ssc = new StreamingContext({
      batchInterval: 1000,
      clock,
      checkpointDir,
      stateStore: 'lmdb',
      stateCache: 1,
      write: () => {},
    });
    const { stream, push } = ssc.valuesStream<string>();
    const before = results.length;
    stream
      .map((word) => [word, 1] as const)
      .updateStateByKey((ones: readonly number[], sum: number | undefined) => (sum ?? 0) + ones.length)
      .foreachRDD(async (rdd) => void results.push((await rdd.collect()).map(String).sort()));
    await ssc.start();
    push(words);
    clock.advance(1000);
    await until(() => results.length > before);
    await ssc.stop();
  }
  expect(results).toEqual([
    ['a,2', 'b,1'],
    ['a,2', 'b,2', 'c,1'],
  ]);
});
