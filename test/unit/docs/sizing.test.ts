/** The formulas of docs/sizing.md beside what was measured: the results of the benchmark, and files that are written here. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import {
  cpuLimit,
  idBytes,
  journalBytes,
  keysMemory,
  type Load,
  limitOf,
  logBytes,
  memoryOf,
  type Remembering,
  sinkLimit,
} from '../../../docs/site/sizing.ts';
import { RpcClient } from '../../../src/agent/rpc-client.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { ROOT } from '../../docs/blocks/project.ts';
import { sizingPage } from '../../docs/sizing-page.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { freePort } from '../../kit/ports.ts';
import { until } from '../../kit/until.ts';

interface Table {
  readonly columns: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

const results = JSON.parse(readFileSync(path.join(ROOT, 'test/bench/results.json'), 'utf8')) as Readonly<
  Record<string, { readonly tables: readonly Table[] }>
>;

/** A number of a table of the benchmark, by the beginning of its line. */
function measured(name: string, begin: readonly string[], column: string): number {
  for (const { columns, lines } of results[name]?.tables ?? []) {
    const line = lines.find((cells) => begin.every((cell, i) => cells[i] === cell));
    const at = columns.findIndex((each) => each.startsWith(column));
    if (line !== undefined && at >= 0) return Number.parseFloat((line[at] ?? '').replaceAll(',', ''));
  }
  throw new Error(`the benchmark has no ${begin.join(', ')}: ${column}`);
}

/** How far the formula is off, as a part of what was measured. */
const off = (formula: number, real: number): number => Math.abs(formula - real) / real;

/** The word count of the benchmark. */
const WORDS: Load = {
  ...{ sinks: 4, inFlight: 1, batchSize: 1000, batchInterval: 1000, eager: false, level: 'end-to-end' },
  ...{ eventBytes: 80, ownMicros: 0, threads: 1, rate: Number.POSITIVE_INFINITY },
};

test('docs/sizing.md is up to date: npm run docs:sizing writes its tables', () => {
  const page = readFileSync(path.join(ROOT, 'docs/sizing.md'), 'utf8');
  expect(page).toBe(sizingPage(page));
});

test('with an interval, the sinks bound the throughput: within five per cent', () => {
  const push = measured('client', ['streamjob, end-to-end, by the interval'], 'events/s');
  expect(off(limitOf(WORDS).eventsPerSecond, push)).toBeLessThan(0.05);
  const pull = measured('pull', ['streamjob, end-to-end, by the interval'], 'events/s');
  expect(off(limitOf({ ...WORDS, sinks: 1, inFlight: 5 }).eventsPerSecond, pull)).toBeLessThan(0.05);
  const pipelined = measured('levels', ['streamjob, end-to-end'], 'events/s');
  expect(off(limitOf({ ...WORDS, inFlight: 16 }).eventsPerSecond, pipelined)).toBeLessThan(0.05);
});

test('with eager cuts: within a third', () => {
  const push = measured('client', ['streamjob, end-to-end, eager'], 'events/s');
  expect(off(sinkLimit({ ...WORDS, eager: true }), push)).toBeLessThan(1 / 3);
  const pull = measured('pull', ['streamjob, end-to-end, eager'], 'events/s');
  expect(off(sinkLimit({ ...WORDS, eager: true, sinks: 1, inFlight: 5 }), pull)).toBeLessThan(1 / 3);
});

test('the CPU bounds it otherwise, by the bytes of an event: within a quarter', () => {
  for (const bytes of [10, 100, 1000, 10_000, 100_000, 1_000_000]) {
    const real = measured('growth', ['bytes of an event', bytes.toLocaleString('en')], 'events/s');
    expect([bytes, off(cpuLimit({ eventBytes: bytes, ownMicros: 0, threads: 1 }), real)]).toEqual([
      bytes,
      expect.toSatisfy((part: number) => part < 0.25),
    ]);
  }
  const [one, two] = ['one thread', 'two threads'].map((name) => measured('replay', [name], 'events/s'));
  expect(off(cpuLimit({ ...WORDS, threads: 2 }) / cpuLimit(WORDS), (two ?? 0) / (one ?? 1))).toBeLessThan(0.05);
});

