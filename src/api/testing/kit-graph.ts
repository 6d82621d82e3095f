/** What the functions of the test kit share: their options, and how a test's graph is built, in each thread. */

import { StreamjobError } from '../../core/errors.ts';
import { moduleUrl } from '../../core/module-url.ts';
import { anything, count, type OptionTable, object, option } from '../../core/options.ts';
import type { JobModule } from '../../engine/engine.ts';
import type { DStream } from '../../graph/dstream.ts';
import { CONTEXT_OPTIONS } from '../options.ts';
import type { StreamingContext } from '../streaming-context.ts';

/** What testing-job.ts is told. @internal */
export interface KitJob {
  readonly kind: 'batches' | 'job';
  readonly module: string;
  readonly data: unknown;
}

/** Where worker threads find what a test builds. */
export interface KitModule {
  /** Path or URL of the module. */
  readonly module: string | URL;
  /** What its function gets last: plain data. */
  readonly data?: unknown;
}

export const KIT_MODULE_OPTIONS = {
  module: option(
    { required: true, doc: 'path or URL of the module' },
    {
      kind: 'path or URL',
      expected: "a module's path or URL, such as new URL('./pipeline.ts', import.meta.url)",
      read: (value): string | URL | undefined =>
        value instanceof URL || (typeof value === 'string' && value !== '') ? value : undefined,
    },
  ),
  data: anything({ doc: 'what its function gets last: plain data' }),
} satisfies OptionTable<KitModule>;

/** Options that all functions of the kit have. @internal */
export const KIT_OPTIONS = {
  batchInterval: CONTEXT_OPTIONS.batchInterval,
  numPartitions: count({
    min: 1,
    max: 1024,
    default: 2,
    unit: 'partitions',
    doc: 'partitions of batches and shuffles, unless an operator says otherwise',
  }),
  engine: CONTEXT_OPTIONS.engine,
  master: CONTEXT_OPTIONS.master,
  storage: CONTEXT_OPTIONS.storage,
  job: object(KIT_MODULE_OPTIONS, {
    expected: "the module of the test's function: { module, data }",
    doc: "where worker threads find what the test's function does; needed for engine 'threads'",
    more: 'A module whose default export is the same function, with `data` as its last parameter.',
  }),
} as const;

/** The job option of a context whose workers build a test's graph again. @internal */
export function kitJob(kind: KitJob['kind'], job: KitModule | undefined): { job?: JobModule } {
  if (job === undefined) return {};
  const data: KitJob = { kind, module: String(job.module), data: job.data };
  return { job: { module: moduleUrl('testing-job').href, source: data.module, data } };
}

/** One batch of a result. */
export interface BatchResult<U> {
  /** Of the batch, in ms since the epoch: a multiple of the interval. */
  readonly time: number;
  /** What the stream had in the batch. */
  readonly values: readonly U[];
}

/** Makes an input of the job, with a name of its own. */
export type TestInput = <T>(name: string) => DStream<T>;

/** Builds the job. @returns the streams whose batches are collected, by name @param data as of the option `job` */
export type BuildTestJob<O extends object> = (
  ssc: StreamingContext,
  input: TestInput,
  data: unknown,
) => TestOutputs<O> | Promise<TestOutputs<O>>;

/** A stream for each output. */
export type TestOutputs<O extends object> = { readonly [K in keyof O]: DStream<O[K]> };

/** Hands values to an input. */
export type Push = ReturnType<typeof StreamingContext.prototype.valuesStream<unknown>>['push'];

/** The graph of a test job: the same in each thread. @internal */
export async function buildTestJob<O extends object>(
  ssc: StreamingContext,
  build: BuildTestJob<O>,
  data: unknown,
  take: (name: string, time: number, values: readonly unknown[]) => void,
): Promise<{ readonly inputs: ReadonlyMap<string, Push>; readonly outputs: readonly string[] }> {
  const inputs = new Map<string, Push>();
  const input = <T>(name: string): DStream<T> => {
    if (inputs.has(name)) {
      throw new StreamjobError('CONFIG_INVALID', `there are two inputs ${JSON.stringify(name)}`, {
        where: 'testJob',
        hint: 'give each a name of its own, and read one stream as often as you like',
      });
    }
    const { stream, push } = ssc.valuesStream<T>();
    inputs.set(name, push as Push);
    return stream;
  };
  const outputs = Object.entries<DStream<unknown>>(await build(ssc, input, data));
  for (const [name, stream] of outputs) {
    stream.foreachRDD(async (rdd, time) => take(name, time, await rdd.collect()));
  }
  return { inputs, outputs: outputs.map(([name]) => name) };
}
