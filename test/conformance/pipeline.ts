/** Vectors with a pipeline: a stream made step by step, run batch by batch under a manual clock. */

import { StreamingContext } from '../../src/api/streaming-context.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { StreamjobError } from '../../src/core/errors.ts';
import type { DStream } from '../../src/graph/dstream.ts';
import { MapWithStateDStream } from '../../src/graph/dstream.ts';
import { type AnyStream, build } from './steps.ts';
import { PASSED, plain, sortGroups, type Vector, type Verdict, verdict } from './vector.ts';

/** Builds a vector's graph where stages run elsewhere. */
const JOB = new URL('vector-job.ts', import.meta.url).href;

interface Outcome {
  readonly batches: unknown[];
  readonly snapshots: unknown[];
  readonly partitions: number[];
  readonly error: { readonly thrown: unknown; readonly batchIndex: number } | undefined;
}

/** A part of a run: from a batch, to before a batch, with what the part before left in a directory. */
export interface RunPart {
  readonly clock: ManualClock;
  readonly from: number;
  readonly to: number;
  readonly checkpointDir: string;
  /** What else the output does. */
  readonly also?: ((stream: DStream<unknown>) => void) | undefined;
}

/** The engine that computes, where it is not this thread. */
export interface Place {
  readonly engine: string;
  readonly master?: string;
}

/** Hands an input its values of a batch. */
type Push = (batch: number) => void;

/** Takes what came out of a batch. */
interface Taking {
  readonly batch: (values: unknown[], partitions: number) => void;
  readonly snapshot: (values: unknown[]) => void;
  readonly also?: RunPart['also'];
}

/** Makes the graph of a vector, the same in each process. */
export function buildVector(ssc: StreamingContext, vector: Vector, taking: Taking): readonly Push[] {
  const { oneAtATime, pipeline = [], source } = vector.params;
  const pushes: Push[] = [];
  const streams: Record<string, AnyStream> = {};
  for (const [name, batches] of Object.entries(inputsOf(vector))) {
    if (source === 'queue') {
      streams[name] = ssc.queueStream(
        batches.map((values) => values ?? []),
        oneAtATime ?? true,
      );
      continue;
    }
    const { stream, push } = ssc.valuesStream<unknown>();
    streams[name] = stream;
    pushes.push((batch) => push(batch < batches.length ? (batches[batch] ?? null) : []));
  }
  const output = build('input', pipeline, { ssc, streams });
  output.foreachRDD(async (rdd) => taking.batch(await rdd.collect(), rdd.getNumPartitions()));
  if (output instanceof MapWithStateDStream) {
    output.stateSnapshots().foreachRDD(async (rdd) => taking.snapshot(await rdd.collect()));
  }
  taking.also?.(output);
  return pushes;
}

const inputsOf = ({ input, params: { input2 = [], input3 = [] } }: Vector) => ({ input, input2, input3 });

/** Runs a vector's pipeline and gathers what came out of each batch. */
export async function runPipeline(vector: Vector, part?: RunPart, place?: Place): Promise<Outcome> {
  const { batchMs = 1000, numPartitions = 2 } = vector.params;
  const clock = part?.clock ?? new ManualClock(0);
  const ssc = new StreamingContext({
    ...(part === undefined ? {} : { checkpointDir: part.checkpointDir }),
    ...(place === undefined ? {} : { ...place, job: { module: JOB, data: vector } }),
    batchInterval: batchMs,
    clock,
    parallelism: numPartitions,
    onFailure: 'stop',
    write: () => {},
  });
  const outcome = { batches: [] as unknown[], snapshots: [] as unknown[], partitions: [] as number[] };
  const pushes = buildVector(ssc, vector, {
    batch: (values, partitions) => {
      outcome.batches.push(values);
      outcome.partitions.push(partitions);
    },
    snapshot: (values) => outcome.snapshots.push(values),
    also: part?.also,
  });
  await ssc.start();
  let error: Outcome['error'];
  const numBatches =
    vector.params.numBatches ?? Math.max(...Object.values(inputsOf(vector)).map((batches) => batches.length));
  for (let i = part?.from ?? 0; i < (part?.to ?? numBatches) && error === undefined; i++) {
    for (const push of pushes) push(i);
    const failure = await oneBatch(ssc, () => clock.advance(batchMs));
    if (failure !== undefined) error = { thrown: failure, batchIndex: i };
  }
  await ssc.stop({ graceful: false });
  return { ...outcome, error };
}

