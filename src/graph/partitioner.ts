/** Which partition a key belongs to: by its hash, or by a function of the user. */
import { StreamjobError } from '../core/errors.ts';
import { hashKey } from './keys.ts';

/** Deals keys out to partitions. Equal keys must get the same one. */
export interface Partitioner {
  /** How many partitions there are. */
  readonly numPartitions: number;
  /**
   * Where a key belongs; the same for equal keys, always.
   * @returns a whole number from 0 to numPartitions - 1
   */
  getPartition(key: never): number;
}

/** What methods take: how many partitions (keys go by their hash), or a partitioner. */
export type Partitioning = number | Partitioner;

/** A partitioner that goes by the keys' hashes. @throws StreamjobError CONFIG_INVALID */
export function hashPartitioner(numPartitions: number): Partitioner {
  requirePartitions(numPartitions);
  return { numPartitions, getPartition: numPartitions === 1 ? () => 0 : (key) => hashKey(key) % numPartitions };
}

/** @throws StreamjobError CONFIG_INVALID when there would be no partition */
export function partitionerOf(partitioning: Partitioning): Partitioner {
  if (typeof partitioning === 'number') return hashPartitioner(partitioning);
  requirePartitions(partitioning.numPartitions);
  return partitioning;
}

/** @throws StreamjobError CONFIG_INVALID */
export function requirePartitions(numPartitions: number): void {
  if (Number.isSafeInteger(numPartitions) && numPartitions > 0) return;
  throw new StreamjobError(
    'CONFIG_INVALID',
    `numPartitions must be a whole number greater than 0, not ${numPartitions}`,
  );
}

/** The partition of a key, checked: a user's function may be wrong. @throws StreamjobError USER_FUNCTION */
export function partitionOf(partitioner: Partitioner, key: unknown): number {
  const index = partitioner.getPartition(key as never);
  if (Number.isSafeInteger(index) && index >= 0 && index < partitioner.numPartitions) return index;
  throw new StreamjobError('USER_FUNCTION', `the partitioner returned ${index} for a key`, {
    where: 'getPartition',
    hint: `return a whole number from 0 to ${partitioner.numPartitions - 1}`,
  });
}
