/** The steps of vectors: each makes a stream of a stream. */
import type { StreamingContext } from '../../src/api/streaming-context.ts';
import type { DStream } from '../../src/graph/dstream.ts';
import { MapWithStateDStream } from '../../src/graph/dstream.ts';
import { StateSpec } from '../../src/graph/state/state-spec.ts';
import { compile, compileOptional } from './functions.ts';
import type { Step } from './vector.ts';

/** The types are the vector's affair: what its functions take and give is known only there. */
// biome-ignore lint/suspicious/noExplicitAny: a stream of whatever the vector's functions make
export type AnyStream = DStream<any>;

/** What pipelines begin with. */
export interface Inputs {
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

/** Makes a stream step by step. */
export function build(input: string, pipeline: readonly Step[], inputs: Inputs): AnyStream {
  const source = inputs.streams[input];
  if (source === undefined) throw new Error(`unknown input ${input}`);
  return pipeline.reduce((stream, step) => {
    const apply = OPERATORS[step.op];
    if (apply === undefined) throw new Error(`unknown operator ${step.op}`);
    return apply(stream, step, inputs);
  }, source);
}