/** Runs one batch. @returns what made it fail */
export async function oneBatch(ssc: StreamingContext, trigger: () => void): Promise<unknown> {
  const done = new Promise<unknown>((resolve) => {
    const subscription = ssc.events$.subscribe((event) => {
      if (event.type === 'batchFailed') resolve(event.error);
      else if (event.type === 'batchCompleted') resolve(undefined);
      else return;
      subscription.unsubscribe();
    });
  });
  trigger();
  return done;
}

/** Judges a vector with a pipeline. */
export async function checkPipeline(vector: Vector, place?: Place): Promise<Verdict> {
  const { expectError, expectPartitions, stateSnapshots, properties } = vector.params;
  const outcome = await runPipeline(vector, undefined, place);
  if (expectError !== undefined) {
    const before = verdict(vector.compare, vector.expected, outcome.batches);
    return before.result === 'passed' ? checkError(expectError, outcome.error) : before;
  }
  if (outcome.error !== undefined)
    return { result: 'failed', expected: vector.expected, actual: String(outcome.error.thrown) };
  if (expectPartitions !== undefined && outcome.partitions.some((count) => count !== expectPartitions)) {
    return { result: 'failed', expected: `${expectPartitions} partitions`, actual: outcome.partitions };
  }
  const grouped = vector.compare === 'set' && pipelineEnd(vector) === 'groupByKeyAndWindow';
  const values = grouped
    ? verdict('set', sortGroups(vector.expected), sortGroups(outcome.batches))
    : verdict(vector.compare, vector.expected, outcome.batches);
  if (values.result !== 'passed') return values;
  if (stateSnapshots !== undefined) return verdict('set', stateSnapshots, outcome.snapshots);
  return properties === undefined ? PASSED : checkProperties(properties, outcome);
}

function pipelineEnd(vector: Vector): string | undefined {
  return vector.params.pipeline?.at(-1)?.op;
}

/** Spark's exception types by our codes. */
const CODES: Readonly<Record<string, readonly string[]>> = {
  IllegalArgumentException: ['CONFIG_INVALID'],
  UnsupportedOperationException: ['EMPTY_COLLECTION'],
  SparkException: ['JOB_INVALID', 'CONTEXT_STATE', 'ZIP_MISMATCH', 'USER_FUNCTION'],
  IllegalStateException: ['CONTEXT_STATE'],
};

export function checkError(
  expected: NonNullable<Vector['params']['expectError']>,
  actual: { readonly thrown: unknown; readonly batchIndex?: number } | undefined,
): Verdict {
  const failed: Verdict = {
    result: 'failed',
    expected,
    actual: actual === undefined ? 'no error' : String(actual.thrown),
  };
  if (actual === undefined) return failed;
  const { thrown } = actual;
  if (!(thrown instanceof StreamjobError)) return failed;
  if (expected.type !== undefined && !(CODES[expected.type] ?? [thrown.code]).includes(thrown.code)) return failed;
  if (expected.contains !== undefined && !thrown.message.includes(expected.contains)) return failed;
  if (expected.batchIndex !== undefined && actual.batchIndex !== expected.batchIndex) return failed;
  return PASSED;
}

function checkProperties(properties: Readonly<Record<string, unknown>>, outcome: Outcome): Verdict {
  const text = (value: unknown): string =>
    JSON.stringify(Array.isArray(value) ? value.map((each) => JSON.stringify(plain(each))).sort() : value);
  const actual: Record<string, unknown> = {
    flattenedSortedOutput: outcome.batches.flat().map(plain).sort(),
    someSnapshotEquals: outcome.snapshots.find((snapshot) => text(snapshot) === text(properties['someSnapshotEquals'])),
    lastSnapshotEquals: outcome.snapshots.at(-1),
  };
  for (const [name, expected] of Object.entries(properties)) {
    if (!(name in actual)) throw new Error(`unknown property ${name}`);
    if (text(actual[name]) !== text(expected))
      return { result: 'failed', expected: { [name]: expected }, actual: { [name]: actual[name] } };
  }
  return PASSED;
}
