/** What operators are occupied with, and how many values they give: of spans, and of jobs that run. */
import { describe, expect, it, test } from 'vitest';
import type { BatchRecord } from '../../../src/observe/batch-record.ts';
import { loadOf, stagesOf, windowOf } from '../../../src/observe/load.ts';
import { recentLoad } from '../../../src/observe/recent.ts';
import { until } from '../../kit/until.ts';
import { Rig } from './rig.ts';
import { batchOf, commit, operator, output, stage } from './spans.ts';

const GRAPH = '/api/v1/applications/job/graph';
const OPERATORS = [operator(0, 'input'), operator(1, 'map'), operator(2, 'reduceByKey', { isKept: true })];
const OUTPUTS = [{ id: 'print-0', kind: 'print', site: undefined, operator: 2 }];

function load(batches: readonly BatchRecord[], from = 0, to = 1000) {
  return loadOf({ operators: OPERATORS, outputs: OUTPUTS, batches, from, to });
}

describe('the stages of operators', () => {
  it('end with what is kept, and have all before it that only they read', () => {
    const forked = [
      operator(0, 'input'),
      operator(1, 'map', { isKept: true }),
      operator(2, 'filter'),
      operator(3, 'count', { isKept: true }),
      operator(4, 'reduce', { parents: [1], isKept: true }),
      operator(5, 'unread', { parents: [4] }),
    ];
    expect([...stagesOf(forked)].sort()).toEqual([
      [0, 1],
      [1, 1],
      [2, 3],
      [3, 3],
      [4, 4],
    ]);
  });
});

describe('the load of operators', () => {
  it('is busy while its stage runs, and idle else', () => {
    const { operators, outputs } = load([batchOf(0, 0, 400, [stage(2, 'reduceByKey', 300), output('print-0', 100)])]);
    for (const one of operators) expect(one).toMatchObject({ stage: 2, stageMs: 300, busy: 0.3, backPressured: 0 });
    expect(outputs[0]).toMatchObject({ runMs: 100, busy: 0.1, backPressured: 0, idle: 0.9 });
  });

  it('is back-pressured while what comes after its stage keeps the next batch waiting', () => {
    const spans = [stage(2, 'reduceByKey', 300), output('print-0', 500), commit(100)];
    // The second batch waits from 600 to 900, while the output and the commit of the first run.
    const { operators, outputs } = load([batchOf(0, 0, 900, spans), batchOf(600, 300, 900, [], { events: 0 })]);
    expect(operators[2]).toMatchObject({ busy: 0.3, backPressured: 0.3, idle: expect.closeTo(0.4) });
    expect(outputs[0]).toMatchObject({ busy: 0.5, backPressured: 0.1 });
  });

  it('has shares that are 1 together, however full the time is', () => {
    const spans = [stage(2, 'reduceByKey', 3000), output('print-0', 3000)];
    for (const { backPressured, busy, idle } of load([batchOf(0, 0, 6000, spans), batchOf(1, 6000, 1, [])]).operators) {
      expect(busy + backPressured + idle).toBeCloseTo(1);
    }
  });

  it('does not take the stages of another graph, of a former run, for its own', () => {
    const { operators } = load([batchOf(0, 0, 400, [stage(2, 'cogroup', 300, { gave: [[2, 5]] })])]);
    expect(operators[2]).toMatchObject({ stageMs: 0, gave: undefined });
  });

  it('has the values that were counted, and what inputs brought; an attempt that ran again counts once', () => {
    const gave = [
      [1, 20],
      [2, 4],
    ] as const;
    const spans = [stage(2, 'reduceByKey', 1, { gave }), stage(2, 'reduceByKey', 1, { gave })];
    const { events, operators, outputs } = load([batchOf(0, 0, 2, spans), batchOf(500, 0, 2, [])]);
    expect([events, ...operators.map((one) => one.gave), outputs[0]?.took]).toEqual([20, 20, 20, 4, 4]);
  });

  it('tells since when values were counted: counting may have begun within the time', () => {
    const counted = stage(2, 'reduceByKey', 1, { gave: [[1, 8]] });
    const { operators } = load([batchOf(100, 0, 2, []), batchOf(400, 7, 2, [counted]), batchOf(700, 0, 2, [counted])]);
    expect(operators.map(({ gave, gaveFrom }) => [gave, gaveFrom])).toEqual([
      [30, 0],
      [16, 407],
      [undefined, undefined],
    ]);
  });

  it('is looked at over the interval of a batch, or its time where that is longer', () => {
    expect(windowOf(batchOf(1000, 5, 300, []), 500)).toEqual({ from: 1005, to: 1505 });
    expect(windowOf(batchOf(1000, 5, 700, []), 500)).toEqual({ from: 1005, to: 1705 });
  });
});

