/** The threads engine where it differs from the inline one: workers that end, graphs that differ, what crosses threads. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { StreamEvent } from '../../../src/core/events.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { TelemetryRegistry } from '../../../src/core/telemetry.ts';
import type { TapReport } from '../../../src/engine/taps.ts';
import { growMount, mountSmall, mountsMissing, unmount } from '../../kit/mounts.ts';
import { type Built, buildCrew, type CrewData } from '../../kit/pipelines/crew.ts';
import { until } from '../../kit/until.ts';

const module = new URL('../../kit/pipelines/crew.ts', import.meta.url).href;
const directories: string[] = [];
const TIMEOUT = 90_000;

function scratch(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-threads-'));
  directories.push(directory);
  return directory;
}

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

interface Rig extends Built {
  readonly clock: ManualClock;
  readonly ssc: StreamingContext;
  readonly results: unknown[][];
  readonly seen: StreamEvent[];
  /** Gives values, turns the clock to the next batch, and lets time pass for retries, until it has completed. */
  readonly batch: (...values: string[]) => Promise<void>;
}

async function rig(
  data: CrewData,
  options: Partial<StreamingContextOptions> = {},
  hold?: () => Promise<void>,
): Promise<Rig> {
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({
    batchInterval: 1000,
    clock,
    engine: 'threads',
    parallelism: 2,
    job: { module, data },
    write: () => {},
    ...options,
  });
  const results: unknown[][] = [];
  const seen: StreamEvent[] = [];
  const built = buildCrew(ssc, data, (values) => results.push(values), hold);
  ssc.events$.subscribe((event) => {
    seen.push(event);
    if (event.type === 'batchFailed') setImmediate(() => clock.advance(100 * 2 ** (event.attempt - 1)));
  });
  const completed = (): number => seen.filter(({ type }) => type === 'batchCompleted').length;
  await ssc.start();
  return {
    ...built,
    clock,
    ssc,
    results,
    seen,
    batch: async (...values) => {
      const before = completed();
      built.push(values);
      clock.advanceTo((Math.floor(clock.now() / 1000) + 1) * 1000);
      await until(() => completed() > before || ssc.getState() === 'stopped');
    },
  };
}

const sorted = (values: readonly unknown[] | undefined): string[] => [...(values ?? [])].map(String).sort();

describe("workers' states in lmdb", { timeout: TIMEOUT }, () => {
  test('go on from the checkpoint when a worker ends, keys of 900 characters of three bytes among them', async () => {
    const directory = scratch();
    const data: CrewData = { graph: 'exits', marker: path.join(directory, 'marker') };
    const options = { checkpointDir: path.join(directory, 'checkpoint'), stateStore: 'lmdb', stateCache: 1 } as const;
    const { batch, results, ssc } = await rig(data, options);
    const key = '鍵'.repeat(900);
    await batch('a', key, 'a');
    await batch(key, 'exit');
    await batch(key);
    await ssc.stop({ graceful: false });
    expect(existsSync(data.marker ?? '')).toBe(true);
    expect(results.map(sorted)).toEqual([
      ['a,2', `${key},1`],
      ['a,2', 'exit,1', `${key},2`],
      ['a,2', 'exit,1', `${key},3`],
    ]);
  });

  test.skipIf(mountsMissing !== undefined)(
    `whose disk is full keep what has committed, and batches wait for room${mountsMissing === undefined ? '' : ` (skipped: ${mountsMissing})`}`,
    async () => {
      const directory = scratch();
      const disk = path.join(directory, 'disk');
      mkdirSync(disk);
      mountSmall(disk, '2m');
      try {
        const { batch, results, seen, ssc } = await rig(
          { graph: 'state' },
          {
            checkpointDir: path.join(directory, 'checkpoint'),
            stateStore: 'lmdb',
            stateCache: 1,
            stateDir: path.join(disk, 'state'),
          },
        );
        const failures = () =>
          seen.flatMap((event) => (event.type === 'batchFailed' && 'code' in event.error ? [event.error.code] : []));
        ssc.events$.subscribe(({ type }) => {
          if (type === 'batchFailed') growMount(disk, '60m');
        });
        let batches = 0;
        while (failures().length === 0) {
          const time = batches++;
          await batch(...Array.from({ length: 100 }, (_, i) => `${time}-${i}-${'x'.repeat(3000)}`));
        }
        await batch();
        await ssc.stop({ graceful: false });
        expect(new Set(failures())).toEqual(new Set(['FILE_ACCESS']));
        expect(results.at(-1)?.length).toBe(batches * 100);
        expect(new Set(results.at(-1)?.map((pair) => (pair as [string, number])[1]))).toEqual(new Set([1]));
      } finally {
        unmount(disk);
      }
    },
  );
});

