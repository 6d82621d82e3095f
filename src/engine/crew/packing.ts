/** Inputs on their way to the members: blocks of events as Avro bytes in memory that members see, copied once at most; other values as messages. */

import { EventBlock } from '../../avro/event-block.ts';
import { StoredEvents } from '../../avro/stored-events.ts';
import { type Chunk, valuesChunk } from '../../core/chunk.ts';
import { readWhole } from '../../durable/checked-bytes.ts';
import type { Partition } from '../../graph/lineage.ts';
import type { InputPieces } from '../engine.ts';
import { fromMessage, toMessage } from '../run/codecs.ts';
import { ElsewherePartition } from '../run/exchange.ts';
import { dealInput } from '../run/input.ts';
import { ownerOfPartition } from '../run/ownership.ts';
import type { PackedInput, PackedPiece } from './messages.ts';
import type { InputMemory } from './transport.ts';

/** For each member what it gets. */
export function packInputs(
  blocks: ReadonlyMap<number, InputPieces>,
  numPartitions: number,
  members: number,
  memory: InputMemory,
): PackedInput[][] {
  const packed: PackedInput[][] = Array.from({ length: members }, () => []);
  for (const [input, pieces] of blocks) {
    const partitions = dealInput(pieces, numPartitions)?.map((partition) =>
      packPartition([...partition.chunks], input, memory),
    );
    for (const [member, inputs] of packed.entries()) {
      inputs.push({
        input,
        partitions: partitions?.map((partition, i) => (ownerOfPartition(i, members) === member ? partition : null)),
      });
    }
  }
  return packed;
}

/** The partitions of an input as its member has them. */
export function unpackInput(
  { partitions }: PackedInput,
  members: number,
  memory: InputMemory,
): readonly Partition<unknown>[] | undefined {
  return partitions?.map((pieces, i) =>
    pieces === null
      ? new ElsewherePartition(ownerOfPartition(i, members))
      : { chunks: pieces.map((piece) => unpackPiece(piece, memory)) },
  );
}

/**
 * Events go into memory that members see, and are not given away: the batch can be run again when a member is gone. Those that lie in such
 * memory already, or on disk, stay where they are.
 */
function packPartition(chunks: readonly Chunk<unknown>[], input: number, memory: InputMemory): PackedPiece[] {
  let bytes = 0;
  for (const chunk of chunks)
    if (chunk instanceof EventBlock && !memory.holds(chunk.bytes)) bytes += chunk.bytes.length;
  const shared = memory.take(bytes);
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
    if (memory.holds(chunk.bytes)) return { count: chunk.count, bytes: chunk.bytes };
    shared.set(chunk.bytes, offset);
    const start = offset;
    offset += chunk.bytes.length;
    return { count: chunk.count, bytes: shared.subarray(start, offset) };
  });
}

function unpackPiece(piece: PackedPiece, memory: InputMemory): Chunk<unknown> {
  if ('place' in piece) return EventBlock.fromItems(piece.place.count, [readWhole(piece.place)]);
  if ('values' in piece) return valuesChunk(fromMessage(piece.values));
  return EventBlock.trusted(piece.count, memory.view(piece.bytes));
}
