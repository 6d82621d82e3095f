/** Options of users: what is misspelt, of another kind or out of range is refused, with the nearest name and what fits. */
import { describe, expect, test } from 'vitest';
import { Agent } from '../../../src/agent/runtime/agent.ts';
import { resolveJobOptions } from '../../../src/api/resolve-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { parseSize } from '../../../src/core/size.ts';
import { type SqlOptions, sqlStore } from '../../../src/graph/outputs/exactly-once.ts';

const make = (options: object): StreamingContext => new StreamingContext({ batchInterval: 1000, ...options });
const on = (use: (ssc: StreamingContext) => unknown) => () => use(make({}));
const odd = <T>(value: unknown): T => value as T;
const sql: SqlOptions<unknown> = { transaction: (work) => work({}), query: () => [] };
const agent = (options: object): Agent => Agent.fromText('', 'flume.conf', options);

describe('is refused, where it is written', () => {
  test.each<[string, () => unknown, string, RegExp]>([
    [
      'a misspelt option of a context',
      () => make({ batchIntervall: 1 }),
      'CONFIG_UNKNOWN',
      /did you mean batchInterval/,
    ],
    ['no interval', () => new StreamingContext(odd({})), 'CONFIG_INVALID', /milliseconds/],
    ['a negative interval', () => make({ batchInterval: -1 }), 'CONFIG_INVALID', /greater than 0/],
    ['an interval beyond all use', () => make({ batchInterval: 1e15 }), 'CONFIG_INVALID', /milliseconds/],
    ['a parallelism of no number', () => make({ parallelism: Number.NaN }), 'CONFIG_INVALID', /whole number/],
    ['a text for a number', () => make({ parallelism: '4' }), 'CONFIG_INVALID', /whole number/],
    ['an engine that there is not', () => make({ engine: 'inlin' }), 'CONFIG_UNKNOWN', /did you mean inline/],
    ['a backlog without a size', () => make({ maxBacklogBytes: 'big' }), 'CONFIG_INVALID', /64MiB/],
    ['a backlog of no number', () => make({ maxBacklogBytes: Number.NaN }), 'CONFIG_INVALID', /64MiB/],
    ['a level that there is not', () => make({ reliability: 'exactly-once' }), 'CONFIG_INVALID', /end-to-end/],
    ['a logger without methods', () => make({ log: {} }), 'CONFIG_INVALID', /debug, info, warn, error/],
    ['a misspelt rate', () => make({ backpressure: { maxrate: 5 } }), 'CONFIG_UNKNOWN', /did you mean maxRate/],
    ['no object', () => new StreamingContext(odd('1s')), 'CONFIG_INVALID', /^$/],
    [
      'a misspelt option of mapAsync',
      on((ssc) => numbers(ssc).mapAsync(async (n) => n, odd({ concurency: 2 }))),
      'CONFIG_UNKNOWN',
      /did you mean concurrency/,
    ],
    [
      'calls at once of no number',
      on((ssc) => numbers(ssc).mapAsync(async (n) => n, { concurrency: Number.NaN })),
      'CONFIG_INVALID',
      /whole number/,
    ],
    [
      'a misspelt option of an event-time window',
      on((ssc) => numbers(ssc).window('1s', '1s', odd({ eventTime: true, lateness: 1 }))),
      'CONFIG_UNKNOWN',
      /allowedLateness/,
    ],
    [
      'an event time that is none',
      on((ssc) => numbers(ssc).window('1s', '1s', odd({ eventTime: 'timestamp' }))),
      'CONFIG_INVALID',
      /function/,
    ],
    [
      'a misspelt option of updateStateByKey',
      on((ssc) =>
        numbers(ssc)
          .map((n) => [n, n] as const)
          .updateStateByKey(() => 1, odd<{ numPartitions?: number }>({ initialstate: [] })),
      ),
      'CONFIG_UNKNOWN',
      /did you mean initialState/,
    ],
    [
      'a misspelt option of fromObservable',
      on((ssc) => ssc.fromObservable<number>(odd([]), odd({ bufer: 1 }))),
      'CONFIG_UNKNOWN',
      /did you mean buffer/,
    ],
    [
      'a misspelt option of textFileStream',
      on((ssc) => ssc.textFileStream('/tmp', odd({ newFileOnly: true }))),
      'CONFIG_UNKNOWN',
      /did you mean newFilesOnly/,
    ],
    [
      'a misspelt option of sqlStore',
      () => sqlStore<unknown>(odd<SqlOptions<unknown>>({ ...sql, tables: 'x' })),
      'CONFIG_UNKNOWN',
      /did you mean table/,
    ],
    [
      'an sqlStore without transactions',
      () => sqlStore<unknown>(odd<SqlOptions<unknown>>({ query: sql.query })),
      'CONFIG_INVALID',
      /transaction/,
    ],
    [
      'a table that is no text',
      () => sqlStore<unknown>(odd<SqlOptions<unknown>>({ ...sql, table: 7 })),
      'CONFIG_INVALID',
      /name of a table/,
    ],
    ['a misspelt option of an agent', () => agent({ names: 'a1' }), 'CONFIG_UNKNOWN', /did you mean name/],
    ['a level that an agent has not', () => agent({ reliability: 'exactly-once' }), 'CONFIG_INVALID', /end-to-end/],
    ['an environment that is none', () => agent({ env: 'HOME=/' }), 'CONFIG_INVALID', /process\.env/],
    ['a clock that is none', () => agent({ clock: Date }), 'CONFIG_INVALID', /methods now, after/],
  ])('%s', (_, call, code, hint) => {
    expect(call).toThrow(expect.objectContaining({ code }));
    try {
      call();
    } catch (error) {
      expect((error as { hint?: string }).hint ?? '').toMatch(hint);
      expect((error as { where?: string }).where).toBeTruthy();
    }
  });
});