describe('what workers have', { timeout: TIMEOUT }, () => {
  test('is seen by who watches the job: values that pass, values that are kept, and states', async () => {
    const { batch, ssc } = await rig({ graph: 'state' });
    const { operators, readState, states, taps } = StreamingContext.observe(ssc, new TelemetryRegistry());
    const [pairs, kept] = [
      operators.filter(({ name }) => name === 'map').at(-1),
      operators.find(({ isStateful }) => isStateful),
    ];
    const seen: TapReport[] = [];
    const wanted = [pairs, kept].map((operator) => ({ node: operator?.id ?? -1, values: 10 }));
    taps.watch({ wanted: () => wanted, take: (_, reports) => seen.push(...reports) });
    await batch('a', 'b', 'a', 'c');
    taps.watch(undefined);
    await batch('a');
    const [state] = states();
    const read = await Promise.all(Array.from({ length: 128 }, (_, i) => readState(state?.name ?? '', i)));
    await ssc.stop({ graceful: false });
    const found = seen.map(({ count: values, node, values: some }) => [node, values, sorted(some)]);
    expect(found.sort()).toEqual([
      [pairs?.id, 4, ['a,1', 'a,1', 'b,1', 'c,1']],
      [kept?.id, 3, ['a,2', 'b,1', 'c,1']],
    ]);
    const entries = read.flatMap((bucket) => bucket.entries).map(([key, sum]) => `${key},${sum}`);
    expect(entries.sort()).toEqual(['a,3', 'b,1', 'c,1']);
  });
});

describe('a worker that ends', { timeout: TIMEOUT }, () => {
  test('costs a retry: new workers go on from the checkpoint, and nothing counts twice', async () => {
    const directory = scratch();
    const data: CrewData = { graph: 'exits', marker: path.join(directory, 'marker') };
    const { batch, results, seen, ssc } = await rig(data, { checkpointDir: path.join(directory, 'checkpoint') });
    await batch('a', 'b', 'a');
    await batch('b', 'exit', 'c');
    await batch('c');
    await ssc.stop({ graceful: false });
    expect(existsSync(data.marker ?? '')).toBe(true);
    const failures = seen.filter((event) => event.type === 'batchFailed');
    expect(failures.map(({ error }) => ('code' in error ? error.code : error))).toEqual(['WORKER_LOST']);
    expect(results.map(sorted)).toEqual([
      ['a,2', 'b,1'],
      ['a,2', 'b,2', 'c,1', 'exit,1'],
      ['a,2', 'b,2', 'c,2', 'exit,1'],
    ]);
  });

  test('costs a retry without a checkpoint too, where nothing is remembered', async () => {
    const data: CrewData = { graph: 'exitsStateless', marker: path.join(scratch(), 'marker') };
    const { batch, results, ssc } = await rig(data);
    await batch('a');
    await batch('exit', 'a', 'a');
    await ssc.stop({ graceful: false });
    expect(results.map(sorted)).toEqual([['a,1'], ['a,2', 'exit,1']]);
  });

  test('in the stages of a batch that runs ahead costs the one before a retry too, and neither loses anything', async () => {
    const marker = path.join(scratch(), 'marker');
    const held: (() => void)[] = [];
    const hold = () => new Promise<void>((resolve) => held.push(resolve));
    const { clock, push, results, seen, ssc } = await rig(
      { graph: 'exitsStateless', marker, uncounted: true },
      {},
      hold,
    );
    push(['a', 'a']);
    clock.advanceTo(1000);
    await until(() => held.length === 1);
    push(['exit', 'b']);
    clock.advanceTo(2000);
    clock.advance(2);
    await until(() => existsSync(marker));
    // Whether or not the main thread has heard of it yet: what the first output asks for is gone.
    held[0]?.();
    await until(() => held.length === 2);
    held[1]?.();
    await until(() => held.length === 3);
    held[2]?.();
    await until(() => results.length === 2);
    await ssc.stop({ graceful: false });
    expect(results.map(sorted)).toEqual([['a,2'], ['b,1', 'exit,1']]);
    expect(seen.filter((event) => event.type === 'batchFailed').map(({ time }) => time)).toEqual([1000]);
  });

  test('ends the run where it remembered what no checkpoint has, and says so', async () => {
    const data: CrewData = { graph: 'exits', marker: path.join(scratch(), 'marker') };
    const { batch, ssc } = await rig(data);
    await batch('a');
    await batch('exit');
    await expect(ssc.awaitTermination()).rejects.toMatchObject({
      code: 'BATCH_FAILED',
      message: expect.stringContaining('ENGINE_LOST'),
    });
  });
});

