/** States of windows whose length was another one in an earlier run: what their own records say of them is what they begin with. */
import { expect, test } from 'vitest';
import { toBytes } from '../../../src/avro/stored-values.ts';
import type { JournalRecord, StoredState } from '../../../src/flow/commit/records.ts';
import { StateReader } from '../../../src/flow/commit/recovered.ts';
import { LocalState } from '../../../src/state/durable-state.ts';
import { MemoryStateStore } from '../../../src/state/memory.ts';

const kind = 'reduceByKeyAndWindow';

/** What a batch of a version of the job left of the window: these values of its keys, by its own length. */
function commit(time: number, shape: string, values: Readonly<Record<string, number>>): JournalRecord {
  const store = new MemoryStateStore<string, number>('window', { kind, shape, rebuildable: true });
  store.begin(time);
  const partition = store.partition(0, 1);
  for (const [key, value] of Object.entries(values)) partition.set(key, value, time);
  const state: StoredState = {
    operator: 'window',
    kind,
    shape,
    time,
    changes: new LocalState(store).changes(),
    wholes: [],
  };
  return {
    type: 'commit',
    time,
    batchMs: 100,
    states: toBytes([state]),
    slices: [],
    ids: [],
    positions: [],
    blocks: [],
  };
}

/** The state that a job whose window has this length reads. */
function read(shape: string, records: readonly JournalRecord[]) {
  const store = new MemoryStateStore<string, number>('window', { kind, shape, rebuildable: true });
  // An engine makes another object for the same state each time that it is asked.
  const reader = new StateReader((name) => (name === 'window' ? new LocalState(store) : undefined));
  for (const record of records) reader.take(record);
  reader.finish();
  const entries = [...store.partition(0, 1).entries()].map(([key, { state }]) => [key, state] as const);
  return { last: store.lastCommitted, values: Object.fromEntries(entries) };
}

test('the state of the length that the job has now is kept, behind records of another one', () => {
  const records = [
    commit(100, '200/100', { a: 1 }),
    commit(200, '300/100', { a: 2, b: 3 }),
    commit(300, '300/100', { b: 4 }),
  ];
  expect(read('300/100', records)).toEqual({ last: 300, values: { a: 2, b: 4 } });
});

test('a state whose last record is of another length is made anew, and is empty until then', () => {
  const records = [commit(100, '300/100', { a: 1 }), commit(200, '200/100', { a: 2 })];
  expect(read('300/100', records)).toEqual({ last: undefined, values: {} });
  expect(read('300/100', [...records, commit(300, '300/100', { c: 5 })])).toEqual({ last: 300, values: { c: 5 } });
});
