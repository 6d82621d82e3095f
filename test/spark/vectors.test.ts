/**
 * Spark's own cases of DStreams on the executors of a real cluster. One for each operator; SPARK_VECTORS=all runs every one that is a pipeline.
 * Those that are no more than tables, receivers or checkpoints say nothing of an engine.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkPipeline } from '../conformance/pipeline.ts';
import { isOfPipeline } from '../conformance/run.ts';
import { PIPELINE_OPERATORS } from '../conformance/steps.ts';
import type { Step, Vector } from '../conformance/vector.ts';
import { describeWith } from '../interop/kit/peers.ts';
import { Scene } from '../interop/kit/scene.ts';
import { type Cluster, startCluster } from './kit/cluster.ts';

const all = JSON.parse(readFileSync(new URL('../conformance/dstream.json', import.meta.url), 'utf8')) as Vector[];
const vectors = all.filter(isOfPipeline);

/** The operators of a pipeline, those of the streams that it brings together included. */
function operatorsOf(pipeline: readonly Step[] = []): string[] {
  return pipeline.flatMap(({ op, other, others = [] }) => {
    const joined = other === undefined ? others : [other, ...others];
    return [op, ...joined.flatMap((each) => operatorsOf(each.pipeline))];
  });
}

/** For each operator that none before has shown, its vector with the fewest batches. */
function oneOfEach(): Vector[] {
  const batchesOf = ({ input, params }: Vector): number => params.numBatches ?? input.length;
  const shortFirst = [...vectors].sort((a, b) => batchesOf(a) - batchesOf(b));
  const shown = new Set<string>();
  return PIPELINE_OPERATORS.flatMap((operator) => {
    if (shown.has(operator)) return [];
    const found = shortFirst.find(({ params }) => operatorsOf(params.pipeline).includes(operator));
    for (const each of operatorsOf(found?.params.pipeline)) shown.add(each);
    return found === undefined ? [] : [found];
  });
}

describeWith(['cluster'], 'each vector on a Spark cluster', () => {
  const scene = new Scene();
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = await startCluster(scene);
  });
  afterAll(() => scene.close());

  const chosen = process.env['SPARK_VECTORS'] === 'all' ? vectors : oneOfEach();
  test.each(chosen.map((vector) => [vector.id, vector] as const))('%s', async (_, vector) => {
    const place = { engine: 'spark', master: cluster?.master ?? '' };
    expect(await checkPipeline(vector, place)).toEqual({ result: 'passed' });
  });
});
