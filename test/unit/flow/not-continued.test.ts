/** A run that does not go on from a state drops what its windows read: the run that has the operator again must not go on from it either. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeFiles } from '../../../src/core/files.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { Checkpoint } from '../../../src/flow/commit/checkpoint.ts';
import { NOT_CONTINUED } from '../../../src/flow/commit/records.ts';
import { replaceCheckpointSizes } from '../../../src/flow/commit/sizes.ts';
import { LocalState } from '../../../src/state/durable-state.ts';
import { MemoryStateStore } from '../../../src/state/memory.ts';
import { ownDirectory } from '../../kit/directory.ts';

const kind = 'reduceByKeyAndWindow';
let directory: string;
beforeEach(() => {
  directory = ownDirectory();
});

/** One run of a job whose window has this length (undefined: that has no such window): its batches, each with what it sets in the window. */
async function run(
  shape: string | undefined,
  batches: readonly { readonly time: number; readonly sets?: string }[],
): Promise<{ readonly began: number | undefined; readonly keys: readonly string[] }> {
  const form = { kind, shape: shape ?? '', rebuildable: true };
  const checkpoint = await Checkpoint.open({
    directory,
    files: nodeFiles,
    log: silentLogger,
    batchMs: 100,
    forms: new Map(shape === undefined ? [] : [['window', form]]),
  });
  const store = new MemoryStateStore<string, number>('window', form);
  const state = new LocalState(store);
  await checkpoint.restoreStates((name) => (name === 'window' && shape !== undefined ? state : undefined));
  const began = store.lastCommitted;
  const keys = [...store.partition(0, 1).entries()].map(([key]) => key);
  for (const { time, sets } of batches) {
    if (sets !== undefined) {
      store.begin(time);
      store.partition(0, 1).set(sets, 1, time);
      store.seal(time);
    }
    const report = { state: 'window', touched: sets !== undefined, size: store.size, changes: state.changes() };
    await checkpoint.commit({
      time,
      states: shape === undefined ? [] : [report],
      bucket: (_, index) => Promise.resolve(state.bucket(index)),
      // Another window still reads what each batch had: segments of the journal stay for it.
      slices: [{ owners: ['other'], time, partitions: [new Uint8Array(1)] }],
      keepsSlice: () => true,
      ids: [],
      keepsIds: () => false,
      positions: [],
      blocks: [],
      synced: true,
    });
    if (sets !== undefined) store.commit(time);
  }
  await checkpoint.close();
  return { began, keys };
}

test('a state goes on where it was left, when the run after it has the same window', async () => {
  await run('800/200', [{ time: 1200, sets: 'a' }]);
  await run('800/200', [{ time: 1300 }]);
  expect(await run('800/200', [])).toEqual({ began: 1200, keys: ['a'] });
});

test('it does not where a run had the window with another length, though no batch ran through the window', async () => {
  await run('800/200', [{ time: 1200, sets: 'a' }]);
  expect(await run('500/200', [{ time: 1300 }])).toEqual({ began: undefined, keys: [] });
  expect((await run('800/200', [])).began).toBeUndefined();
});

test('nor where a run had no such window: it is kept, and made anew', async () => {
  await run('800/200', [{ time: 1200, sets: 'a' }]);
  await run(undefined, [{ time: 1300 }]);
  expect(await run('800/200', [])).toEqual({ began: NOT_CONTINUED, keys: ['a'] });
});

const notTidied: (() => void)[] = [];
afterEach(() => {
  for (const back of notTidied.splice(0)) back();
});

test.each([['500/200'], [undefined]])('tidying does not take that back (%s)', async (other) => {
  notTidied.push(
    replaceCheckpointSizes({ smallJournal: 1, journalSegment: 1, blockFile: 1 << 20, leastTidied: 1 << 20 }),
  );
  // The journal has a record of the other length, too, whose buckets are written again.
  await run(other, [{ time: 1100, ...(other === undefined ? {} : { sets: 'b' }) }]);
  await run('800/200', [{ time: 1200, sets: 'a' }]);
  await run(
    other,
    [1300, 1310, 1320, 1330, 1340].map((time) => ({ time })),
  );
  // No batch of the last run went through the window: what tidying writes of it is of no batch.
  if (other !== undefined) expect((await run(other, [])).began ?? NOT_CONTINUED).toBe(NOT_CONTINUED);
  expect((await run('800/200', [])).began ?? NOT_CONTINUED).toBe(NOT_CONTINUED);
});
