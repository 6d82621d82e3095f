/** Vectors with a pipeline: a stream made step by step, run batch by batch under a manual clock. */

import { StreamingContext } from '../../src/api/streaming-context.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { StreamjobError } from '../../src/core/errors.ts';
import type { DStream } from '../../src/graph/dstream.ts';
import { MapWithStateDStream } from '../../src/graph/dstream.ts';
import { StateSpec } from '../../src/graph/state/state-spec.ts';
import { compile, compileOptional } from './functions.ts';
import { PASSED, plain, type Step, sortGroups, type Vector, type Verdict, verdict } from './vector.ts';

/** The types are the vector's affair: what its functions take and give is known only there. */
// biome-ignore lint/suspicious/noExplicitAny: a stream of whatever the vector's functions make
type AnyStream = DStream<any>;

interface Inputs {
  readonly ssc: StreamingContext;
  readonly streams: Readonly<Record<string, AnyStream>>;
}

type Apply = (stream: AnyStream, step: Step, inputs: Inputs) => AnyStream;

function otherOf(step: Step, inputs: Inputs): AnyStream {
  if (step.other === undefined) throw new Error(`${step.op} without other`);
  return build(step.other.input, step.other.pipeline, inputs);
}

// biome-ignore lint/suspicious/noExplicitAny: see above
const fn = (step: Step): any => compile(step.fn);
const window = (step: Step): [number, number | undefined] => [step.windowMs ?? 0, step.slideMs];

const OPERATORS: Readonly<Record<string, Apply>> = {
  map: (s, step) => s.map(fn(step)),
  flatMap: (s, step) => s.flatMap(fn(step)),
  filter: (s, step) => s.filter(fn(step)),
  glom: (s) => s.glom(),
  mapPartitions: (s, step) => s.mapPartitions(fn(step)),
  repartition: (s, step) => s.repartition(step.numPartitions ?? 0),
  reduce: (s, step) => s.reduce(fn(step)),
  count: (s) => s.count(),
  countByValue: (s, step) => s.countByValue(step.numPartitions),
  union: (s, step, inputs) => s.union(otherOf(step, inputs)),
  transform: (s, step) => s.transform(fn(step)),
  transformWith: (s, step, inputs) => s.transformWith(otherOf(step, inputs), fn(step)),
  contextUnion: (s, step, inputs) =>
    inputs.ssc.union([s, ...(step.others ?? []).map(({ input, pipeline }) => build(input, pipeline, inputs))]),
  contextTransform: (s, step, inputs) =>
    inputs.ssc.transform(
      [s, ...(step.others ?? []).map(({ input, pipeline }) => build(input, pipeline, inputs))],
      fn(step),
    ),
  mapValues: (s, step) => s.mapValues(fn(step)),
  flatMapValues: (s, step) => s.flatMapValues(fn(step)),
  groupByKey: (s, step) => s.groupByKey(step.numPartitions),
  reduceByKey: (s, step) => s.reduceByKey(fn(step), step.numPartitions),
  combineByKey: (s, step) =>
    s.combineByKey(
      compile(step.createCombiner) as never,
      compile(step.mergeValue) as never,
      compile(step.mergeCombiner) as never,
      step.numPartitions,
    ),
  cogroup: (s, step, inputs) => s.cogroup(otherOf(step, inputs), step.numPartitions),
  join: (s, step, inputs) => s.join(otherOf(step, inputs), step.numPartitions),
  leftOuterJoin: (s, step, inputs) => s.leftOuterJoin(otherOf(step, inputs), step.numPartitions),
  rightOuterJoin: (s, step, inputs) => s.rightOuterJoin(otherOf(step, inputs), step.numPartitions),
  fullOuterJoin: (s, step, inputs) => s.fullOuterJoin(otherOf(step, inputs), step.numPartitions),
  window: (s, step) => s.window(...window(step)),
  countByWindow: (s, step) => s.countByWindow(step.windowMs ?? 0, step.slideMs ?? s.slideDuration),
  countByValueAndWindow: (s, step) =>
    s.countByValueAndWindow(step.windowMs ?? 0, step.slideMs ?? s.slideDuration, step.numPartitions),
  groupByKeyAndWindow: (s, step) => s.groupByKeyAndWindow(...window(step), step.numPartitions),
  reduceByWindow: (s, step) =>
    step.invFn === undefined
      ? s.reduceByWindow(fn(step), step.windowMs ?? 0, step.slideMs ?? s.slideDuration)
      : s.reduceByWindow(fn(step), compile(step.invFn) as never, step.windowMs ?? 0, step.slideMs ?? s.slideDuration),
  reduceByKeyAndWindow: (s, step) =>
    step.invFn === undefined
      ? s.reduceByKeyAndWindow(fn(step), ...window(step), step.numPartitions)
      : s.reduceByKeyAndWindow(
          fn(step),
          compile(step.invFn) as never,
          ...window(step),
          step.numPartitions,
          compileOptional(step.filterFn) as never,
        ),
  updateStateByKey: (s, step) => s.updateStateByKey(fn(step), stateOptions(step) as never),
  updateStateByKeyTime: (s, step) => s.updateStateByKey(fn(step), stateOptions(step) as never),
  updateStateByKeyPartition: (s, step) =>
    s.updateStateByKey(fn(step), { ...stateOptions(step), perPartition: true } as never),
  mapWithState: (s, step) => {
    const spec = StateSpec.function(fn(step)).initialState((step.initial ?? []) as never);
    if (step.timeoutMs !== undefined) spec.timeout(step.timeoutMs);
    if (step.numPartitions !== undefined) spec.numPartitions(step.numPartitions);
    return s.mapWithState(spec as never) as AnyStream;
  },
  stateSnapshots: (s) => {
    if (s instanceof MapWithStateDStream) return s.stateSnapshots();
    throw new Error('stateSnapshots of a stream without states');
  },
};

