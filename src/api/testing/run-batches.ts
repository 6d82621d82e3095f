/** runBatches: batches in, batches out, under a clock that stands still until the next batch. */
import { ManualClock } from '../../core/clock.ts';
import type { DurationLike } from '../../core/duration.ts';
import { silentLogger } from '../../core/log.ts';
import { computed, count, list, type OptionTable, option, resolveOptions } from '../../core/options.ts';
import type { DStream } from '../../graph/dstream.ts';
import { StreamingContext } from '../streaming-context.ts';
import { type BatchResult, KIT_OPTIONS, type KitModule, kitJob } from './kit-graph.ts';

/** What `runBatches` takes. */
export interface RunBatchesOptions<A, B = unknown, C = unknown> {
  /**
   * From one batch to the next, e.g. '250ms' or '1s'. With peers that wait for the commit, half of their time limit at
   * most. In ms, or a text such as '250ms', '1s', '5m'.
   */
  readonly batchInterval: DurationLike;
  /** The values of each batch; null: no data at all then, not even an empty batch. */
  readonly inputs: readonly (readonly A[] | null)[];
  /** Those of a second stream. Default: none. */
  readonly inputs2?: readonly (readonly B[] | null)[];
  /** Those of a third stream. Default: none. */
  readonly inputs3?: readonly (readonly C[] | null)[];
  /** How many batches are run; those beyond the inputs are empty. Default: as many as there are inputs. */
  readonly numBatches?: number;
  /** Partitions of batches and shuffles, unless an operator says otherwise. Default: 2. */
  readonly numPartitions?: number;
  /**
   * Who computes: 'inline', the main thread; 'threads', a worker thread per partition, at most one per core; or
   * 'spark', the executors of a Spark cluster. Each worker thread builds the job again: what its functions capture is
   * then a variable of each thread. A program names the module of the job with `job`. See docs/speed.md. Default:
   * 'inline'.
   */
  readonly engine?: string;
  /** With engine 'spark', where the Spark Connect server of the cluster is. */
  readonly master?: string;
  /**
   * With engine 'spark', where executors read and write data and states themselves. A directory, or
   * `s3://BUCKET/PREFIX`. What is in it is of use while the job runs only: what outlives a crash is the checkpoint.
   * Default: all data goes through the driver, and states are in it.
   */
  readonly storage?: string;
  /**
   * Where worker threads find what the test's function does; needed for engine 'threads'. A module whose default export
   * is the same function, with `data` as its last parameter.
   */
  readonly job?: KitModule;
}

/** Makes the stream to be collected from the input streams. @param data as of `job` */
export type BuildBatches<A, U, B = unknown, C = unknown> = (
  ssc: StreamingContext,
  input: DStream<A>,
  input2: DStream<B>,
  input3: DStream<C>,
  data: unknown,
) => DStream<U> | Promise<DStream<U>>;

const batch = option(
  {},
  {
    kind: 'array or null',
    expected: 'an array of values, or null',
    read: (value): readonly unknown[] | null | undefined =>
      value === null || Array.isArray(value) ? value : undefined,
  },
);

const INPUTS = 'an array with the values of each batch: [[1, 2], [3]]; null in it is no data at all';

export const RUN_BATCHES_OPTIONS = {
  ...KIT_OPTIONS,
  inputs: list(batch, {
    required: true,
    expected: INPUTS,
    doc: 'the values of each batch; null: no data at all then, not even an empty batch',
  }),
  inputs2: list(batch, { default: [], expected: INPUTS, doc: 'those of a second stream' }),
  inputs3: list(batch, { default: [], expected: INPUTS, doc: 'those of a third stream' }),
  numBatches: count({
    default: computed('as many as there are inputs', (others) =>
      Math.max(...[others['inputs'], others['inputs2'], others['inputs3']].map((each) => (each as unknown[]).length)),
    ),
    unit: 'batches',
    doc: 'how many batches are run; those beyond the inputs are empty',
  }),
} satisfies OptionTable<RunBatchesOptions<unknown>>;

interface InputStreams<A, B, C> {
  readonly first: ReturnType<typeof StreamingContext.prototype.valuesStream<A>>;
  readonly second: ReturnType<typeof StreamingContext.prototype.valuesStream<B>>;
  readonly third: ReturnType<typeof StreamingContext.prototype.valuesStream<C>>;
}

/** The graph of a test: the same in each thread. @internal */
export async function buildOn<A, U, B, C>(
  ssc: StreamingContext,
  build: BuildBatches<A, U, B, C>,
  data: unknown,
  take: (time: number, values: readonly U[]) => void,
): Promise<InputStreams<A, B, C>> {
  const inputs = { first: ssc.valuesStream<A>(), second: ssc.valuesStream<B>(), third: ssc.valuesStream<C>() };
  const built = await build(ssc, inputs.first.stream, inputs.second.stream, inputs.third.stream, data);
  built.foreachRDD(async (rdd, time) => take(time, await rdd.collect()));
  return inputs;
}

/**
 * Runs a stream over given batches and collects what comes out.
 *
 * @param build makes the stream to be collected from the input streams
 * @returns a batch for each time at which the stream has data; batch i has the time (i + 1) · batchInterval
 * @throws what a function of the stream threw; StreamjobError CONFIG_INVALID, CONFIG_UNKNOWN
 * @example
 * const out = await runBatches({ batchInterval: 1000, inputs: [[1, 2], [3]] }, (ssc, numbers) => numbers.map((n) => n * 2));
 * // [{ time: 1000, values: [2, 4] }, { time: 2000, values: [6] }]
 */
export async function runBatches<A, U, B = unknown, C = unknown>(
  options: RunBatchesOptions<A, B, C>,
  build: BuildBatches<A, U, B, C>,
): Promise<BatchResult<U>[]> {
  const resolved = resolveOptions('runBatches', RUN_BATCHES_OPTIONS, options);
  const { batchInterval, numPartitions, engine, master, numBatches, storage } = resolved;
  // The values are of the types that the options say.
  const { inputs, inputs2 = [], inputs3 = [], job } = options;
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({
    clock,
    batchInterval,
    parallelism: numPartitions,
    onFailure: 'stop',
    engine,
    ...(master === undefined ? {} : { master }),
    ...(storage === undefined ? {} : { storage }),
    ...kitJob('batches', job),
    log: silentLogger,
    write: () => {},
  });
  const results: BatchResult<U>[] = [];
  const { first, second, third } = await buildOn<A, U, B, C>(ssc, build, job?.data, (time, values) => {
    results.push({ time, values });
  });
  await ssc.start();
  try {
    for (let i = 0; i < numBatches; i++) {
      first.push(inputOf(inputs, i));
      second.push(inputOf(inputs2, i));
      third.push(inputOf(inputs3, i));
      await nextBatch(ssc, () => clock.advance(batchInterval));
    }
  } finally {
    await ssc.stop({ graceful: false });
  }
  return results;
}

function inputOf<T>(inputs: readonly (readonly T[] | null)[], batch: number): readonly T[] | null {
  const values = inputs[batch];
  return values === undefined ? [] : values;
}

/** Resolves when the batch that `trigger` sets off has completed. @throws what made it fail */
async function nextBatch(ssc: StreamingContext, trigger: () => void): Promise<void> {
  const completed = new Promise<void>((resolve, reject) => {
    const subscription = ssc.events$.subscribe({
      next: (event) => {
        if (event.type === 'batchFailed') reject(event.error);
        if (event.type !== 'batchCompleted') return;
        subscription.unsubscribe();
        resolve();
      },
      complete: () => reject(new Error('the context stopped')),
    });
  });
  trigger();
  await completed;
}