test('memory of states and windows: within a quarter', () => {
  const jobs: readonly (readonly [string, Remembering])[] = [
    ['mapWithState', 'mapWithState'],
    ['reduceByKeyAndWindow with inverse', 'a window with an inverse'],
    ['reduceByKeyAndWindow', 'a window without an inverse'],
  ];
  for (const [job, operator] of jobs) {
    for (const keys of [100_000, 1_000_000]) {
      for (const where of ['memory', 'checkpoint']) {
        const real = measured('state', [job, keys.toLocaleString('en'), `streamjob, ${where}`], 'peak memory');
        const formula = memoryOf({ ...WORDS, rate: 0 }, keysMemory(operator, keys, where === 'checkpoint')) / 1e6;
        expect([job, keys, where, off(formula, real)]).toEqual([
          job,
          keys,
          where,
          expect.toSatisfy((p: number) => p < 0.25),
        ]);
      }
    }
  }
});

test('memory of a job that keeps up: within a quarter', () => {
  const load: Load = { ...WORDS, level: 'best-effort', rate: 298_426 };
  expect(off(memoryOf(load, 0) / 1e6, measured('push', ['streamjob, best-effort'], 'peak memory'))).toBeLessThan(0.25);
});

/** Bytes of the files in a directory whose names begin so. */
function bytesOf(directory: string, begin: string): number {
  const names = readdirSync(directory).filter((name) => name.startsWith(begin));
  return names.reduce((sum, name) => sum + statSync(path.join(directory, name)).size, 0);
}

async function send(
  port: number,
  count: number,
  batchSize: number,
  event: (n: number) => { body: string; id?: string },
) {
  const client = await RpcClient.connect({ hosts: [`127.0.0.1:${port}`] });
  for (let sent = 0; sent < count; sent += batchSize) {
    const events = Array.from({ length: batchSize }, (_, i) => event(sent + i));
    await client.appendBatch(events.map(({ body, id }) => ({ headers: id === undefined ? {} : { id }, body })));
  }
  await client.close();
}

test.each([
  [80, 1000],
  [80, 100],
  [1000, 500],
])('the write-ahead log of events of %d bytes, %d a request, within three per cent', async (bytes, batchSize) => {
  const [directory, port, count] = [ownDirectory(), await freePort(), 5000];
  const options = {
    batchInterval: '10s',
    reliability: 'store-on-failure',
    checkpointDir: directory,
    log: silentLogger,
  } as const;
  const ssc = new StreamingContext(options);
  onTestFinished(() => ssc.stop({ graceful: false }));
  ssc.flumeStream({ host: '127.0.0.1', port }).foreachRDD(() => new Promise<void>(() => {}));
  await ssc.start();
  await send(port, count, batchSize, () => ({ body: 'x'.repeat(bytes) }));
  expect(off(logBytes({ eventBytes: bytes, batchSize }), bytesOf(directory, 'blocks-') / count)).toBeLessThan(0.03);
});

test('the journal of states, and of ids: within a tenth', async () => {
  const [directory, keys] = [ownDirectory(), 20_000];
  const pairs = Array.from({ length: keys }, (_, i) => [`key${String(i).padStart(7, '0')}`, 1] as const);
  const ssc = new StreamingContext({ batchInterval: 50, checkpointDir: directory, log: silentLogger, maxBatches: 1 });
  ssc
    .queueStream([pairs])
    .updateStateByKey((ones, sum: number | undefined) => (sum ?? 0) + ones.length)
    .foreachRDD(async (rdd) => void (await rdd.count()));
  await ssc.start();
  await ssc.awaitTermination();
  // A key of 10 bytes, a state of one.
  expect(off(journalBytes(11), bytesOf(directory, 'journal-0') / keys)).toBeLessThan(0.1);

  const [of, port, count] = [ownDirectory(), await freePort(), 20_000];
  let seen = 0;
  const deduped = new StreamingContext({ batchInterval: 50, checkpointDir: of, log: silentLogger });
  onTestFinished(() => deduped.stop({ graceful: false }));
  deduped.flumeStream({ host: '127.0.0.1', port, dedupe: { header: 'id' } }).foreachRDD(async (rdd) => {
    seen += await rdd.count();
  });
  await deduped.start();
  await send(port, count, 1000, (n) => ({ body: 'x', id: String(n).padStart(36, '0') }));
  await until(() => seen === count);
  expect(off(idBytes(36), bytesOf(of, 'journal-0') / count)).toBeLessThan(0.1);
});
