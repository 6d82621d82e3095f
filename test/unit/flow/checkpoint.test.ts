/** What outlives a run: states, windows and their changes, whatever happens between; and jobs that were changed meanwhile. */
import fs from 'node:fs';
import path from 'node:path';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { type State, StateSpec } from '../../../src/graph/state/state-spec.ts';
import { oneBatch } from '../../conformance/pipeline.ts';
import { ownDirectory } from '../../kit/directory.ts';
import { FaultyFiles } from '../../kit/faulty-files.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';

type Build<T, U> = (stream: DStream<T>, ssc: StreamingContext) => DStream<U>;

/** One job, run after run. */
class Job<T, U> {
  readonly directory: string;
  readonly clock: ManualClock;
  files = new FaultyFiles();
  out: U[][] = [];
  lines: ReturnType<typeof collectingLogger>['lines'] = [];
  readonly #options: Partial<StreamingContextOptions>;
  #ssc: StreamingContext | undefined;
  #completed = 0;
  #push: (values: readonly T[]) => void = () => {};

  constructor(directory: string, options: Partial<StreamingContextOptions> = {}, clock = new ManualClock(0)) {
    this.directory = directory;
    this.clock = clock;
    this.#options = options;
  }

  async boot(build: Build<T, U>, options: Partial<StreamingContextOptions> = {}): Promise<void> {
    this.files = new FaultyFiles();
    const { log, lines } = collectingLogger();
    this.lines = lines;
    const ssc = new StreamingContext({
      batchInterval: 1000,
      clock: this.clock,
      checkpointDir: this.directory,
      files: this.files,
      log,
      write: () => {},
      ...this.#options,
      ...options,
    });
    const { stream, push } = ssc.valuesStream<T>();
    this.#push = push;
    build(stream, ssc).foreachRDD(async (rdd) => void this.out.push(await rdd.collect()));
    this.#completed = 0;
    ssc.events$.subscribe(({ type }) => {
      if (type === 'batchCompleted') this.#completed++;
    });
    await ssc.start();
    this.#ssc = ssc;
  }

  /** @returns what made the batch fail */
  async batch(...values: T[]): Promise<unknown> {
    this.#push(values);
    return oneBatch(this.#ssc as StreamingContext, () => this.clock.advance(1000));
  }

  /** A batch that was due at the start has run; there is none when no batch ever committed. */
  async late(): Promise<void> {
    if (this.lines.some(({ message }) => message.startsWith('the run goes on'))) await until(() => this.#completed > 0);
  }

  async stop(): Promise<void> {
    await this.#ssc?.stop({ graceful: false });
  }

  async powerCut(): Promise<void> {
    this.files.powerCut();
    await this.stop();
  }
}

const counts: Build<string, readonly [string, number]> = (words) =>
  words
    .map((word) => [word, 1] as const)
    .updateStateByKey((ones: readonly number[], sum: number | undefined) => (sum ?? 0) + ones.length);

const sorted = (pairs: readonly unknown[] | undefined): string[] => [...(pairs ?? [])].map(String).sort();

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: { code: string }) => error.code,
  );

