/** What holds a job up: each cause, of batches in which it is so, with the option that would change it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, test } from 'vitest';
import type { BatchRecord } from '../../../src/observe/batch-record.ts';
import { bottleneckOf } from '../../../src/observe/bottleneck.ts';
import type { BottleneckInput } from '../../../src/observe/bottleneck-types.ts';
import { batchOf, commit, failure, operator, output, stage } from './spans.ts';

const OPERATORS = [operator(0, 'flumeStream'), operator(1, 'flatMap'), operator(2, 'reduceByKey', { isKept: true })];
const OUTPUTS = [{ id: 'print-0', kind: 'print', site: 'job.ts:9:4', operator: 2 }];

function input(batches: readonly BatchRecord[], more: Partial<BottleneckInput> = {}): BottleneckInput {
  return {
    ...{ batches, batchIntervalMs: 1000, operators: OPERATORS, outputs: OUTPUTS, inputs: [], maxRate: undefined },
    ...{ engine: 'inline', parallelism: 1, batchesInFlight: 2, stateStore: 'memory', cores: 4 },
    ...more,
  };
}

/** Three batches in a row of which each takes longer than the interval. */
function late(spans: Parameters<typeof batchOf>[3], took = 1300): BatchRecord[] {
  return [0, 1, 2].map((i) => batchOf(1000 * i, i * (took - 1000), took, spans));
}

const slowStage = (tasks: readonly number[] = []) => [
  stage(2, 'reduceByKey', 1100, { tasks, site: 'job.ts:12:5' }),
  output('print-0', 100),
  commit(50),
];

describe('a stage that takes the time of its batches', () => {
  it('runs on one thread: more of them would help', () => {
    expect(bottleneckOf(input(late(slowStage())))).toEqual({
      ...{ cause: 'one-thread', isHolding: true, operator: 2, output: null, share: 1100 / 1300 },
      text: 'the stage of reduceByKey at job.ts:12:5 takes 85 % of the processing time and batches take 1.3 s, longer than the interval of 1.0 s: the functions of the job run on one thread of 4 cores',
      advice: "Let worker threads compute (engine: 'threads', parallelism: as many as there are cores).",
      settings: ['engine', 'parallelism'],
    });
  });

  it('has a partition that takes much longer than the others: a skew of keys', () => {
    const skewed = input(late(slowStage([100, 110, 900, 120])), { engine: 'threads', parallelism: 4 });
    expect(bottleneckOf(skewed)).toMatchObject({
      cause: 'skew',
      text: expect.stringContaining('one partition of 4 takes 7.8× the median: a skew of keys'),
    });
    const even = input(late(slowStage([300, 310, 290, 320])), { engine: 'threads', parallelism: 4 });
    expect(bottleneckOf(even)?.cause).not.toBe('skew');
  });

  it('has fewer workers than there are cores', () => {
    expect(bottleneckOf(input(late(slowStage([500, 600])), { engine: 'threads', parallelism: 2 }))).toMatchObject({
      ...{ cause: 'few-workers', settings: ['parallelism'] },
      text: expect.stringContaining('2 of 4 cores work'),
    });
  });

  it('reads its states from disk', () => {
    const operators = [...OPERATORS.slice(0, 2), operator(2, 'reduceByKey', { isKept: true, isStateful: true })];
    const more = { engine: 'threads', parallelism: 4, stateStore: 'lmdb', operators };
    expect(bottleneckOf(input(late(slowStage()), more))).toMatchObject({
      cause: 'states',
      settings: ['stateCache', 'stateStore'],
    });
  });

  it('has all workers: then it is the function itself', () => {
    expect(bottleneckOf(input(late(slowStage()), { engine: 'threads', parallelism: 4 }))?.cause).toBe('function');
  });
});

describe('what else takes the time of batches', () => {
  it('is an output, and stages of the next batch could run meanwhile', () => {
    const spans = [stage(2, 'reduceByKey', 100), output('print-0', 1100), commit(50)];
    expect(bottleneckOf(input(late(spans), { batchesInFlight: 1 }))).toMatchObject({
      ...{ cause: 'output', output: 'print-0', operator: null, settings: ['batchesInFlight', 'batchInterval'] },
      text: expect.stringMatching(/^the output print-0 at job\.ts:9:4 takes 85 % /),
    });
    expect(bottleneckOf(input(late(spans)))?.settings).toEqual(['batchInterval']);
  });

  it('is the commit: the disk', () => {
    const spans = [stage(2, 'reduceByKey', 100), output('print-0', 100), commit(1000)];
    expect(bottleneckOf(input(late(spans)))).toMatchObject({
      ...{ cause: 'commit', settings: ['checkpointDir', 'batchInterval'] },
      text: expect.stringContaining('the commit takes 77 % of the processing time'),
    });
  });

  it('is no step at all', () => {
    expect(bottleneckOf(input(late([stage(2, 'reduceByKey', 100)])))).toMatchObject({
      cause: 'pauses',
      share: 12 / 13,
    });
  });

  it('is what comes again since batches fail', () => {
    const batches = [batchOf(0, 0, 5000, [output('print-0', 10)], { failures: [failure('the table is locked')] })];
    expect(bottleneckOf(input(batches))).toMatchObject({
      ...{ cause: 'failing', isHolding: true, settings: ['onPoison', 'onFailure'] },
      text: 'batches fail and are run again: the table is locked at job.ts:7:3',
    });
  });
});

