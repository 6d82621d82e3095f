/** Chunks that lie where each takes its time to come are asked for before it is their turn. */
import type { Chunk } from '../core/chunk.ts';
import type { Partition } from '../graph/lineage.ts';
import { StoredChunk } from './stored-chunk.ts';

/** So many, or so many bytes, are on their way at a time. */
const MOST_AHEAD = 8;
const MOST_BYTES = 32 * 1024 * 1024;

interface Begun {
  readonly chunk: Chunk<unknown> | Promise<Chunk<unknown>>;
  readonly bytes: number;
}

/** The chunks in their order; those that are on their way as promises. */
export function* readAhead(chunks: Iterable<Chunk<unknown>>): Generator<Chunk<unknown> | Promise<Chunk<unknown>>> {
  const waiting: Begun[] = [];
  let bytes = 0;
  for (const chunk of chunks) {
    const begun = begin(chunk);
    if (waiting.length === 0 && begun.bytes === 0) {
      yield begun.chunk;
      continue;
    }
    waiting.push(begun);
    bytes += begun.bytes;
    while (waiting.length > MOST_AHEAD || bytes > MOST_BYTES) {
      const first = waiting.shift() as Begun;
      bytes -= first.bytes;
      yield first.chunk;
    }
  }
  for (const { chunk } of waiting) yield chunk;
}

/** The same partition, with all that is far in memory. @throws StreamjobError FILE_ACCESS, STORAGE_DAMAGED */
export async function brought(partition: Partition<unknown>): Promise<Partition<unknown>> {
  const chunks = [...partition.chunks];
  if (!chunks.some(isFar)) return { ...sizeOf(partition), chunks };
  const near: Chunk<unknown>[] = [];
  for (const chunk of readAhead(chunks)) near.push(await chunk);
  return { ...sizeOf(partition), chunks: near };
}

function sizeOf({ size }: Partition<unknown>): { readonly size?: number } {
  return size === undefined ? {} : { size };
}

function begin(chunk: Chunk<unknown>): Begun {
  if (!isFar(chunk)) return { chunk, bytes: 0 };
  const coming = chunk.bring();
  // Whoever takes it hears of it; nobody may.
  coming.catch(() => {});
  return { chunk: coming, bytes: chunk.piece.length };
}

function isFar(chunk: Chunk<unknown>): chunk is StoredChunk {
  return chunk instanceof StoredChunk && chunk.isFar;
}
