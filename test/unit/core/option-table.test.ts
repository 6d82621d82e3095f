/** What is made of a table of options: defaults, what workers are told; and that every default of every table fits its own option. */
import { describe, expect, test } from 'vitest';
import { RPC_CLIENT_OPTIONS } from '../../../src/agent/rpc-client/options.ts';
import { AGENT_OPTIONS } from '../../../src/agent/runtime/agent-options.ts';
import { CONTEXT_OPTIONS, JOB_OPTIONS, STOP_OPTIONS } from '../../../src/api/options.ts';
import { RUN_BATCHES_OPTIONS } from '../../../src/api/testing/run-batches.ts';
import { TEST_JOB_OPTIONS } from '../../../src/api/testing/test-job.ts';
import {
  computed,
  count,
  duration,
  object,
  optionsForWorkers,
  resolveOptions,
  size,
  type Table,
  text,
} from '../../../src/core/options.ts';
import { BACKPRESSURE_OPTIONS } from '../../../src/flow/batch/rate-control.ts';
import { FILE_STREAM_OPTIONS } from '../../../src/flow/receive/files.ts';
import { PULL_OPTIONS } from '../../../src/flow/receive/flume-pull.ts';
import { FROM_OBSERVABLE_OPTIONS } from '../../../src/flow/receive/observable.ts';
import { PUSH_OPTIONS } from '../../../src/flow/receive/push-options.ts';
import { EVENT_TIME_OPTIONS } from '../../../src/graph/dstream.ts';
import { MAP_ASYNC_OPTIONS } from '../../../src/graph/operators/map-async.ts';
import { SQL_OPTIONS } from '../../../src/graph/outputs/exactly-once.ts';

const INNER = { header: text({ required: true }), remember: count({ default: 1000 }) };
const TABLE = {
  every: duration({ default: '1.5s' }),
  room: size({ default: '2KiB' }),
  double: count({ default: computed('twice tasks, or base', ({ tasks, base }) => 2 * Number(tasks ?? base)) }),
  tasks: count({}),
  ids: object(INNER, { expected: '{ header }' }),
};

describe('resolved options', () => {
  test('have the defaults of all that is left out or undefined, in ms and bytes', () => {
    expect(resolveOptions('x', TABLE, { room: undefined, tasks: 3 })).toEqual({
      every: 1500,
      room: 2048,
      tasks: 3,
      double: 6,
    });
  });

  test('have what is given instead, read as its option reads it', () => {
    const given = { every: '1m', room: 7, double: 0, ids: { header: 'id' } };
    expect(resolveOptions('x', TABLE, given)).toEqual({
      every: 60_000,
      room: 7,
      double: 0,
      ids: { header: 'id', remember: 1000 },
    });
  });

  test('lack what nobody gives and what has no default', () => {
    expect(resolveOptions('x', TABLE, {}, { base: 5 })).not.toHaveProperty('tasks');
    expect(resolveOptions('x', TABLE, {}, { base: 5 })).toMatchObject({ double: 10 });
  });

  test('the first rates depend on the highest', () => {
    expect(resolveOptions('x', BACKPRESSURE_OPTIONS, { maxRate: 50 })).toEqual({
      maxRate: 50,
      initialRate: 50,
      minRate: 50,
    });
  });

  test.each([
    [1000, 30_000],
    [60_000, 600_000],
  ])('a graceful stop with an interval of %d ms may take %d ms', (batchInterval, timeout) => {
    expect(resolveOptions('stop', STOP_OPTIONS, {}, { batchInterval })).toEqual({ graceful: true, timeout });
  });
});

const TABLES: readonly (readonly [string, Table])[] = [
  ['StreamingContext', CONTEXT_OPTIONS],
  ['defineJob', JOB_OPTIONS],
  ['stop', STOP_OPTIONS],
  ['backpressure', BACKPRESSURE_OPTIONS],
  ['flumeStream', PUSH_OPTIONS],
  ['flumePollingStream', PULL_OPTIONS],
  ['textFileStream', FILE_STREAM_OPTIONS],
  ['fromObservable', FROM_OBSERVABLE_OPTIONS],
  ['window', EVENT_TIME_OPTIONS],
  ['mapAsync', MAP_ASYNC_OPTIONS],
  ['sqlStore', SQL_OPTIONS],
  ['Agent', AGENT_OPTIONS],
  ['RpcClient', RPC_CLIENT_OPTIONS],
  ['testJob', TEST_JOB_OPTIONS],
  ['runBatches', RUN_BATCHES_OPTIONS],
];

describe.each(TABLES)('%s', (_, table) => {
  const others = { batchInterval: 1000, inputs: [], inputs2: [], inputs3: [], maxRate: 1, engine: 'inline' };

  test.each(Object.entries(table))('%s has a default that fits, or none', (name, option) => {
    const plain = { [name]: { ...option, required: false } };
    const resolved = resolveOptions('x', plain, {}, others);
    expect(Object.hasOwn(resolved, name)).toBe(option.presence === 'default');
    // What has been resolved may be resolved again: `streamjob run` hands its options to a context.
    if (option.presence === 'default') expect(resolveOptions('x', plain, resolved)).toEqual(resolved);
  });

  test.each(
    Object.entries({ ...table, ...Object.assign({}, ...Object.values(table).map((option) => option.table)) } as Table),
  )('%s says what it does', (_name, option) => expect(option.doc).toMatch(/^\S[\s\S]*[^.\s]$/));
});

test('workers are told the options that are marked, as far as there are some', () => {
  const resolved = resolveOptions('x', CONTEXT_OPTIONS, { batchInterval: '2s', cut: 'eager', name: 'counts' });
  expect(optionsForWorkers(CONTEXT_OPTIONS, { ...resolved, stateDir: undefined })).toEqual({
    batchInterval: 2000,
    parallelism: 1,
    name: 'counts',
    reliability: 'end-to-end',
    stateStore: 'memory',
    stateCache: 100_000,
  });
});
