/** Inputs on their way to the workers: blocks of events as Avro bytes in shared memory, copied once; other values as messages. */
import { EventBlock } from '../../avro/event-block.ts';
import { StoredEvents } from '../../avro/stored-events.ts';
import { type Chunk, valuesChunk } from '../../core/chunk.ts';
import { countShared, sharedBytes } from '../../core/shared-memory.ts';
import { readWhole } from '../../durable/checked-bytes.ts';
import type { Partition } from '../../graph/lineage.ts';
import type { InputPieces } from '../engine.ts';
import { dealInput } from '../input.ts';
import { fromMessage, toMessage } from '../run/codecs.ts';
import { ElsewherePartition } from '../run/exchange.ts';
import type { PackedInput, PackedPiece } from './messages.ts';

/** For each member what it gets. */
export function packInputs(
  blocks: ReadonlyMap<number, InputPieces>,
  numPartitions: number,
  members: number,
): PackedInput[][] {
  const packed: PackedInput[][] = Array.from({ length: members }, () => []);
  for (const [input, pieces] of blocks) {
    const partitions = dealInput(pieces, numPartitions)?.map((partition) =>
      packPartition([...partition.chunks], input),
    );
    for (const [member, inputs] of packed.entries()) {
      inputs.push({
        input,
        partitions: partitions?.map((partition, i) => (i % members === member ? partition : null)),
      });
    }
  }
  return packed;
}

/** The partitions of an input as its member has them. */
export function unpackInput({ partitions }: PackedInput, members: number): readonly Partition<unknown>[] | undefined {
  return partitions?.map((pieces, i) =>
    pieces === null ? new ElsewherePartition(i % members) : { chunks: pieces.map(unpackPiece) },
  );
}

/**
 * Events go into memory that is shared, not handed over: the batch can be run again when a worker is gone. Those that lie in such
 * memory already, or on disk, stay where they are.
 */
function packPartition(chunks: readonly Chunk<unknown>[], input: number): PackedPiece[] {
  let bytes = 0;
  for (const chunk of chunks) if (chunk instanceof EventBlock && isCopied(chunk)) bytes += chunk.bytes.length;
  const shared = sharedBytes(bytes);
  let offset = 0;
  return chunks.map((chunk): PackedPiece => {
    if (chunk instanceof StoredEvents) return { place: chunk.place };
    if (!(chunk instanceof EventBlock)) {
      const values: unknown[] = [];
      chunk.forEach((value) => {
        values.push(value);
      });
      return { values: toMessage(values, `input ${input}`) };
    }
    if (!isCopied(chunk)) return { count: chunk.count, bytes: chunk.bytes };
    shared.set(chunk.bytes, offset);
    const start = offset;
    offset += chunk.bytes.length;
    return { count: chunk.count, bytes: shared.subarray(start, offset) };
  });
}

function unpackPiece(piece: PackedPiece): Chunk<unknown> {
  if ('place' in piece) return EventBlock.fromItems(piece.place.count, [readWhole(piece.place)]);
  if ('values' in piece) return valuesChunk(fromMessage(piece.values));
  const { buffer, byteOffset, length } = piece.bytes;
  countShared(length);
  return EventBlock.trusted(piece.count, Buffer.from(buffer, byteOffset, length));
}

/** Whether a block's bytes have to be brought to where other threads see them. */
function isCopied({ bytes }: EventBlock): boolean {
  return !(bytes.buffer instanceof SharedArrayBuffer);
}