interface Answer {
  readonly batch: number | null;
  readonly operators: readonly { readonly id: number; readonly gave: number | null; readonly stageMs: number }[];
  readonly outputs: readonly { readonly took: number | null }[];
  readonly bottleneck: { readonly text: string } | null;
}

describe('the values that go from operator to operator', () => {
  async function counting(engine: 'inline' | 'looked-at'): Promise<{ rig: Rig; gave: Record<string, number | null> }> {
    const rig = await Rig.start((numbers) =>
      numbers
        .flatMap((n) => [n, n + 1])
        .filter((n) => n % 2 === 0)
        .map((n): [number, number] => [n % 10, 1])
        .reduceByKey((a, b) => a + b)
        .print(),
    );
    if (engine === 'looked-at') await rig.json(`${GRAPH}/load`);
    await rig.batch(1, 2, 3, 11, 12, 13);
    const { operators } = (await rig.json(GRAPH)) as { operators: { id: number; name: string }[] };
    const answer = (await rig.json(`${GRAPH}/load?batch=1000`)) as Answer;
    const gave = Object.fromEntries(operators.map(({ id, name }) => [name, answer.operators[id]?.gave ?? null]));
    return { rig, gave };
  }

  it('are counted at each operator while somebody looks', async () => {
    const { gave } = await counting('looked-at');
    const { flatMap, filter, map, reduceByKey } = gave;
    expect([flatMap, filter, map, reduceByKey]).toEqual([12, 6, 6, 2]);
    expect(Object.values(gave)[0]).toBe(6);
  });

  it('are known without counting where they come in and where a stage ends', async () => {
    const { gave } = await counting('inline');
    const { flatMap, filter, map, reduceByKey } = gave;
    expect([flatMap, filter, map, reduceByKey]).toEqual([null, null, null, 2]);
    expect(Object.values(gave)[0]).toBe(6);
  });

  it('stop being counted when nobody has looked for a while', async () => {
    const { rig } = await counting('looked-at');
    rig.clock.advance(20_000);
    await until(() => rig.observer.history.batches.every(({ status }) => status === 'COMPLETED'));
    rig.push([1]);
    rig.clock.advance(1000);
    await until(() => rig.observer.history.totals.processedEvents === 7);
    const last = rig.observer.history.over.findLast(({ events }) => events === 1);
    const answer = (await rig.json(`${GRAPH}/load?batch=${last?.time}`)) as Answer;
    expect(answer.operators.map(({ gave }) => gave)).toEqual([1, null, null, null, 1]);
  });
});

test('the load of now is of the batches that are kept, where these are fewer than those of the last seconds', async () => {
  const rig = await Rig.start((numbers) => numbers.count().print(), { retained: 2 });
  for (let i = 0; i < 5; i++) await rig.batch(1, 2, 3);
  const { from, to, events } = recentLoad(rig.observer);
  expect([from, to, events]).toEqual([4000, 5000, 6]);
});

test('the load of now has the last batches, of a batch its own, and of none there is none', async () => {
  const rig = await Rig.start((numbers) => numbers.count().print());
  await rig.batch(1, 2, 3);
  await rig.batch(4);
  const now = (await rig.json(`${GRAPH}/load`)) as Answer;
  expect([now.batch, now.operators[0]?.gave, now.outputs[0]?.took]).toEqual([null, 4, 2]);
  const first = (await rig.json(`${GRAPH}/load?batch=1000`)) as Answer;
  expect([first.batch, first.operators[0]?.gave, first.outputs[0]?.took]).toEqual([1000, 3, 1]);
  expect((await rig.ask(`${GRAPH}/load?batch=7`)).status).toBe(404);
  const { bottleneck } = (await rig.json('/api/v1/applications/job/overview')) as Answer;
  expect(bottleneck).toMatchObject({ isHolding: false });
});
