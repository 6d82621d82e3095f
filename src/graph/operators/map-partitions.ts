/** mapPartitions: a function over all values of a partition, called once per partition, also for an empty one. */
import { requireSync } from '../functions.ts';
import type { Step } from '../lineage.ts';

export function mapPartitionsStep<T, U>(
  fn: (values: IterableIterator<T>, partition: number) => Iterable<U>,
  name = 'mapPartitions',
): Step<T, U> {
  return {
    name,
    open: (partition, down) => {
      // Values are pushed, the function pulls: the partition is gathered between the two.
      const values: T[] = [];
      return {
        push: (value) => {
          values.push(value);
        },
        end: () => {
          for (const each of requireSync(fn(values.values(), partition), name)) down.push(each);
          down.end();
        },
      };
    },
  };
}
