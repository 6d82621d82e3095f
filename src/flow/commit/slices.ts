/** What windows remember of a batch, as bytes and back: Flume events stay the Avro bytes in which they came. */
import { EventBlock } from '../../avro/event-block.ts';
import { type Chunk, valuesChunk } from '../../core/chunk.ts';
import { ArrayPartition, type Partition } from '../../graph/lineage.ts';
import { fromBytes, fromPlain, toBytes, toPlain } from '../block/stored-values.ts';
import type { Generations } from '../stage/generations.ts';
import type { StoredPiece, StoredSlice } from './records.ts';

/** The slices of a batch that windows will read again. @throws StreamjobError CHECKPOINT_VALUE */
export function slicesOf(generations: Generations, time: number): StoredSlice[] {
  return generations.slices(time).map(({ owners, partitions }) => ({
    owners,
    time,
    bytes: toBytes(partitions.map((partition) => pieces(partition, owners.join(', ')))),
  }));
}

function pieces(partition: Partition<unknown>, where: string): StoredPiece[] {
  const stored: StoredPiece[] = [];
  for (const chunk of partition.chunks) {
    if (chunk instanceof EventBlock) {
      stored.push({ events: chunk.bytes });
      continue;
    }
    const values: unknown[] = [];
    chunk.forEach((value) => {
      values.push(value);
    });
    stored.push({ values: toPlain(values, where) as unknown[] });
  }
  return stored;
}

/** A stored slice as partitions of values. */
export function slicePartitions(bytes: Uint8Array): Partition<unknown>[] {
  const partitions = fromBytes(Buffer.from(bytes)) as StoredPiece[][];
  return partitions.map((pieces) => {
    const chunks = pieces.map(
      (piece): Chunk<unknown> =>
        'events' in piece
          ? EventBlock.fromArray(Buffer.from(piece.events))
          : valuesChunk(fromPlain(piece.values) as unknown[]),
    );
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined && 'values' in only)
      return new ArrayPartition(fromPlain(only.values) as unknown[]);
    return { chunks };
  });
}