describe('a batch that runs for longer than the interval', () => {
  const running = { step: 'output', output: 'print-0', forMs: 12_300, failure: undefined } as const;

  it('is at an output that hangs, whatever the batches before it did', () => {
    expect(bottleneckOf(input([], { running }))).toMatchObject({
      ...{ cause: 'output', isHolding: true, output: 'print-0', operator: null },
      text: 'a batch runs for 12.3 s, longer than the interval of 1.0 s, and is at the output print-0 at job.ts:9:4: it waits for what it writes to, or for its own function',
    });
  });

  it('is at a stage, or at the commit', () => {
    const at = (step: 'stage' | 'commit') =>
      bottleneckOf(input([], { running: { ...running, step, output: undefined } }));
    expect(at('stage')).toMatchObject({ cause: 'one-thread', text: expect.stringContaining('is at a stage: ') });
    expect(at('commit')).toMatchObject({ cause: 'commit', text: expect.stringContaining('is at the commit: ') });
  });

  it('has failed, and waits to be run again', () => {
    expect(bottleneckOf(input([], { running: { ...running, failure: failure('no route to host') } }))).toMatchObject({
      ...{ cause: 'failing', isHolding: true },
      text: 'batches fail and are run again: no route to host at job.ts:7:3',
    });
  });

  it('is no word worth while it has run for less', () => {
    expect(bottleneckOf(input([], { running: { ...running, forMs: 1000 } }))).toBeUndefined();
    expect(bottleneckOf(input([], { running: { ...running, forMs: 900 }, batchIntervalMs: 100 }))).toBeUndefined();
  });
});

test('a job that was held up and has caught up is not held up any more', () => {
  const caughtUp = [...late(slowStage()), batchOf(9000, 0, 1, [], { events: 0 })];
  expect(bottleneckOf(input(late(slowStage())))).toMatchObject({ isHolding: true });
  expect(bottleneckOf(input(caughtUp))).toMatchObject({ isHolding: false, cause: 'one-thread' });
});

describe('a job that keeps up', () => {
  const batches = [0, 1, 2].map((i) =>
    batchOf(1000 * i, 2, 200, [stage(2, 'reduceByKey', 150), output('print-0', 30)]),
  );

  it('is told what takes most of its time, and is not held up', () => {
    expect(bottleneckOf(input(batches))).toMatchObject({
      ...{ isHolding: false, cause: 'one-thread', share: 0.75 },
      text: expect.stringContaining('batches take 200 ms of the interval of 1.0 s'),
    });
  });

  it('is not told of what is no step, where there is a step', () => {
    const short = [0, 1].map((i) => batchOf(1000 * i, 2, 10, [stage(2, 'reduceByKey', 2)]));
    expect(bottleneckOf(input(short))).toMatchObject({ operator: 2, isHolding: false, share: 0.2 });
  });

  it('may be held back by the rate that its receivers are allowed', () => {
    const inputs = [{ name: 'the push stream', limit: 5000, given: 4950 }];
    expect(bottleneckOf(input(batches, { inputs, maxRate: 5000 }))).toMatchObject({
      ...{ cause: 'rate-limit', isHolding: true, settings: ['backpressure'] },
      text: expect.stringContaining('the push stream is held back by its rate limit: it gives 4950 of 5000 events/s'),
    });
    // A rate that the batches have brought about is no limit that was set.
    expect(bottleneckOf(input(batches, { inputs, maxRate: 90_000 }))?.cause).toBe('one-thread');
    expect(bottleneckOf(input(batches, { inputs }))?.cause).toBe('one-thread');
  });

  it('that runs batch after batch without a pause is held up when they wait', () => {
    const eager = [0, 1, 2].map((i) => batchOf(100 * i, 600, 100, [stage(2, 'reduceByKey', 90)]));
    expect(bottleneckOf(input(eager))).toMatchObject({ isHolding: true, text: expect.stringContaining('wait 600 ms') });
  });

  it('has nothing to tell without events, or of batches that took no time', () => {
    expect(bottleneckOf(input([]))).toBeUndefined();
    expect(bottleneckOf(input([batchOf(0, 0, 10, [], { events: 0 })]))).toBeUndefined();
    expect(bottleneckOf(input([batchOf(0, 0, 0, [])]))).toMatchObject({ cause: 'nothing', isHolding: false });
  });
});

test('the options that are named are those of docs/options.md', () => {
  const docs = readFileSync(path.join(import.meta.dirname, '../../../docs/options.md'), 'utf8');
  const sources = ['bottleneck.ts', 'bottleneck-reasons.ts'].map((name) =>
    readFileSync(path.join(import.meta.dirname, '../../../src/observe', name), 'utf8'),
  );
  const named = sources.flatMap((text) =>
    [...text.matchAll(/(?:settings:|\?|:) \[((?:'\w+'(?:, )?)+)\]/g)].flatMap(([, names = '']) =>
      names.replaceAll("'", '').split(', '),
    ),
  );
  expect(new Set(named).size).toBeGreaterThan(6);
  for (const name of new Set(named)) expect(docs, name).toContain(`\n| \`${name}\` |`);
});
