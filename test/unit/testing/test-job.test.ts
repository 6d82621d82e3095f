/** The test kit: jobs that live on through restarts, poison and jumps of the clock; options. */
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type RunBatchesOptions, runBatches } from '../../../src/api/testing/run-batches.ts';
import { type BuildTestJob, type TestJob, type TestJobOptions, testJob } from '../../../src/testing.ts';
import counting from '../../kit/pipelines/test-job.ts';

const jobs: TestJob<object>[] = [];
const track = <J extends TestJob<object>>(job: J): J => {
  jobs.push(job);
  return job;
};
afterEach(async () => {
  for (const job of jobs.splice(0)) await job.stop();
  vi.restoreAllMocks();
});

const sorted = (values: readonly unknown[] = []): string[] => values.map(String).sort();

describe('a job under test', () => {
  test('has several outputs, and goes on from its checkpoint after a restart', async () => {
    const job = track(await testJob({ batchInterval: '1s' }, counting));
    job.push('words', ['a', 'bb', 'a']);
    await job.advance();
    await job.restart();
    job.push('words', ['a']);
    await job.advance();
    expect(job.outputs.counts.map(({ time }) => time)).toEqual([1000, 2000]);
    expect(sorted(job.outputs.counts.at(-1)?.values)).toEqual(['a,3', 'bb,1']);
    expect(job.outputs.lengths).toEqual([
      { time: 1000, values: [1, 2, 1] },
      { time: 2000, values: [1] },
    ]);
  });

  test('runs in worker threads, too', async () => {
    const module = new URL('../../kit/pipelines/test-job.ts', import.meta.url);
    const job = track(await testJob({ batchInterval: '1s', engine: 'threads', job: { module } }, counting));
    job.push('words', ['a', 'bb', 'a']);
    await job.advance();
    await job.restart();
    job.push('words', ['a']);
    await job.advance();
    expect(sorted(job.outputs.counts.at(-1)?.values)).toEqual(['a,3', 'bb,1']);
  });

  test('forgets its state at a restart without a checkpoint', async () => {
    const job = track(await testJob({ batchInterval: '1s', checkpoint: false }, counting));
    job.push('words', ['a']);
    await job.advance();
    await job.restart();
    job.push('words', ['b']);
    await job.advance();
    expect(sorted(job.outputs.counts.at(-1)?.values)).toEqual(['b,1']);
  });

  test('gets what had not committed again after a restart, once: what was pushed, and the batch that failed', async () => {
    let away = true;
    const build: BuildTestJob<{ counts: readonly [string, number] }> = (_, input) => {
      const words = input<string>('words');
      const counts = words.map((word) => [word, 1] as const).updateStateByKey((ones, sum) => (sum ?? 0) + ones.length);
      counts.foreachRDD(async () => {
        if (away) throw new Error('the database is away');
      });
      return { counts };
    };
    const job = track(await testJob({ batchInterval: '1s' }, build));
    job.push('words', ['a']);
    await expect(job.advance()).rejects.toThrow(/the database is away/);
    await expect(job.advance()).rejects.toMatchObject({ code: 'CONTEXT_STATE' });
    expect(() => job.push('words', ['b'])).toThrow(/does not run/);
    away = false;
    await job.restart();
    job.push('words', ['b']);
    await job.restart();
    await job.advance();
    expect(sorted(job.outputs.counts.at(-1)?.values)).toEqual(['a,1', 'b,1']);
  });

  test('may be another one after a restart, with the state of what it still has', async () => {
    const job = track(await testJob({ batchInterval: '1s' }, counting));
    job.push('words', ['a']);
    await job.advance();
    await job.restart((_, input) => {
      const words = input<string>('words').filter((word) => word !== 'b');
      const sum = (ones: readonly number[], state = 0): number => state + ones.length;
      return {
        counts: words.map((word) => [word, 1] as const).updateStateByKey(sum),
        lengths: input<number>('numbers'),
      };
    });
    job.push('words', ['a']);
    job.push('numbers', [7]);
    await job.advance();
    expect(sorted(job.outputs.counts.at(-1)?.values)).toEqual(['a,2']);
    expect(job.outputs.lengths.at(-1)).toEqual({ time: 2000, values: [7] });
  });

  test('shows the values that were left out', async () => {
    const job = track(
      await testJob({ batchInterval: '1s', onPoison: 'skip' }, (_, input) => ({
        upper: input<string>('words').map((word) => {
          if (word === 'bad') throw new Error('no');
          return word.toUpperCase();
        }),
      })),
    );
    expect(job.deadLetters).toEqual([]);
    job.push('words', ['a', 'bad', 'b']);
    await job.advance();
    expect(job.outputs.upper.at(-1)?.values).toEqual(['A', 'B']);
    expect(job.deadLetters).toMatchObject([
      { time: 1000, operator: expect.stringMatching(/^map/), event: 'bad', error: { message: 'no' } },
    ]);
  });

  test('goes through a clock that jumps ahead and back, while it runs and while it is away', async () => {
    const job = track(
      await testJob({ batchInterval: '1s' }, (_, input) => {
        const numbers = input<number>('numbers');
        return { numbers: numbers.filter(() => true), windows: numbers.window('3s') };
      }),
    );
    const times = (): number[] => job.outputs.numbers.map(({ time }) => time);
    job.push('numbers', [1]);
    await job.advance();
    job.push('numbers', [2]);
    await job.advance('1h');
    expect(job.now).toBe(3_601_000);
    expect(job.outputs.windows.find(({ time }) => time === 2000)?.values).toEqual([1, 2]);
    expect(job.outputs.windows.at(-1)).toEqual({ time: 3_601_000, values: [] });
    await job.setClock(1000);
    job.push('numbers', [3]);
    await job.advance();
    expect(times().at(-1)).toBe(3_601_000);
    await job.restart();
    await job.advance();
    expect(times().at(-1)).toBeGreaterThan(3_601_000);
    expect(job.outputs.numbers.at(-1)?.values).toEqual([3]);
    expect(times()).toEqual([...new Set(times())].sort((a, b) => a - b));
  });

  test('has what was printed, and writes nothing itself', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const job = track(
      await testJob({ batchInterval: '1s', checkpoint: false }, (ssc, input) => {
        input<number>('numbers').print();
        return { twice: ssc.union([input<number>('more')]).window('2s') };
      }),
    );
    job.push('numbers', [1]);
    await job.advance();
    await job.restart();
    await runBatches({ batchInterval: 1000, inputs: [[1]] }, (_, numbers) => numbers.window(2000));
    expect(job.printed).toContain('Time: 1000 ms');
    expect(stderr.mock.calls).toEqual([]);
    expect(stdout.mock.calls).toEqual([]);
  });

  test('takes its files along when it stops, and does not start again', async () => {
    const before = new Set(readdirSync(tmpdir()));
    const job = await testJob({ batchInterval: '1s' }, counting);
    const made = readdirSync(tmpdir()).filter((name) => name.startsWith('streamjob-test-') && !before.has(name));
    expect(made).not.toEqual([]);
    await job.stop();
    await job.stop();
    expect(made.some((name) => existsSync(`${tmpdir()}/${name}`))).toBe(false);
    await expect(job.restart()).rejects.toMatchObject({ code: 'CONTEXT_STATE' });
    await expect(testJob({ batchInterval: '1s' }, () => ({}))).rejects.toMatchObject({ code: 'NO_OUTPUT' });
  });
});

