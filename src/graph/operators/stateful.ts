/** What all stateful operators share: their lineage. */
import type { Lineage, Partition, Skip, Stateful } from '../lineage.ts';
import type { StatePartition } from '../state/form.ts';

/** One stateful lineage, its parents already by the keys' buckets. */
export function stateful<K, S, T>(
  spec: Omit<Stateful<T>, 'kind' | 'process'> & {
    process(
      state: StatePartition<K, S>,
      inputs: readonly (readonly unknown[])[],
      partition: number,
      skip?: Skip,
    ): readonly T[] | Partition<T>;
  },
): Lineage<T> {
  return { kind: 'stateful', ...spec } as unknown as Lineage<T>;
}