function stateOptions(step: Step): object {
  return {
    ...(step.initial === undefined ? {} : { initialState: step.initial }),
    ...(step.numPartitions === undefined ? {} : { numPartitions: step.numPartitions }),
  };
}

/** The names of the steps that pipelines may have. */
export const PIPELINE_OPERATORS: readonly string[] = Object.keys(OPERATORS);

function build(input: string, pipeline: readonly Step[], inputs: Inputs): AnyStream {
  const source = inputs.streams[input];
  if (source === undefined) throw new Error(`unknown input ${input}`);
  return pipeline.reduce((stream, step) => {
    const apply = OPERATORS[step.op];
    if (apply === undefined) throw new Error(`unknown operator ${step.op}`);
    return apply(stream, step, inputs);
  }, source);
}

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
  readonly also?: (stream: DStream<unknown>) => void;
}

/** Runs a vector's pipeline and gathers what came out of each batch. */
export async function runPipeline(vector: Vector, part?: RunPart): Promise<Outcome> {
  const { batchMs = 1000, numPartitions = 2, pipeline = [], input2, input3, source, oneAtATime } = vector.params;
  const clock = part?.clock ?? new ManualClock(0);
  const ssc = new StreamingContext({
    ...(part === undefined ? {} : { checkpointDir: part.checkpointDir }),
    batchInterval: batchMs,
    clock,
    parallelism: numPartitions,
    onFailure: 'stop',
    write: () => {},
  });
  const all = { input: vector.input, input2: input2 ?? [], input3: input3 ?? [] };
  const pushes: ((batch: number) => void)[] = [];
  const streams: Record<string, AnyStream> = {};
  for (const [name, batches] of Object.entries(all)) {
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
  const outcome = { batches: [] as unknown[], snapshots: [] as unknown[], partitions: [] as number[] };
  const output = build('input', pipeline, { ssc, streams });
  output.foreachRDD(async (rdd) => {
    outcome.partitions.push(rdd.getNumPartitions());
    outcome.batches.push(await rdd.collect());
  });
  if (output instanceof MapWithStateDStream) {
    output.stateSnapshots().foreachRDD(async (rdd) => void outcome.snapshots.push(await rdd.collect()));
  }
  part?.also?.(output);
  await ssc.start();
  let error: Outcome['error'];
  const numBatches = vector.params.numBatches ?? Math.max(...Object.values(all).map((batches) => batches.length));
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
export async function checkPipeline(vector: Vector): Promise<Verdict> {
  const { expectError, expectPartitions, stateSnapshots, properties } = vector.params;
  const outcome = await runPipeline(vector);
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
