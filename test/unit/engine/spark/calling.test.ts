/** What a driver and its executors do to call functions of outputs, without a cluster: rows go to a worker in this process, and come back. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { callOnExecutors } from '../../../../src/engine/spark/calling.ts';
import type { SparkRunnerParts } from '../../../../src/engine/spark/node-work.ts';
import { type Row, valuePieces } from '../../../../src/engine/spark/rows.ts';
import { StageWorker } from '../../../../src/engine/spark/stage-worker.ts';
import { writePieces } from '../../../../src/engine/spark/storage.ts';
import { storedPartition } from '../../../../src/engine/stored-chunk.ts';
import { Graph } from '../../../../src/graph/graph.ts';
import { ArrayPartition, type Lineage, sliced } from '../../../../src/graph/lineage.ts';
import type { OutputPartition } from '../../../../src/graph/outputs/partitions.ts';
import { NumberAccumulator } from '../../../../src/graph/shared.ts';
import { answerOf, takenApart } from '../../../kit/spark-plan.ts';

type Called = (values: IterableIterator<number>, part: OutputPartition, ...args: unknown[]) => unknown;

/** @param lose what of the rows of the answer comes @param onPlan before a plan runs */
function rig(fn: Called, { description = 'same', lose = (rows: Row[]): Row[] => rows, onPlan = (): void => {} } = {}) {
  const build = (): Graph => {
    const graph = new Graph(1000, () => undefined);
    graph.addFunction(fn);
    return graph;
  };
  const [here, there] = [build(), build()];
  const counted = here.accumulators.register(new NumberAccumulator());
  const countedThere = there.accumulators.register(new NumberAccumulator());
  let plans = 0;
  const run: SparkRunnerParts['run'] = async (plan) => {
    plans++;
    onPlan();
    const answer: Row[] = [];
    // Each partition is a task.
    for (const row of takenApart(plan).given.get(0) ?? []) {
      const job = { graph: there, accumulators: there.accumulators, description };
      const worker = new StageWorker(job, (each) => answer.push(each));
      await worker.take([row]);
      worker.end({ lines: [], more: 0 });
    }
    return [answerOf(lose(answer))];
  };
  const parts = {
    ...{ run, description: 'same', functions: here.functions, accumulators: here.accumulators, storage: undefined },
    ...{ command: async () => 'worker', places: () => undefined, executors: { ended: () => 0 } },
    local: { prepare: async () => [{ collect: async () => [7] }, { collect: async () => [8] }] },
  } as unknown as SparkRunnerParts;
  const origin = { job: 'j', output: 'foreachRDD-0', time: 1000, batch: 'b', parallelism: 3, call: 2 };
  const call = (lineage: Lineage<unknown>, isEach = false, args: readonly unknown[] = []): Promise<void> =>
    callOnExecutors(parts, lineage, { fn, args, isEach, origin }, 0);
  return { call, counted, countedThere, plans: () => plans };
}

describe('a function that executors call', () => {
  it('gets each partition, what names it, and its arguments as structured clone has them', async () => {
    const got: unknown[] = [];
    const { call, counted, countedThere, plans } = rig(async (values, part, ...args) => {
      await Promise.resolve();
      got.push([[...values], part, args]);
      countedThere.add(1);
    });
    const [map, date] = [new Map([['a', 1n]]), new Date(5)];
    await call(sliced([1, 2, 3], 2) as Lineage<unknown>, false, [map, date]);
    const part = {
      job: 'j',
      output: 'foreachRDD-0',
      time: 1000,
      batch: 'b',
      numPartitions: 2,
      parallelism: 3,
      call: 2,
    };
    expect(got).toEqual([
      [[1], { ...part, partition: 0 }, [map, date]],
      [[2, 3], { ...part, partition: 1 }, [map, date]],
    ]);
    expect([counted.value, plans()]).toEqual([2, 1]);
  });

  it('gets values one by one for foreach, and what the driver works out first of what is derived while the job runs', async () => {
    const got: unknown[] = [];
    const { call } = rig(async (value) => void got.push(value));
    await call({ kind: 'union', parents: [] }, true);
    expect(got).toEqual([7, 8]);
  });

  it('gets what lies in files that only the driver sees', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'streamjob-calling-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const pieces = writePieces(directory, 1000, [...valuePieces([1, 2], 'map')]);
    const got: unknown[] = [];
    const onPlan = (): void => rmSync(directory, { recursive: true });
    const { call } = rig((values) => void got.push(...values), { onPlan });
    await call({ kind: 'source', partitions: [storedPartition(pieces)] });
    expect(got).toEqual([1, 2]);
  });

  it('is not called for a batch without data', async () => {
    const { call, plans } = rig(() => {
      throw new Error('it was called');
    });
    await call({ kind: 'source', partitions: [new ArrayPartition([])] });
    expect(plans()).toBe(0);
  });

  it('fails the output when it throws, when arguments are not plain data, when the job differs there', async () => {
    const one = sliced([1], 1) as Lineage<unknown>;
    const failing = rig(async () => {
      await Promise.resolve();
      throw new Error('the table is full');
    });
    await expect(failing.call(one)).rejects.toMatchObject({
      code: 'USER_FUNCTION',
      message: 'the function of foreachPartition threw: the table is full',
      where: expect.stringContaining('calling.test.ts'),
    });
    await expect(rig(() => {}).call(one, false, [() => {}])).rejects.toMatchObject({ code: 'VALUE_NOT_PLAIN' });
    const other = rig(() => {}, { description: 'another' });
    await expect(other.call(one)).rejects.toMatchObject({ code: 'GRAPH_DIFFERS' });
  });

  it('is not taken for done when the end of a task is missing', async () => {
    const { call } = rig(() => {}, { lose: (rows) => rows.slice(1) });
    await expect(call(sliced([1, 2], 2) as Lineage<unknown>)).rejects.toMatchObject({
      code: 'SPARK_FAILED',
      message: 'the function was called with 1 of 2 partitions',
    });
  });
});
