/** Functions of outputs that are called with one partition after the other (rdd.foreachPartition), here or on executors. */
import { StreamjobError } from '../../core/errors.ts';
import { userError } from '../functions.ts';
import type { OutputBatch } from '../output-batch.ts';

/**
 * What names a partition of a batch to an output. Each time that just this batch is run (`batch`) a partition has the same values, as long as
 * `parallelism` and `numPartitions` are the same.
 */
export interface OutputPartition extends OutputBatch {
  /** Its number, from 0. */
  readonly partition: number;
  /** How many there are. */
  readonly numPartitions: number;
  /** The job's: of as many partitions batches and shuffles are that do not say it otherwise. */
  readonly parallelism: number;
  /** Which call of foreachPartition it is of those that the output makes in the batch, from 0. */
  readonly call: number;
}

/** A function that is called once with each partition. @param args what foreachPartition was given behind the function */
export type PartitionFunction<T, A extends readonly unknown[] = []> = (
  values: IterableIterator<T>,
  part: OutputPartition,
  ...args: A
) => void | Promise<void>;

/** What all partitions of a call have in common. */
export type CallOrigin = Omit<OutputPartition, 'partition' | 'numPartitions'>;

/** A function that is to be called with all partitions of an RDD. */
export interface PartitionCall {
  readonly fn: (...args: never[]) => unknown;
  readonly args: readonly unknown[];
  /** Whether it gets values, one after the other, and nothing else. */
  readonly isEach: boolean;
  readonly origin: CallOrigin;
}

/** What a function is told of a partition. @param origin undefined: no output runs */
export function partOf(
  origin: CallOrigin | undefined,
  place: Pick<OutputPartition, 'partition' | 'numPartitions'>,
): OutputPartition {
  if (origin !== undefined) return { ...origin, ...place };
  const outside = (): never => {
    throw new StreamjobError('CONTEXT_STATE', 'a partition was asked for its batch where no output runs', {
      where: 'foreachPartition',
      hint: 'call foreachPartition on what the function of foreachRDD gets',
    });
  };
  const names = ['job', 'output', 'time', 'batch', 'parallelism', 'call'] as const;
  return Object.defineProperties(
    { ...place },
    Object.fromEntries(names.map((name) => [name, { get: outside }])),
  ) as never;
}

/** Calls a function with one partition, and waits for it. @throws StreamjobError USER_FUNCTION */
export async function callWith(
  { args, fn, isEach }: Pick<PartitionCall, 'fn' | 'args' | 'isEach'>,
  values: IterableIterator<unknown>,
  part: OutputPartition,
): Promise<void> {
  const call = fn as (...given: readonly unknown[]) => unknown;
  try {
    if (isEach) for (const value of values) await call(value);
    else await call(values, part, ...args);
  } catch (error) {
    throw userError(error, { name: 'foreachPartition' });
  }
}
