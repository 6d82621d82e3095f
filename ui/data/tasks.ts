/** The tasks of a stage, put together by partition: a key that is everywhere shows as a partition that takes longer than the others. */
import type { Stage } from './types.ts';

/** What ran for a partition in a stage. */
export interface PartitionTasks {
  readonly partition: number;
  /** Who ran it, each once. */
  readonly members: readonly number[];
  /** Of each task, in their order, in ms. */
  readonly durationsMs: readonly number[];
  readonly totalMs: number;
}

/** By partition. */
export function partitionsOf(tasks: Stage['tasks']): readonly PartitionTasks[] {
  const byPartition = new Map<number, PartitionTasks>();
  for (const { durationMs, member, partition } of tasks) {
    const known = byPartition.get(partition);
    byPartition.set(partition, {
      partition,
      members: [...new Set([...(known?.members ?? []), member])],
      durationsMs: [...(known?.durationsMs ?? []), durationMs],
      totalMs: (known?.totalMs ?? 0) + durationMs,
    });
  }
  return [...byPartition.values()].sort((a, b) => a.partition - b.partition);
}

/** Those that took longest, in the order of partitions. */
export function longestOf(partitions: readonly PartitionTasks[], most: number): readonly PartitionTasks[] {
  if (partitions.length <= most) return partitions;
  const longest = new Set([...partitions].sort((a, b) => b.totalMs - a.totalMs).slice(0, most));
  return partitions.filter((partition) => longest.has(partition));
}
