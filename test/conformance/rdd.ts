/** Vectors of RDD methods: a function over an RDD and further ones, run in the output of one batch. */

import { StreamingContext } from '../../src/api/streaming-context.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { parallelize, RDD } from '../../src/graph/rdd.ts';
import { compile } from './functions.ts';
import { checkError, oneBatch } from './pipeline.ts';
import { PASSED, type Vector, type Verdict, verdict } from './vector.ts';

/** The values of an RDD, an action's result, or what a function throws. */
async function evaluate(
  vector: Vector,
  rdd: RDD<unknown>,
  others: RDD<unknown>[],
): Promise<{ value: unknown; partitions?: number }> {
  const fn = compile(vector.params.fn) as unknown as (...rdds: RDD<unknown>[]) => unknown;
  const returned = await fn(rdd, ...others);
  const probe = partitionProbe(vector);
  const partitions = probe === undefined ? undefined : await probe(rdd, others);
  if (returned instanceof RDD)
    return { value: await returned.collect(), partitions: partitions ?? returned.getNumPartitions() };
  return { value: returned, ...(partitions === undefined ? {} : { partitions }) };
}

/** Where a vector expects a number of partitions of an RDD that its function already collects, that RDD is made once more. */
function partitionProbe(vector: Vector): ((rdd: RDD<unknown>, others: RDD<unknown>[]) => Promise<number>) | undefined {
  const source = vector.params.fn?.match(/^(.*)\.collect\(\)$/s)?.[1];
  if (vector.params.expectPartitions === undefined || source === undefined) return undefined;
  const fn = compile(source) as unknown as (...rdds: RDD<unknown>[]) => RDD<unknown>;
  return async (rdd, others) => fn(rdd, ...others).getNumPartitions();
}

/** An action that gives a list compares with the one batch that is expected; any other result is that batch's one value. */
function asBatch(value: unknown): unknown {
  return Array.isArray(value) ? value : [value];
}

export async function checkRdd(vector: Vector): Promise<Verdict> {
  const { numPartitions = 2, others = [], otherPartitions = [], expectError, expectPartitions } = vector.params;
  const clock = new ManualClock(0);
  const job = new StreamingContext({
    batchInterval: 1000,
    clock,
    parallelism: numPartitions,
    onFailure: 'stop',
    write: () => {},
  });
  const input = job.valuesStream<unknown>();
  let outcome: { value: unknown; partitions?: number } | undefined;
  input.stream.foreachRDD(async (rdd) => {
    const further = others.map((values, i) =>
      parallelize(values, otherPartitions[i] ?? numPartitions, RDD.runnerOf(rdd)),
    );
    outcome = await evaluate(vector, rdd, further);
  });
  await job.start();
  input.push(vector.input[0] ?? []);
  const thrown = await oneBatch(job, () => clock.advance(1000));
  await job.stop({ graceful: false });
  if (expectError !== undefined) return checkError(expectError, thrown === undefined ? undefined : { thrown });
  if (thrown !== undefined) return { result: 'failed', expected: vector.expected, actual: String(thrown) };
  if (expectPartitions !== undefined && outcome?.partitions !== expectPartitions) {
    return { result: 'failed', expected: `${expectPartitions} partitions`, actual: outcome?.partitions };
  }
  return outcome === undefined ? PASSED : verdict(vector.compare, vector.expected, [asBatch(outcome.value)]);
}

/** How parallelize cuts values into partitions: one expected entry per partition. */
export async function checkSlices(vector: Vector): Promise<Verdict> {
  const { numPartitions = 1, expectError } = vector.params;
  try {
    const rdd = parallelize(vector.input[0] ?? [], numPartitions, { prepare: async () => [] });
    if (expectError !== undefined) return checkError(expectError, undefined);
    const source = rdd.lineage;
    if (source.kind !== 'source') throw new Error('parallelize gave no source');
    const partitions = source.partitions.map(({ chunks }) => {
      const values: unknown[] = [];
      for (const chunk of chunks) {
        chunk.forEach((value) => {
          values.push(value);
        });
      }
      return values;
    });
    return verdict(vector.compare, vector.expected, partitions);
  } catch (thrown) {
    if (expectError === undefined) throw thrown;
    return checkError(expectError, { thrown });
  }
}
