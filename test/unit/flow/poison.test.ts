import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { RpcClient } from '../../../src/agent.ts';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { resolveJobOptions } from '../../../src/api/resolve-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { BatchSummary, StreamEvent } from '../../../src/core/events.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { type State, StateSpec } from '../../../src/graph/state/state-spec.ts';
import { until } from '../../kit/until.ts';

const CLOSERS: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of CLOSERS.splice(0).reverse()) await close();
});

function scratch(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-poison-'));
  CLOSERS.push(() => rmSync(directory, { recursive: true, force: true }));
  return path.join(directory, 'dead.jsonl');
}

function lettersIn(file: string): Record<string, unknown>[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Runs batches of numbers through `build`, leaving out what its functions throw on. */
async function run<T>(
  build: (numbers: DStream<number>) => DStream<T>,
  inputs: readonly number[][],
  options: Partial<StreamingContextOptions> = {},
) {
  const file = scratch();
  const clock = new ManualClock(0);
  const base = { batchInterval: 1000, clock, onFailure: 'stop', onPoison: 'skip', deadLetterFile: file } as const;
  const ssc = new StreamingContext({ ...base, write: () => {}, ...options });
  const { stream, push } = ssc.valuesStream<number>();
  const out: T[][] = [];
  const done: BatchSummary[] = [];
  const seen: StreamEvent[] = [];
  build(stream).foreachRDD(async (rdd) => void out.push(await rdd.collect()));
  ssc.events$.subscribe((event) => {
    seen.push(event);
    if (event.type === 'batchCompleted') done.push(event.batch);
  });
  await ssc.start();
  CLOSERS.push(() => ssc.stop({ graceful: false }));
  let failure: unknown;
  ssc.awaitTermination().catch((error: unknown) => {
    failure = error;
  });
  for (const [i, values] of inputs.entries()) {
    push(values);
    clock.advance(1000);
    await until(() => done.length > i || failure !== undefined);
  }
  return { out, file, failure, seen, letters: lettersIn(file) };
}

const odd = (n: number): number => {
  if (n % 2 === 0) throw new RangeError(`${n} is even`);
  return n;
};

describe("with onPoison: 'skip' the value that a function throws on is left out, and its line names the operator", () => {
  test('map, in the middle of fused steps', async () => {
    const { out, letters, seen, file } = await run(
      (s) =>
        s
          .map((n) => n + 1)
          .map(odd)
          .filter((n) => n > 1),
      [[1, 2, 3, 4]],
    );
    expect(out).toEqual([[3, 5]]);
    const where = expect.stringMatching(/poison\.test\.ts:\d+:\d+$/);
    expect(letters).toEqual([
      { time: 1000, operator: 'map', where, error: { message: '2 is even' }, event: 2 },
      { time: 1000, operator: 'map', where, error: { message: '4 is even' }, event: 4 },
    ]);
    expect(seen.find(({ type }) => type === 'valuesSkipped')).toMatchObject({ time: 1000, values: 2, file });
  });

  test('an error of a later step is not taken for one of the step before it', async () => {
    const { out, letters } = await run((s) => s.map((n) => n * 10).filter((n) => odd(n / 10) > 0), [[1, 2]]);
    expect(out).toEqual([[10]]);
    expect(letters).toMatchObject([{ operator: 'filter', event: 20 }]);
  });

  test('flatMap, with what it gave for the value before it threw', async () => {
    const { out, letters } = await run(
      (s) =>
        s.flatMap(function* (n) {
          yield n;
          yield odd(n);
        }),
      [[1, 2, 3]],
    );
    expect(out).toEqual([[1, 1, 3, 3]]);
    expect(letters).toMatchObject([{ operator: 'flatMap', event: 2 }]);
  });

  test('mapValues and the functions of reduceByKey, with their pairs', async () => {
    const { out, letters } = await run(
      (s) =>
        s
          .map((n) => ['k', n] as const)
          .mapValues((n) => (n === 9 ? odd(2) : n))
          .reduceByKey((a, b) => (b === 5 ? odd(0) : a + b)),
      [[1, 9, 5, 7]],
    );
    expect(out).toEqual([[['k', 8]]]);
    expect(letters).toMatchObject([
      { operator: 'mapValues', event: ['k', 9] },
      { operator: 'reduceByKey', event: ['k', 5] },
    ]);
  });

  test('mapWithState, its state as before the call', async () => {
    const spec = StateSpec.function((_time: number, key: string, value: number | undefined, state: State<number>) => {
      const before = state.getOption() ?? 0;
      state.update(before + (value ?? 0));
      return [key, before + odd(value ?? 0)];
    });
    const { out, letters } = await run((s) => s.map((n) => ['k', n] as const).mapWithState(spec), [[1, 2, 3], [5]]);
    expect(out).toEqual([
      [
        ['k', 1],
        ['k', 4],
      ],
      [['k', 9]],
    ]);
    expect(letters).toMatchObject([{ operator: 'mapWithState', event: ['k', 2] }]);
  });

  test('mapAsync: the value whose promise rejected, after its retries', async () => {
    let calls = 0;
    const fn = async (n: number): Promise<number> => {
      calls++;
      return odd(n);
    };
    const { out, letters } = await run((s) => s.mapAsync(fn, { retries: 1 }), [[1, 2, 3]]);
    expect(out).toEqual([[1, 3]]);
    expect(calls).toBe(4);
    expect(letters).toMatchObject([{ operator: 'mapAsync', event: 2 }]);
  });
});

describe('even then the batch fails for', () => {
  test('what an output throws, also in an RDD that it makes', async () => {
    const file = scratch();
    const clock = new ManualClock(0);
    const options = { batchInterval: 1000, clock, onFailure: 'stop', onPoison: 'skip', deadLetterFile: file } as const;
    const ssc = new StreamingContext(options);
    const { stream, push } = ssc.valuesStream<number>();
    stream.foreachRDD(async (rdd) => void (await rdd.map(odd).cache().collect()));
    await ssc.start();
    const ended = expect(ssc.awaitTermination()).rejects.toMatchObject({ code: 'BATCH_FAILED' });
    push([2]);
    clock.advance(1000);
    await ended;
    expect(lettersIn(file)).toEqual([]);
  });

  test.each<[string, (s: DStream<number>) => DStream<unknown>, RegExp]>([
    [
      'a function over a partition',
      (s) => s.mapPartitions((all) => [...all].map(odd)),
      /mapPartitions threw: 2 is even/,
    ],
    [
      'a function that returns a promise',
      (s) => s.map(((n: number) => Promise.resolve(n)) as unknown as (n: number) => number),
      /returned a promise/,
    ],
    [
      'the combining of partial results',
      (s) =>
        s
          .map((n) => ['k', n] as const)
          .combineByKey(
            (n) => n,
            (a: number, b) => a + b,
            (a) => odd(a * 2),
          ),
      /even/,
    ],
  ])('%s', async (_, build, message) => {
    const { failure, letters } = await run(build, [[1, 2, 3, 4]], { parallelism: 2 });
    expect(failure).toMatchObject({ code: 'BATCH_FAILED', message: expect.stringMatching(message) });
    expect(letters).toEqual([]);
  });
});

test("without it ('fail') the batch fails, and no file is made", async () => {
  const { failure, file } = await run((s) => s.map(odd), [[2]], { onPoison: 'fail' });
  expect(failure).toMatchObject({ code: 'BATCH_FAILED' });
  expect(existsSync(file)).toBe(false);
});

test('a stage that is run again after a failure writes each value once', async () => {
  let broken = true;
  const file = scratch();
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, onPoison: 'skip', deadLetterFile: file });
  const { stream, push } = ssc.valuesStream<number>();
  const done: number[] = [];
  stream
    .map(odd)
    .mapPartitions((all) => {
      const values = [...all];
      if (broken) throw new Error('not yet');
      return values;
    })
    .foreachRDD(async (rdd) => void done.push(await rdd.count()));
  await ssc.start();
  CLOSERS.push(() => ssc.stop({ graceful: false }));
  let failures = 0;
  ssc.events$.subscribe(({ type }) => {
    if (type === 'batchFailed' && ++failures === 3) broken = false;
  });
  push([1, 2, 3]);
  await until(() => {
    clock.advance(100);
    return done.length > 0;
  });
  await until(() => lettersIn(file).length > 0);
  expect(done[0]).toBe(2);
  expect(lettersIn(file)).toHaveLength(1);
});