describe('what cannot be run on threads is refused', { timeout: TIMEOUT }, () => {
  test('a graph that differs in a worker, with the first difference', async () => {
    await expect(rig({ graph: 'differs' })).rejects.toMatchObject({
      code: 'GRAPH_DIFFERS',
      message: expect.stringMatching(/the driver has "node 2: map.*worker \d has "node 2: filter/),
    });
  });

  test('a context that says nothing of its job', () => {
    const ssc = new StreamingContext({ batchInterval: 1000, engine: 'threads' });
    ssc.valuesStream().stream.print();
    return expect(ssc.start()).rejects.toMatchObject({ code: 'CONFIG_INVALID', where: 'engine' });
  });

  test('a module that cannot be loaded', async () => {
    const job = { module: new URL('nowhere.ts', import.meta.url).href };
    await expect(rig({ graph: 'state' }, { job })).rejects.toMatchObject({
      message: expect.stringContaining('nowhere'),
    });
  });

  test.each(['throws', 'rejects'] as const)('a job whose build %s in a worker, with what to do', async (inWorker) => {
    await expect(rig({ graph: 'state', inWorker })).rejects.toMatchObject({
      code: 'USER_FUNCTION',
      message: expect.stringMatching(/building the job in worker \d failed: the licence server says no/),
      hint: expect.stringMatching(/build runs once more in each worker thread.*isMainThread/),
    });
  });

  test('a job whose build opens a port that the main thread has, with what to do', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      await expect(rig({ graph: 'state', inWorker: 'listens', port })).rejects.toMatchObject({
        code: 'USER_FUNCTION',
        message: expect.stringContaining('EADDRINUSE'),
        hint: expect.stringMatching(/build runs once more in each worker thread.*isMainThread/),
      });
    } finally {
      server.close();
    }
  });

  test.each([
    ['instances', 'VALUE_NOT_PLAIN'],
    ['actions', 'CONTEXT_STATE'],
  ] as const)('%s: %s', async (graph, code) => {
    const { batch, ssc, seen } = await rig({ graph }, { onFailure: 'stop' });
    await batch('a', 'b', 'c', 'd', 'e', 'f');
    const [failure] = seen.filter((event) => event.type === 'batchFailed');
    expect(failure?.error).toMatchObject({ code });
    await ssc.stop({ graceful: false });
  });
});