function numbers(ssc: StreamingContext) {
  return ssc.queueStream([[1]]);
}

test('an option that is undefined counts as left out', () => {
  expect(() => make({ parallelism: undefined, log: undefined })).not.toThrow();
});

test.each([
  ['64MiB', 64 * 1024 * 1024],
  ['1 GB', 1e9],
  ['1.5kb', 1500],
  ['10', 10],
  [4096, 4096],
] as const)('the size %s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

describe('a job', () => {
  const file = { name: 'x', batchInterval: '1s' };

  test('takes texts of flags and variables for numbers, and its file does not', () => {
    expect(resolveJobOptions(file, { parallelism: '4' }, {}).parallelism).toBe(4);
    expect(resolveJobOptions(file, {}, { STREAMJOB_BATCHES_IN_FLIGHT: '1' }).batchesInFlight).toBe(1);
    expect(() => resolveJobOptions({ ...file, parallelism: odd('4') }, {}, {})).toThrow(/parallelism cannot be "4"/);
  });

  test('a variable that no option is for is refused, with the nearest', () => {
    const resolve = () => resolveJobOptions(file, {}, { STREAMJOB_BATCH_INTERVALL: '1s', HOME: '/' });
    expect(resolve).toThrow(
      expect.objectContaining({
        code: 'CONFIG_UNKNOWN',
        hint: expect.stringContaining('did you mean STREAMJOB_BATCH_INTERVAL?'),
      }),
    );
  });

  test('an agent that is the empty text is none, whatever the file says', () => {
    expect(resolveJobOptions({ ...file, agent: './flume.conf' }, { agent: '' }, {}).agent).toBeUndefined();
  });

  test('the environment may give what the file leaves out', () => {
    expect(resolveJobOptions(odd({ name: 'x' }), {}, { STREAMJOB_BATCH_INTERVAL: '2s' }).batchInterval).toBe(2000);
    expect(() => resolveJobOptions(odd({ name: 'x' }), {}, {})).toThrow(/batchInterval/);
  });
});
