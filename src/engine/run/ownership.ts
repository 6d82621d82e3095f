/**
 * Which member of a crew has what: the one place that answers it. Partition i of anything that is dealt out anew belongs to member
 * i % members; a bucket of a state belongs to the member that has the partition in which the bucket's keys are.
 */
import type { Node } from '../../graph/node.ts';

/** How a crew deals out. */
export interface CrewSize {
  readonly members: number;
  /** Partitions of batches and shuffles that do not say how many they want. */
  readonly numPartitions: number;
}

/** The member, from 0, that has a partition. @param index of the partition, from 0 */
export function ownerOfPartition(index: number, members: number): number {
  return index % members;
}

/** The member, from 0, that has a bucket of a node's states. */
export function ownerOfBucket(
  { statePartitions }: Pick<Node<unknown>, 'statePartitions'>,
  bucket: number,
  { members, numPartitions }: CrewSize,
): number {
  return ownerOfPartition(bucket % (statePartitions ?? numPartitions), members);
}
