/**
 * The work of a stage as one partition of it is told. Of the states' versions it has only those that the partition opens: a version names up to
 * some dozen files, and told to each partition those of all would be as many as the square of their number.
 */
import { type StagePartition, statesOf } from './stages.ts';
import type { WorkOrder } from './work.ts';

/** The order for one partition of its stage. */
export function ownOrder(order: WorkOrder, partition: StagePartition): WorkOrder {
  const { storage } = order;
  if (storage === undefined || storage.states.length === 0) return order;
  const own = new Set(statesOf(partition).map((origin) => origin.partition));
  const states = storage.states.map((state) => ({
    ...state,
    versions: state.versions.map((version, i) => (own.has(i) ? version : undefined)),
  }));
  return { ...order, storage: { ...storage, states } };
}