describe('an endless loop in a worker', { timeout: TIMEOUT }, () => {
  test('is ended by a stop at once, and nothing of the batch is put out', async () => {
    const marker = path.join(scratch(), 'marker');
    const { clock, push, results, ssc } = await rig({ graph: 'loops', marker });
    push(['a', 'loop']);
    clock.advance(1000);
    await until(() => existsSync(marker));
    await ssc.stop({ graceful: false });
    expect(ssc.getState()).toBe('stopped');
    expect(results).toEqual([]);
  });

  test("is ended by a graceful stop's timeout", async () => {
    const marker = path.join(scratch(), 'marker');
    const { clock, push, ssc } = await rig({ graph: 'loops', marker });
    push(['a', 'loop']);
    clock.advance(1000);
    await until(() => existsSync(marker));
    const stopping = ssc.stop({ timeout: '5s' });
    clock.advance(5000);
    await stopping;
    expect(ssc.getState()).toBe('stopped');
  });

  test('while it builds the job is ended by a stop, too', async () => {
    const marker = path.join(scratch(), 'marker');
    const data: CrewData = { graph: 'state', inWorker: 'loops', marker };
    const ssc = new StreamingContext({
      batchInterval: 1000,
      engine: 'threads',
      parallelism: 2,
      job: { module, data },
      log: silentLogger,
    });
    buildCrew(ssc, data, () => {});
    const terminate = vi.spyOn(Worker.prototype, 'terminate');
    const starting = ssc.start();
    starting.catch(() => {});
    await until(() => existsSync(marker));
    await ssc.stop({ graceful: false });
    await expect(starting).rejects.toMatchObject({ code: 'CONTEXT_STATE' });
    // Workers that went on would keep the process from its end, and a core busy.
    await until(() => terminate.mock.results.length === 2);
    expect(await Promise.all(terminate.mock.results.map(({ value }) => value))).toEqual([1, 1]);
    terminate.mockRestore();
  });
});

describe('what workers add reaches the main thread', { timeout: TIMEOUT }, () => {
  test('accumulators, once for each batch that has run', async () => {
    const data: CrewData = { graph: 'exitsStateless', marker: path.join(scratch(), 'marker') };
    const { accumulator, batch, ssc } = await rig(data);
    await batch('a', 'b', 'c');
    expect(accumulator?.value).toBe(3);
    // The attempt in which a worker ends adds nothing.
    await batch('exit', 'd');
    expect(accumulator?.value).toBe(5);
    await ssc.stop({ graceful: false });
  });

  test('values that functions threw on, as dead letters', async () => {
    const deadLetterFile = path.join(scratch(), 'letters.jsonl');
    const { batch, results, ssc } = await rig({ graph: 'poison' }, { onPoison: 'skip', deadLetterFile });
    await batch('a', 'bad1', 'b', 'bad2');
    await ssc.stop({ graceful: false });
    expect(results).toEqual([['a', 'b']]);
    const letters = readFileSync(deadLetterFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(letters).toMatchObject([
      { time: 1000, operator: 'map', event: 'bad1', error: { message: 'no bad1' } },
      { time: 1000, operator: 'map', event: 'bad2' },
    ]);
  });
});

describe('a checkpoint is of no engine and no number of partitions', { timeout: TIMEOUT }, () => {
  test.each(['state', 'window', 'plainWindow'] as const)(
    '%s: threads, then inline, then threads again',
    async (graph) => {
      const checkpointDir = path.join(scratch(), 'checkpoint');
      const runs: [engine: string, parallelism: number, words: string[][]][] = [
        ['threads', 2, [['a', 'b', 'c'], ['a']]],
        ['inline', 3, [['b', 'd']]],
        ['threads', 1, [['d']]],
        ['threads', 4, [['a', 'e']]],
      ];
      const all: string[][] = [];
      let last: string[] = [];
      for (const [engine, parallelism, batches] of runs) {
        const clock = new ManualClock(all.length * 1000);
        const { batch, results, ssc } = await rig({ graph }, { engine, parallelism, checkpointDir, clock });
        const completed = (): number => results.length;
        for (const words of batches) {
          const before = completed();
          if (clock.now() === all.length * 1000) {
            void batch(...words);
            clock.advanceTo((all.length + 1) * 1000);
          }
          all.push(words);
          await until(() => completed() > before);
          last = sorted(results.at(-1));
        }
        await ssc.stop({ graceful: true });
      }
      const kept = graph === 'state' ? all : all.slice(-3);
      const counts = new Map<string, number>();
      for (const word of kept.flat()) counts.set(word, (counts.get(word) ?? 0) + 1);
      // With an inverse a word stays, at 0, when it has left the window.
      if (graph === 'window') for (const word of all.flat()) if (!counts.has(word)) counts.set(word, 0);
      expect(last).toEqual(sorted([...counts]));
    },
  );
});
