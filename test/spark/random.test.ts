/**
 * Jobs put together at random give on the executors of a real cluster what they give in one thread: the same values in the same order.
 * SPARK_JOBS says how many, SPARK_SEED with which the first is made: the others follow it.
 */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runBatches } from '../../src/api/testing/run-batches.ts';
import { StreamjobError } from '../../src/core/errors.ts';
import { describeWith } from '../interop/kit/peers.ts';
import { Scene } from '../interop/kit/scene.ts';
import { type Cluster, startCluster } from './kit/cluster.ts';
import { randomCase } from './kit/random-cases.ts';
import build, { type RandomJob } from './kit/random-job.ts';

const JOBS = Number(process.env['SPARK_JOBS'] ?? 10);
const FIRST = Number(process.env['SPARK_SEED'] ?? 1);
const module = new URL('kit/random-job.ts', import.meta.url);

/** What comes out, or with what the job fails: streams without data, which some jobs have, cannot be brought together. */
const outcome = (running: Promise<unknown>): Promise<unknown> =>
  running.catch((error: unknown) => {
    if (!(error instanceof StreamjobError)) throw error;
    return { code: error.code, message: error.message };
  });

describeWith(['cluster'], 'random jobs on a Spark cluster', () => {
  const scene = new Scene();
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = await startCluster(scene);
  });
  afterAll(() => scene.close());

  test.each(Array.from({ length: JOBS }, (_, i) => FIRST + i))('of seed %i', async (seed) => {
    const made = randomCase(seed);
    const data: RandomJob = { steps: made.steps };
    const { inputs, numPartitions } = made;
    const common = { batchInterval: 1000, inputs, numPartitions, job: { module, data } };
    const here = await outcome(runBatches(common, build));
    const there = await outcome(runBatches({ ...common, engine: 'spark', master: cluster?.master ?? '' }, build));
    // To the last -0; shown as a difference where it is not.
    if (isDeepStrictEqual(there, here)) return;
    expect({ made, there }).toStrictEqual({ made, there: here });
    throw new Error(`${fc.stringify(there)} instead of ${fc.stringify(here)} of ${fc.stringify(made)}`);
  });
});