test('a batch whose values cannot be written does not commit', async () => {
  const file = path.join(scratch(), 'no', 'such', 'directory.jsonl');
  const { failure, seen } = await run((s) => s.map(odd), [[2]], { deadLetterFile: file });
  expect(failure).toMatchObject({ code: 'BATCH_FAILED', message: expect.stringContaining('FILE_ACCESS') });
  expect(seen.some(({ type }) => type === 'batchCompleted')).toBe(false);
});

test('half a line that a killed process left does not spoil the next one', async () => {
  const file = scratch();
  writeFileSync(file, '{"time":1,"oper');
  const { failure } = await run((s) => s.map(odd), [[2], [4]], { deadLetterFile: file });
  expect(failure).toBeUndefined();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(3);
  expect(lines.slice(1).map((line) => JSON.parse(line).event)).toEqual([2, 4]);
});

test('a Flume event is written with its headers, and its body as text or, when it is no UTF-8, in base64', async () => {
  const file = scratch();
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, onPoison: 'skip', deadLetterFile: file });
  let name = '';
  let done = 0;
  ssc.events$.subscribe((event) => {
    if (event.type === 'receiverStarted') name = event.name;
    if (event.type === 'batchCompleted') done++;
  });
  ssc
    .flumeStream({ host: '127.0.0.1', port: 0 })
    .map((event) => JSON.parse(event.text()))
    .foreachRDD(() => {});
  await ssc.start();
  CLOSERS.push(() => ssc.stop({ graceful: false }));
  const client = await RpcClient.connect({ hosts: [`127.0.0.1:${/:(\d+)$/.exec(name)?.[1]}`] });
  const sent = client.appendBatch([
    { headers: { host: 'web1' }, body: 'no json' },
    { headers: {}, body: Uint8Array.of(0xff, 0xfe) },
  ]);
  await until(() => ssc.waitingEvents === 2);
  clock.advance(1000);
  await until(() => done === 1);
  await sent;
  await client.close();
  expect(lettersIn(file).map(({ event }) => event)).toEqual([
    { headers: { host: 'web1' }, body: 'no json' },
    { headers: {}, bodyBase64: '//4=' },
  ]);
});

test('the options come from the job, the environment and flags as all others', () => {
  const job = { name: 'x', batchInterval: '1s' } as const;
  expect(resolveJobOptions(job, {}, {})).toMatchObject({ onPoison: 'fail', deadLetterFile: 'dead-letters.jsonl' });
  const env = { STREAMJOB_ON_POISON: 'skip', STREAMJOB_DEAD_LETTER_FILE: 'a.jsonl' };
  expect(resolveJobOptions(job, {}, env)).toMatchObject({ onPoison: 'skip', deadLetterFile: 'a.jsonl' });
  expect(resolveJobOptions(job, { deadLetterFile: 'b.jsonl' }, env)).toMatchObject({ deadLetterFile: 'b.jsonl' });
  expect(() => resolveJobOptions({ ...job, onPoison: 'drop' as 'skip' }, {}, {})).toThrowError(/onPoison/);
  expect(() => new StreamingContext({ batchInterval: 1, onPoison: 'drop' as 'skip' })).toThrowError(/onPoison/);
});
