/** What inputs received, dealt out to partitions. */
import type { Chunk } from '../../core/chunk.ts';
import { type Partition, sliced } from '../../graph/lineage.ts';
import type { InputPieces } from '../engine.ts';

/**
 * Values in memory are cut as Spark's parallelize cuts them; blocks stay whole and are dealt out in their order.
 * @returns undefined: the input has no data at all
 */
export function dealInput(pieces: InputPieces, numPartitions: number): readonly Partition<unknown>[] | undefined {
  if (pieces.some(({ absent }) => absent === true)) return undefined;
  const blocks = pieces.map(({ events }) => events);
  // A batch that is run again after a crash has no empty blocks: with them it must be cut into the same partitions.
  const full = blocks.filter(({ count }) => count > 0);
  const [only, more] = full.length > 0 ? full : blocks;
  if (more === undefined && only !== undefined && 'values' in only && Array.isArray(only.values)) {
    return sliced(only.values as readonly unknown[], numPartitions).partitions;
  }
  const total = blocks.reduce((sum, block) => sum + block.count, 0);
  const partitions: { readonly chunks: Chunk<unknown>[] }[] = [];
  let before = 0;
  for (const block of blocks) {
    const index = Math.min(numPartitions - 1, Math.floor((before * numPartitions) / Math.max(1, total)));
    while (partitions.length <= index) partitions.push({ chunks: [] });
    partitions[index]?.chunks.push(block);
    before += block.count;
  }
  return partitions;
}
