/**
 * Hands states to the members that have them from now on, bucket by bucket. They are put back here first, in stores of this process,
 * because a change of a checkpoint is of many buckets, and each member is to get only its own.
 */
import { STATE_BUCKETS } from '../../graph/state/form.ts';
import { LocalState } from '../../state/durable-state.ts';
import type { OpenedState } from '../../state/states.ts';
import type { PackedChange } from '../../state/store.ts';

/** Gives all keys away; the store is empty then. @returns when a batch changed the state last, in ms */
export function handOver(
  { store }: OpenedState,
  give: (bucket: number, change: PackedChange) => void,
): number | undefined {
  const local = new LocalState(store);
  for (let bucket = 0; bucket < STATE_BUCKETS; bucket++) {
    const change = local.bucket(bucket);
    if (change.buckets.some(([, keys]) => keys > 0)) give(bucket, change);
  }
  const { lastCommitted } = store;
  local.restored(undefined);
  return lastCommitted;
}
