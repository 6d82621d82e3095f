/** State in versions: it does what state in memory does, whatever is done to it, and a version is what it was, whatever comes after it. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterAll, expect } from 'vitest';
import { bucketOf } from '../../../src/graph/state/form.ts';
import { MemoryStateStore } from '../../../src/state/memory.ts';
import type { StateStore } from '../../../src/state/store.ts';
import { forgetVersionFiles } from '../../../src/state/versions/version-contents.ts';
import { VersionedPartition } from '../../../src/state/versions/versioned-partition.ts';
import { VersionedStateStore } from '../../../src/state/versions/versioned-store.ts';

type Key = string | number | readonly [string, number];
const scratch = mkdtempSync(path.join(tmpdir(), 'streamjob-versions-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const form = { kind: 'test', shape: '', rebuildable: false };
const COUNT = 3;
const key = fc.oneof(
  fc.constantFrom<Key>('a', 'b', 'n1', '', 1, 2, ['a', 1], ['a', 2], 'k'.repeat(3000)),
  fc.integer({ min: 0, max: 500 }),
);
const action = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('set' as const), key, state: fc.integer({ min: 0, max: 9 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'rollback' as const, 'many' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('whole' as const, 'task' as const) }) },
);

function sorted(store: StateStore): unknown[] {
  const entries = Array.from({ length: COUNT }, (_, i) => [
    ...(store.partition(i, COUNT) as unknown as { entries(): Iterable<unknown> }).entries(),
  ]);
  return entries
    .flat()
    .map((entry) => JSON.stringify(entry))
    .sort();
}

function partitionOf(store: StateStore, of: Key, count: number = COUNT) {
  return store.partition(bucketOf(of) % count, count) as unknown as {
    get(key: Key): unknown;
    set(key: Key, state: unknown, updated: number): void;
    delete(key: Key): void;
  };
}

test.prop([fc.array(action, { maxLength: 60 })], { numRuns: 150 })('does what state in memory does', (actions) => {
  const directory = mkdtempSync(path.join(scratch, 'a'));
  const versioned = new VersionedStateStore({ operator: 'op', form }, directory, COUNT);
  const memory: StateStore = new MemoryStateStore('op', form) as never;
  const stores: StateStore[] = [versioned, memory];
  let time = 1;
  for (const store of stores) store.begin(time);
  const end = (how: 'commit' | 'rollback'): void => {
    for (const store of stores) {
      if (how === 'commit') {
        store.seal(time);
        store.commit(time);
      } else store.rollback(time);
    }
    time++;
    for (const store of stores) store.begin(time);
  };
  for (const each of actions) {
    for (const store of stores) {
      if (each.do === 'set') partitionOf(store, each.key).set(each.key, each.state, time);
      if (each.do === 'delete') partitionOf(store, each.key).delete(each.key);
      if (each.do === 'many') for (let i = 0; i < 300; i++) partitionOf(store, i).set(i, `${i}-${time}`, time);
    }
    if (each.do === 'commit' || each.do === 'rollback') end(each.do);
    if (each.do === 'whole') {
      end('commit');
      const again = new VersionedStateStore({ operator: 'op', form }, directory, COUNT);
      for (let bucket = 0; bucket < 128; bucket++) {
        again.restore({ bucket, set: versioned.bucket(bucket), deleted: [] }, true, 100);
      }
      again.restored(time - 1);
      expect(sorted(again)).toEqual(sorted(memory));
      again.close();
    }
    if (each.do === 'task') {
      // What a task elsewhere does: it opens a committed version, changes it, and the driver takes what it has made.
      end('commit');
      const [before] = versioned.committedVersions;
      const place = { directory, version: before, lastCommitted: time, newName: () => `task-${time}` };
      const opened = new VersionedPartition({ operator: 'op', form }, place);
      opened.store.begin(time);
      const changed = Array.from({ length: 40 }, (_, i) => i).filter((i) => bucketOf(i) % COUNT === 0);
      for (const i of changed) {
        (opened.store.partition(0, COUNT) as never as { set(k: Key, s: unknown, t: number): void }).set(
          i,
          'task',
          time,
        );
        partitionOf(memory, i).set(i, 'task', time);
      }
      opened.store.seal(time);
      opened.store.commit(time);
      versioned.take(time, [{ partition: 0, version: opened.finish(), changes: [] }]);
      opened.close();
      end('commit');
    }
    expect(sorted(versioned)).toEqual(sorted(memory));
    expect(versioned.size).toBe(memory.size);
  }
  versioned.close();
});

test('a version is what it was, whatever comes after it, and files are written anew before most of them is waste', () => {
  const directory = mkdtempSync(path.join(scratch, 'b'));
  const specification = { operator: 'op', form };
  const store = new VersionedStateStore(specification, directory, 1);
  const write = (time: number, keys: Iterable<number>): void => {
    store.begin(time);
    const partition = partitionOf(store, 0, 1);
    for (const each of keys) partition.set(each, `${'x'.repeat(50)}${time}`, time);
    store.seal(time);
    store.commit(time);
  };
  write(
    1,
    Array.from({ length: 20_000 }, (_, i) => i),
  );
  const [first] = store.committedVersions;
  let most = 0;
  for (let time = 2; time < 60; time++) {
    write(
      time,
      Array.from({ length: 400 }, (_, i) => (i * 37 + time * 101) % 20_000),
    );
    const bytes = [...new Set(store.files())].reduce((sum, name) => sum + statSync(path.join(directory, name)).size, 0);
    most = Math.max(most, bytes);
  }
  const place = { directory, version: first, lastCommitted: 1, newName: () => 'none' };
  const opened = new VersionedPartition(specification, place);
  for (const [, { state }] of opened.store.partition(0, 1).entries()) expect(state).toBe(`${'x'.repeat(50)}1`);
  expect(opened.store.size).toBe(20_000);
  opened.close();
  // 20,000 keys are some 1.7 MB.
  expect(most).toBeLessThan(8_000_000);
  expect(store.size).toBe(20_000);
  store.close();
});

test('a file that is damaged or gone is told of, and nothing is made of it', () => {
  const directory = mkdtempSync(path.join(scratch, 'c'));
  const store = new VersionedStateStore({ operator: 'op', form }, directory, 1);
  store.begin(1);
  partitionOf(store, 'a', 1).set('a', 1, 1);
  store.seal(1);
  store.commit(1);
  const [version] = store.committedVersions;
  const open = (): VersionedPartition => {
    // As another process, which has not read it before.
    forgetVersionFiles();
    return new VersionedPartition(
      { operator: 'op', form },
      { directory, version, lastCommitted: 1, newName: () => 'none' },
    );
  };
  const file = path.join(directory, version?.files[0]?.name ?? '');
  writeFileSync(file, Buffer.alloc(statSync(file).size));
  expect(open).toThrow(expect.objectContaining({ code: 'STORAGE_DAMAGED', where: file }));
  writeFileSync(file, '');
  expect(open).toThrow(expect.objectContaining({ code: 'STORAGE_DAMAGED' }));
  rmSync(file);
  expect(open).toThrow(expect.objectContaining({ code: 'FILE_ACCESS' }));
});
