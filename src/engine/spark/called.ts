/** On an executor: a function of an output is called with a partition. */
import type { Graph } from '../../graph/graph.ts';
import { callWith, partOf } from '../../graph/outputs/partitions.ts';
import { fromMessage } from '../run/codecs.ts';
import { leafChunks, type PartitionWork } from './rows.ts';
import type { CallOrder } from './work.ts';

/** Calls the function with a partition, and waits for it. @throws StreamjobError USER_FUNCTION */
export async function callOrdered(
  { functions }: Graph,
  order: CallOrder,
  work: PartitionWork,
  partition: number,
): Promise<void> {
  const { args, isEach, numPartitions, origin } = order;
  const fn = functions[order.fn];
  if (fn === undefined) throw new Error(`there is no function ${order.fn}`);
  const part = partOf(origin, { partition, numPartitions });
  await callWith({ fn, args: fromMessage(args), isEach }, valuesOf(work), part);
}

/** Read piece by piece, as they are asked for. */
function* valuesOf(work: PartitionWork): Generator<unknown> {
  for (const chunk of leafChunks(work, 0)) {
    const values: unknown[] = [];
    chunk.forEach((value) => void values.push(value));
    yield* values;
  }
}
