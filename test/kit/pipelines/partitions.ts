/** A job whose output hands each partition to a function that executors would have, for the tests of those functions. */
import type { StreamingContext } from '../../../src/api/streaming-context.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import type { OutputPartition } from '../../../src/graph/outputs/partitions.ts';

/** What the function was called with, in this thread. */
export const calls: { readonly values: readonly number[]; readonly part: OutputPartition; readonly table: string }[] =
  [];

/** A function of a module: known by each process that builds the job. */
async function write(values: Iterable<number>, part: OutputPartition, table: string): Promise<void> {
  await Promise.resolve();
  calls.push({ values: [...values], part, table });
}

/** Called by each thread. */
export default function build(ssc: StreamingContext, numbers: DStream<number>): DStream<number> {
  const known = ssc.onExecutors(write);
  numbers.foreachRDD(async (rdd) => {
    await rdd.foreachPartition(known, 'first');
    await rdd.map((n) => n * 10).foreachPartition(write, 'second');
  });
  return numbers;
}
