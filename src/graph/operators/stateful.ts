/** What all stateful operators share: their lineage. */
import type { Lineage, Partition, Skip, Stateful } from '../lineage.ts';
import type { StatePartition, StateStore } from '../state/store.ts';

/** A store as the graph holds it: the graph does not know the types of its keys. */
export function erased<K, S>(store: StateStore<K, S>): StateStore {
  return store as unknown as StateStore;
}

/** One stateful lineage, its parents already by the keys' buckets. */
export function stateful<K, S, T>(
  spec: Omit<Stateful<T>, 'kind' | 'process' | 'store'> & {
    readonly store: StateStore<K, S>;
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
