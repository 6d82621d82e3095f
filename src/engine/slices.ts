/**
 * What windows remember of a batch, as bytes and back, partition by partition: Flume events stay the Avro bytes in which they
 * came.
 */
import { EventBlock } from '../avro/event-block.ts';
import { fromBytes, fromPlain, ownBytes, toBytes, toPlain } from '../avro/stored-values.ts';
import { type Chunk, valuesChunk } from '../core/chunk.ts';
import { ArrayPartition, type Partition } from '../graph/lineage.ts';
import { StoredChunk } from './stored-chunk.ts';

/** A run of values of a partition: Flume events as an Avro array, or values. */
type StoredPiece = { readonly events: Uint8Array } | { readonly values: readonly unknown[] };

/** A slice of a stream's past. */
export interface Slice {
  /** The names of the windows that read it. */
  readonly owners: readonly string[];
  /** StoredPiece[] of each partition. */
  readonly partitions: readonly Uint8Array[];
}

/** A partition as bytes. @param where for the error @throws StreamjobError CHECKPOINT_VALUE */
export function packPartition(partition: Partition<unknown>, where: string): Uint8Array {
  const stored: StoredPiece[] = [];
  for (const each of partition.chunks) {
    const chunk = each instanceof StoredChunk ? each.read() : each;
    if (chunk instanceof EventBlock) {
      stored.push({ events: ownBytes(chunk.bytes) });
      continue;
    }
    const values: unknown[] = [];
    chunk.forEach((value) => {
      values.push(value);
    });
    stored.push({ values: toPlain(values, where) as unknown[] });
  }
  return toBytes(stored);
}

/** The inverse. */
export function unpackPartition(bytes: Uint8Array): Partition<unknown> {
  const pieces = fromBytes(bytes) as StoredPiece[];
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined && 'values' in only) {
    return new ArrayPartition(fromPlain(only.values) as unknown[]);
  }
  const chunks = pieces.map(
    (piece): Chunk<unknown> =>
      'events' in piece
        ? EventBlock.fromArray(Buffer.from(piece.events))
        : valuesChunk(fromPlain(piece.values) as unknown[]),
  );
  return { chunks };
}