describe('what outlives a run', () => {
  test('states go on after a stop, with more or fewer partitions', async () => {
    const job = new Job<string, readonly [string, number]>(ownDirectory());
    await job.boot(counts, { parallelism: 2 });
    await job.batch('a', 'b', 'a');
    await job.stop();
    await job.boot(counts, { parallelism: 3 });
    await job.batch('a', 'c');
    await job.stop();
    await job.boot(counts, { parallelism: 1 });
    await job.batch();
    await job.stop();
    expect(sorted(job.out.at(-1))).toEqual(['a,3', 'b,1', 'c,1']);
  });

  test('windows go on: over values, reduced with an inverse and without one', async () => {
    const build: Build<string, unknown> = (words) => {
      const pairs = words.map((word) => [word, 1] as const);
      const add = (a: number, b: number): number => a + b;
      const plain = words.window(3000).map((word) => ['plain', word] as const);
      const inverse = pairs.reduceByKeyAndWindow(add, (a, b) => a - b, 3000).map((pair) => ['inverse', pair] as const);
      const stacks = pairs.reduceByKeyAndWindow(add, 3000).map((pair) => ['stacks', pair] as const);
      return (plain as DStream<unknown>).union(inverse as DStream<unknown>).union(stacks as DStream<unknown>);
    };
    const inputs = [['a'], ['a', 'b'], ['c'], [], ['a']];
    const whole = new Job<string, unknown>(ownDirectory());
    await whole.boot(build);
    for (const words of inputs) await whole.batch(...words);
    await whole.stop();
    const parts = new Job<string, unknown>(ownDirectory());
    for (const words of inputs) {
      await parts.boot(build);
      await parts.batch(...words);
      await parts.powerCut();
    }
    expect(parts.out.map(sorted)).toEqual(whole.out.map(sorted));
  });

  test('event-time windows go on, their watermark too', async () => {
    const build: Build<number, string> = (times) =>
      times
        .window(10_000, 10_000, { eventTime: (at: number) => at, allowedLateness: 0 })
        .map(({ start, values }) => `${start}: ${values.join()}`);
    const job = new Job<number, string>(ownDirectory());
    for (const times of [[1000], [12_000], [2000], [3000, 25_000], [35_000]]) {
      await job.boot(build);
      await job.batch(...times);
      await job.powerCut();
    }
    expect(job.out.flat()).toEqual(['0: 1000', '10000: 12000', '20000: 25000']);
  });

  test('initial states are those of the first run only', async () => {
    const job = new Job<string, readonly [string, number]>(ownDirectory());
    const build: Build<string, readonly [string, number]> = (words) =>
      words
        .map((word) => [word, 1] as const)
        .updateStateByKey((ones: readonly number[], sum: number | undefined) => (sum ?? 0) + ones.length, {
          initialState: [['a', 10]],
        });
    await job.boot(build);
    await job.batch('b');
    await job.powerCut();
    await job.boot(build);
    await job.batch('a');
    await job.stop();
    expect(sorted(job.out.at(-1))).toEqual(['a,11', 'b,1']);
  });

  test('the time of batches rises, also when the clock was set back', async () => {
    const directory = ownDirectory();
    const first = new Job<string, readonly [string, number]>(directory, {}, new ManualClock(3_600_000));
    await first.boot(counts);
    await first.batch('a');
    await first.stop();
    const clock = new ManualClock(1000);
    const times: number[] = [];
    const second = new Job<string, readonly [string, number]>(directory, {}, clock);
    await second.boot((words, ssc) => {
      ssc.events$.subscribe((event) => event.type === 'batchStarted' && times.push(event.time));
      return counts(words, ssc);
    });
    await second.batch('a');
    await second.batch('a');
    await second.stop();
    expect(times).toEqual([3_602_000, 3_603_000]);
    expect(sorted(second.out.at(-1))).toEqual(['a,3']);
  });

  const step = fc.record({
    words: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 4 }),
    fault: fc.constantFrom('none', 'none', 'none', 'restart', 'cut', 'sync', 'append'),
  });
  property.prop([fc.array(step, { maxLength: 25 })], { numRuns: 40 })(
    'state equals that of the batches that committed, whatever fails and whenever the power is gone',
    async (steps) => {
      const directory = fs.mkdtempSync('/tmp/streamjob-state-');
      const job = new Job<string, readonly [string, number]>(directory);
      const model = new Map<string, number>();
      await job.boot(counts);
      for (const { words, fault } of steps) {
        if (fault === 'restart') {
          await job.stop();
          await job.boot(counts);
        }
        if (fault === 'sync' || fault === 'append') job.files.fail(fault, 0, Number.POSITIVE_INFINITY);
        const failure = await job.batch(...words);
        if (failure === undefined) for (const word of words) model.set(word, (model.get(word) ?? 0) + 1);
        if (failure !== undefined || fault === 'cut') {
          await job.powerCut();
          await job.boot(counts);
          // The batch that failed is due already, now without values.
          if (failure !== undefined) await job.late();
        }
      }
      await job.batch();
      await job.stop();
      expect(sorted(job.out.at(-1))).toEqual(sorted([...model]));
      fs.rmSync(directory, { recursive: true });
    },
  );
});

describe('the cost of a commit follows what changed', () => {
  const running = StateSpec.function((key: number, n: number | undefined, sum: State<number>) => {
    sum.update((sum.getOption() ?? 0) + (n ?? 0));
    return [key, sum.get()] as const;
  });
  const sizes = (directory: string): number =>
    fs
      .readdirSync(directory)
      .filter((name) => name.endsWith('.log'))
      .reduce((sum, name) => sum + fs.statSync(path.join(directory, name)).size, 0);

  test('one key of 20,000 changes: a few hundred bytes are written', async () => {
    const job = new Job<readonly [number, number], unknown>(ownDirectory());
    await job.boot((pairs) => pairs.mapWithState(running) as DStream<unknown>);
    await job.batch(...Array.from({ length: 20_000 }, (_, i) => [i, 1] as const));
    const before = sizes(job.directory);
    await job.batch([7, 1]);
    expect(sizes(job.directory) - before).toBeLessThan(1000);
    await job.stop();
  });

  test('the journal stays within some times what is remembered, and a new run finds all of it', async () => {
    const job = new Job<readonly [number, number], unknown>(ownDirectory());
    const build: Build<readonly [number, number], unknown> = (pairs) => pairs.mapWithState(running) as DStream<unknown>;
    await job.boot(build);
    await job.batch(...Array.from({ length: 2000 }, (_, i) => [i, 0] as const));
    const first = sizes(job.directory);
    let largest = 0;
    for (let round = 0; round < 400; round++) {
      await job.batch(...Array.from({ length: 100 }, (_, i) => [(round * 37 + i * 19) % 2000, 1] as const));
      largest = Math.max(largest, sizes(job.directory));
    }
    expect(largest).toBeLessThan(8 * Math.max(first, 1024 * 1024));
    const written = job.files.counts.append;
    expect(written).toBeGreaterThan(400);
    await job.powerCut();
    await job.boot(build);
    job.out = [];
    await job.batch(...Array.from({ length: 2000 }, (_, i) => [i, 0] as const));
    await job.stop();
    const total = (job.out[0] as [number, number][]).reduce((sum, [, n]) => sum + n, 0);
    expect(total).toBe(40_000);
  });
});

