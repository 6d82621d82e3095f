/** Which member of a crew has a partition, and the partition where it is this one. */
import { ArrayPartition } from '../../graph/lineage.ts';
import type { Plan } from './partition-runner.ts';

/** A partition, of this member (then it has a `here`) or of another one. */
export interface Placed<T> {
  readonly owner: number;
  readonly here: T | undefined;
}

/**
 * A kept partition that this member has, although its number says that another member owns it. A union numbers the partitions of its second
 * stream behind those of its first, and they stay where they are.
 */
export class OwnPartition extends ArrayPartition<unknown> {}

/** Values that are there, as plans without a step. */
export function planned(placed: readonly Placed<readonly unknown[]>[]): Placed<Plan>[] {
  return placed.map(({ owner, here }, index) => {
    if (here === undefined) return { owner, here };
    const partition = new ArrayPartition(here);
    return { owner, here: { partition: index, load: () => partition, steps: [] } };
  });
}