describe('is refused', () => {
  const odd = (value: object): RunBatchesOptions<number> & TestJobOptions =>
    value as unknown as RunBatchesOptions<number> & TestJobOptions;
  const run = (options: object) => runBatches(odd({ batchInterval: 1000, inputs: [], ...options }), (_, n) => n);
  const start = (options: object) => testJob(odd({ batchInterval: 1000, ...options }), counting);
  test.each<[string, () => Promise<unknown>, string, RegExp]>([
    ['a misspelt option', () => run({ numBatch: 1 }), 'CONFIG_UNKNOWN', /did you mean numBatches/],
    ['no inputs', () => runBatches(odd({ batchInterval: 1 }), (_, n) => n), 'CONFIG_INVALID', /values of each batch/],
    ['inputs that are no batches', () => run({ inputs: [1, 2] }), 'CONFIG_INVALID', /\[\[1, 2\], \[3\]\]/],
    ['a number of batches that is none', () => run({ numBatches: 1.5 }), 'CONFIG_INVALID', /whole number/],
    ['no partitions', () => run({ numPartitions: 0 }), 'CONFIG_INVALID', /from 1/],
    ['an engine that there is not', () => run({ engine: 'thread' }), 'CONFIG_UNKNOWN', /did you mean threads/],
    ['a job without a module', () => run({ job: { data: 1 } }), 'CONFIG_INVALID', /URL/],
    ['a misspelt option of testJob', () => start({ checkpoints: true }), 'CONFIG_UNKNOWN', /did you mean checkpoint/],
    ['a checkpoint that is no switch', () => start({ checkpoint: 'x' }), 'CONFIG_INVALID', /true or false/],
    ['a negative start', () => start({ startTime: -1 }), 'CONFIG_INVALID', /whole number/],
    ['a policy that there is not', () => start({ onPoison: 'drop' }), 'CONFIG_INVALID', /'fail' or 'skip'/],
  ])('%s', async (_, call, code, hint) => {
    await expect(call()).rejects.toMatchObject({ code, hint: expect.stringMatching(hint) });
  });

  test('an input that there is not, an input twice, a time that is none', async () => {
    const job = track(await testJob({ batchInterval: 1000 }, counting));
    expect(() => job.push('word', [])).toThrow(expect.objectContaining({ code: 'CONFIG_UNKNOWN' }));
    await expect(job.setClock(Number.NaN)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(job.advance(-1)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const twice: typeof counting = (ssc, input) => {
      input('words');
      return counting(ssc, input, undefined);
    };
    await expect(testJob({ batchInterval: 1000 }, twice)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
