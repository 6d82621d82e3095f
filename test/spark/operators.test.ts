/** Each operator on the executors of a real cluster gives what it gives in one thread: the same values in the same order, of any kind. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { inspect, isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BatchResult } from '../../src/api/testing/kit-graph.ts';
import { runBatches } from '../../src/api/testing/run-batches.ts';
import { StreamjobError } from '../../src/core/errors.ts';
import { describeWith } from '../interop/kit/peers.ts';
import { Scene } from '../interop/kit/scene.ts';
import { type Cluster, startCluster } from './kit/cluster.ts';
import build, { type OperatorData, type OperatorName, operators } from './kit/operators.ts';

const module = new URL('kit/operators.ts', import.meta.url);
const INPUTS: readonly (readonly number[])[] = [
  Array.from({ length: 14 }, (_, i) => i),
  [],
  [5, 3, 14, 20, 2],
  Array.from({ length: 300 }, (_, i) => (i * 7) % 101),
];

const STATES = /state|inverse/i;
/** Those of which the storage changes the way; SPARK_OPERATORS=all runs all of them with it. */
const STORED =
  /^(?:nothing|flatMap|twoShuffles|cogroup|unionOfShuffles|transformed|window|inverseWindow|eventTime|curious|.*state.*)$/i;

function isStoredToo(name: OperatorName): boolean {
  return process.env['SPARK_OPERATORS'] === 'all' || STORED.test(name);
}

describeWith(['cluster'], 'on a Spark cluster', () => {
  const scene = new Scene();
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = await startCluster(scene);
  });
  afterAll(() => scene.close());

  function run(
    name: OperatorName,
    numPartitions: number,
    engine: 'inline' | 'spark',
    storage?: string,
  ): Promise<readonly BatchResult<unknown>[]> {
    const data: OperatorData = { name };
    const there = { master: cluster?.master ?? '', ...(storage === undefined ? {} : { storage }) };
    const place = engine === 'spark' ? { engine, ...there, job: { module, data } } : { engine, job: { module, data } };
    return runBatches({ batchInterval: 1000, inputs: INPUTS, numPartitions, ...place }, build);
  }

  describe('each operator gives what it gives in one thread', () => {
    const names = (Object.keys(operators) as OperatorName[]).filter((name) => name !== 'throws' && name !== 'exits');
    test.each(names)('%s', async (name) => {
      const [there, here] = [await run(name, 3, 'spark'), await run(name, 3, 'inline')];
      // To the last -0; shown as a difference where it is not.
      if (!isDeepStrictEqual(there, here)) expect(there).toStrictEqual(here);
      expect(isDeepStrictEqual(there, here)).toBe(true);
    });
    // Keys of states have no order that is promised: pages have one, memory another.
    test.each(names.filter(isStoredToo))('%s, with data and states in a storage', async (name) => {
      const storage = path.join(scene.directory, 'storage');
      const [there, here] = [await run(name, 3, 'spark', storage), await run(name, 3, 'inline')];
      const sorted = (results: typeof here): unknown =>
        STATES.test(name)
          ? results.map(({ time, values }) => ({ time, values: values.map((value) => inspect(value)).sort() }))
          : results;
      expect(sorted(there)).toStrictEqual(sorted(here));
      expect(readdirSync(storage)).toEqual([]);
    });
  });

  test.each([1, 2, 8])('whatever the number of partitions: %i', async (numPartitions) => {
    expect(await run('twoShuffles', numPartitions, 'spark')).toEqual(await run('twoShuffles', numPartitions, 'inline'));
  });

  test('a worker that ends early is not taken for one that is done', async () => {
    await expect(run('exits', 2, 'spark')).rejects.toMatchObject({
      code: 'SPARK_FAILED',
      message: expect.stringMatching(/^a stage has read \d+ of \d+ rows$/),
    });
  });

  test('what a function throws comes once, with the operator, the value, and the line of the job', async () => {
    const error = await run('throws', 2, 'spark').then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(StreamjobError);
    expect(error).toMatchObject({
      code: 'USER_FUNCTION',
      message: 'the function of map threw: no 3 (on 3)',
      where: expect.stringMatching(/^map at .*test\/spark\/kit\/operators\.ts:\d+:\d+$/),
    });
  });
});