describe('a job that was changed', () => {
  const keyed = (words: DStream<string>) => words.map((word) => [word, 1] as const);
  const sum = (ones: readonly number[], before: number | undefined): number => (before ?? 0) + ones.length;

  test('finds its state by uid, wherever the operator is now', async () => {
    const job = new Job<string, unknown>(ownDirectory());
    await job.boot((words) => keyed(words).updateStateByKey(sum).uid('counts') as DStream<unknown>);
    await job.batch('a', 'b');
    await job.stop();
    await job.boot((words) => {
      const other = keyed(words.filter((word) => word > 'a')).updateStateByKey(sum);
      const renamed = keyed(words.filter(() => true))
        .updateStateByKey(sum)
        .uid('counts');
      return renamed.map((pair) => ['counts', pair]).union(other.map((pair) => ['other', pair])) as DStream<unknown>;
    });
    await job.batch('a', 'b');
    await job.stop();
    expect(sorted(job.out.at(-1))).toEqual(['counts,a,2', 'counts,b,2', 'other,b,1']);
  });

  test('keeps the state of an operator that it does not have any more, and says so', async () => {
    const job = new Job<string, unknown>(ownDirectory());
    const withCounts: Build<string, unknown> = (words) => keyed(words).updateStateByKey(sum).uid('counts') as never;
    await job.boot(withCounts);
    await job.batch('a');
    await job.stop();
    await job.boot((words) => words as DStream<unknown>);
    expect(job.lines.some(({ message }) => /does not have: counts.*uid\('NAME'\)/.test(message))).toBe(true);
    await job.batch('a');
    await job.stop();
    await job.boot(withCounts);
    await job.batch('a');
    await job.stop();
    expect(sorted(job.out.at(-1))).toEqual(['a,2']);
  });

  test('is refused when an operator of that name is another one now', async () => {
    const job = new Job<string, unknown>(ownDirectory());
    await job.boot((words) => keyed(words).updateStateByKey(sum).uid('x') as DStream<unknown>);
    await job.batch('a');
    await job.stop();
    const spec = StateSpec.function((word: string) => word);
    const again = job.boot((words) => keyed(words).mapWithState(spec).uid('x') as DStream<unknown>);
    await expect(again).rejects.toMatchObject({
      code: 'CHECKPOINT_INCOMPATIBLE',
      message: expect.stringMatching(/state of x as updateStateByKey, the job has it as mapWithState/),
      hint: expect.stringMatching(/uid of its own/),
    });
  });

  test('may have a longer window: it is made anew from what is remembered', async () => {
    const job = new Job<string, unknown>(ownDirectory());
    const add = (a: number, b: number): number => a + b;
    const over =
      (ms: number): Build<string, unknown> =>
      (words) =>
        keyed(words).reduceByKeyAndWindow(add, (a, b) => a - b, ms) as DStream<unknown>;
    await job.boot(over(2000));
    for (let i = 0; i < 4; i++) await job.batch('a');
    await job.stop();
    await job.boot(over(4000));
    await job.batch('a');
    await job.batch('a');
    await job.stop();
    // Two slices, and the one that was kept to be taken out, were remembered; the window fills up from them.
    expect(job.out.slice(-2).flat().map(String)).toEqual(['a,4', 'a,4']);
  });

  test('may have a batch interval that divides the old one when that is asked for; another is refused while windows hold data', async () => {
    const job = new Job<string, unknown>(ownDirectory());
    const build: Build<string, unknown> = (words) => words.window(6000) as DStream<unknown>;
    await job.boot(build);
    await job.batch('a');
    await job.stop();
    expect(await codeOf(job.boot(build, { batchInterval: 1500 }))).toBe('CHECKPOINT_INCOMPATIBLE');
    // There is no way back from it, and "2" may have been meant as seconds.
    await expect(job.boot(build, { batchInterval: 2 })).rejects.toMatchObject({
      code: 'CHECKPOINT_INCOMPATIBLE',
      hint: expect.stringContaining('--allow-interval-change'),
    });
    await job.boot(build, { batchInterval: 500, allowIntervalChange: true });
    await job.batch('b');
    await job.stop();
    expect(job.out.some((values) => sorted(values).join() === 'a,b')).toBe(true);
  });

  test('two streams of one name are refused', async () => {
    const job = new Job<string, unknown>(ownDirectory());
    const build: Build<string, unknown> = (words) => {
      const first = keyed(words).updateStateByKey(sum);
      return first.union(keyed(words).updateStateByKey(sum).uid('updateStateByKey-0')) as DStream<unknown>;
    };
    expect(await codeOf(job.boot(build))).toBe('CONFIG_INVALID');
  });
});

