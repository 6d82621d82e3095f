/** What all stateful operators share: their lineage, and states that are there before the first batch. */
import type { Lineage, Skip, Stateful } from '../lineage.ts';
import type { StatePartition, StateStore } from '../state/store.ts';

/** A store as the graph holds it: the graph does not know the types of its keys. */
export function erased<K, S>(store: StateStore<K, S>): StateStore {
  return store as unknown as StateStore;
}

/** Puts states in before the first batch, as of that batch's time. */
export function loadInitial<K, S>(store: StateStore<K, S>, pairs: readonly (readonly [K, S])[], time: number): void {
  if (store.lastCommitted !== undefined || pairs.length === 0) return;
  store.begin(time - 1);
  const all = store.partition(0, 1);
  for (const [key, state] of pairs) all.set(key, state, time);
  store.commit(time - 1);
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
    ): readonly T[];
  },
): Lineage<T> {
  return { kind: 'stateful', ...spec } as unknown as Lineage<T>;
}
