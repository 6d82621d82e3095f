/** foreachRDD: a function of the user with each batch; the batch commits when its promise has resolved. */
import { userError } from '../functions.ts';
import type { Node, Output } from '../node.ts';
import type { OutputBatch } from '../output-batch.ts';
import type { RDD } from '../rdd.ts';

export function foreachRddOutput<T>(
  node: Node<T>,
  fn: (rdd: RDD<T>, time: number, batch: OutputBatch) => void | Promise<void>,
): Omit<Output<T>, 'id'> {
  return {
    kind: 'foreachRDD',
    node,
    async run(rdd, time, _write, batch) {
      try {
        await fn(rdd, time, batch);
      } catch (error) {
        throw userError(error, { name: 'foreachRDD' });
      }
      return { elements: [], more: 0 };
    },
  };
}