describe('damage is told of at start, before anything is thrown away', () => {
  async function onceRun(options: Partial<StreamingContextOptions> = {}): Promise<string> {
    const job = new Job<string, readonly [string, number]>(ownDirectory(), options);
    await job.boot(counts);
    await job.batch('a');
    await job.batch('a');
    await job.stop();
    return job.directory;
  }

  test('a journal that was cut short after a stop', async () => {
    const directory = await onceRun();
    const newest = fs
      .readdirSync(directory)
      .filter((name) => name.endsWith('.log'))
      .at(-1) as string;
    const file = path.join(directory, newest);
    fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2));
    expect(await codeOf(new Job(directory).boot(counts as never))).toBe('LOG_CORRUPT');
  });

  test('received events whose journal is gone stay where they are', async () => {
    const directory = await onceRun({ reliability: 'store-on-failure' });
    for (const name of fs.readdirSync(directory)) if (name.startsWith('journal')) fs.rmSync(path.join(directory, name));
    const blocks = (): string[] => fs.readdirSync(directory).filter((name) => name.startsWith('blocks-'));
    const before = blocks();
    expect(before.length).toBe(1);
    const again = new Job(directory, { reliability: 'store-on-failure' }).boot(counts as never);
    await expect(again).rejects.toMatchObject({
      code: 'LOG_CORRUPT',
      hint: expect.stringContaining(before[0] as string),
    });
    expect(blocks()).toEqual(before);
  });

  test('a block of a first start that was killed before its record was written is no damage', async () => {
    const job = new Job<string, readonly [string, number]>(ownDirectory(), { reliability: 'store-on-failure' });
    await job.boot(counts);
    await job.powerCut();
    const block = path.join(job.directory, 'blocks-0000000001.avro');
    fs.writeFileSync(block, 'Obj');
    await job.boot(counts);
    await job.stop();
    expect(fs.existsSync(block)).toBe(false);
  });
});

test('two runs cannot use one directory', async () => {
  const directory = ownDirectory();
  const first = new Job<string, readonly [string, number]>(directory);
  await first.boot(counts);
  const second = new Job<string, readonly [string, number]>(directory);
  expect(await codeOf(second.boot(counts))).toBe('CHECKPOINT_LOCKED');
  await first.stop();
  await second.boot(counts);
  await second.stop();
});

test('a state that is an instance of a class fails the batch with what to do, before anything is acknowledged', async () => {
  class Total {
    n = 1;
  }
  const job = new Job<string, unknown>(ownDirectory(), { onFailure: 'stop' });
  await job.boot(
    (words) => words.map((word) => [word, 1] as const).updateStateByKey(() => new Total()) as DStream<unknown>,
  );
  expect(await job.batch('a')).toMatchObject({ code: 'CHECKPOINT_VALUE', message: expect.stringMatching(/Total/) });
  await job.stop();
});

test('getOrCreate goes on from a directory, with the code of now', async () => {
  const directory = ownDirectory();
  const clock = new ManualClock(0);
  const seen: string[] = [];
  for (const mark of ['one', 'two']) {
    const handle: { push: (values: readonly string[]) => void } = { push: () => {} };
    const ssc = await StreamingContext.getOrCreate(directory, () => {
      const context = new StreamingContext({ batchInterval: 1000, clock, write: () => {} });
      const { stream, push } = context.valuesStream<string>();
      handle.push = push;
      counts(stream, context).foreachRDD(async (rdd) => {
        for (const pair of await rdd.collect()) seen.push(`${mark} ${pair}`);
      });
      return context;
    });
    await ssc.start();
    handle.push(['a']);
    await oneBatch(ssc, () => clock.advance(1000));
    await ssc.stop({ graceful: false });
  }
  expect(seen).toEqual(['one a,1', 'two a,2']);
});
