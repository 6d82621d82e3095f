/**
 * Rows between the driver, Spark and the workers: `slot, tag, data`, three texts and a number that no row format of Spark's can spoil. The slot
 * (slots.ts) names the partition that a row is for; the tag says what it is; data is base64 of what Node serialises, so that all stays as
 * structured clone keeps it. Where there is a storage, what is large is a reference: where in a file it lies.
 *
 *   P<partition>           the work of a partition, and what the driver gives to it: PartitionWork
 *   X<exchange>.<source>   a piece of an exchange, from the partition `source` of the stage before
 *   R<partition>.<n>:v     the n-th piece of the result: values
 *   R<partition>.<n>:f     the same: where it lies
 *   W                      a question before the first batch (its slot is END): whether the worker has built this graph, by its description
 *   E                      the end of a task (its slot is END): TaskEnd
 */
import v8 from 'node:v8';
import { EventBlock } from '../../avro/event-block.ts';
import { type Chunk, valuesChunk } from '../../core/chunk.ts';
import { ArrayPartition, type Partition } from '../../graph/lineage.ts';
import { fromMessage, toMessage } from '../run/codecs.ts';
import { StoredChunk, type StoredPiece, storedPartition } from '../stored-chunk.ts';
import type { SaveOrder } from './saving.ts';
import type { EncodedPiece } from './storage.ts';
import type { CallOrder, TaskEnd, WorkOrder } from './work.ts';

/** A row. */
export interface Row {
  readonly slot: number;
  readonly tag: string;
  readonly data: string;
  /** Of a row of the driver's: whether it holds values of the job, and not only where they lie. */
  readonly hasValues?: boolean;
}

/** The slot of rows that are for the driver. */
export const END = -1;

/** The tag of rows that ask before the first batch. */
export const ASKS = 'W';

/** Any plain data as the text of a row. */
export function packed(value: unknown): string {
  return v8.serialize(value).toString('base64');
}

/** The inverse. */
export function unpacked(data: string): unknown {
  return v8.deserialize(Buffer.from(data, 'base64'));
}

/** Values of a piece are no more than these. */
const MOST_VALUES = 10_000;

/** Data on its way: as bytes, or where it lies already. */
export type Piece = EncodedPiece | StoredPiece;

/** The pieces of a partition. @param operator for the error @throws StreamjobError VALUE_NOT_PLAIN */
export function* piecesOf(chunks: Iterable<Chunk<unknown>>, operator: string): Generator<Piece> {
  for (const chunk of chunks) {
    if (chunk.count === 0) continue;
    if (chunk instanceof StoredChunk) yield chunk.piece;
    else if (chunk instanceof EventBlock) yield { kind: 'events', count: chunk.count, parts: chunk.items() };
    else {
      const values: unknown[] = [];
      chunk.forEach((value) => {
        values.push(value);
      });
      yield* valuePieces(values, operator);
    }
  }
}

/** Values as pieces. @param operator for the error @throws StreamjobError VALUE_NOT_PLAIN */
export function* valuePieces(values: readonly unknown[], operator: string): Generator<EncodedPiece> {
  for (let from = 0; from < values.length; from += MOST_VALUES) {
    const part = values.slice(from, from + MOST_VALUES);
    yield { kind: 'values', count: part.length, parts: [v8.serialize(toMessage(part, operator))] };
  }
}

/** How large a piece is where it goes itself, in bytes; 0: it lies somewhere already. */
export function weightOf(piece: Piece): number {
  return 'parts' in piece ? piece.parts.reduce((sum, { length }) => sum + length, 0) : 0;
}

/** Data of a leaf's partition on its way to a worker. */
export type SentPiece =
  | { readonly at: StoredPiece }
  | { readonly kind: StoredPiece['kind']; readonly count: number; readonly bytes: Uint8Array };

/** What a partition's row has. */
export interface PartitionWork {
  readonly order: WorkOrder;
  /** What it gets is written into files, and nothing else is done. */
  readonly save?: SaveOrder;
  /** A function of an output is called with what it gets, and nothing else is done. */
  readonly call?: CallOrder;
  /** What the driver gives: of each leaf that the partition reads. */
  readonly leaves: readonly (readonly [leaf: number, pieces: readonly SentPiece[]])[];
  /** The orders of the stages behind this one, by their numbers; of one partition only, which tells those that read what it gives. */
  readonly later: readonly WorkOrder[] | undefined;
}

/** Pieces as they are sent. */
export function sentPieces(pieces: readonly Piece[]): SentPiece[] {
  return pieces.map((piece) => {
    if (!('parts' in piece)) return { at: piece };
    const { count, kind, parts } = piece;
    return { kind, count, bytes: Buffer.concat(parts) };
  });
}

/** The row of a partition. */
export function workRow(slot: number, partition: number, work: PartitionWork): Row {
  const hasValues =
    work.call !== undefined || work.leaves.some(([, pieces]) => pieces.some((piece) => 'bytes' in piece));
  return { slot, tag: `P${partition}`, data: packed(work), hasValues };
}

/** What the driver gave of a leaf. */
export function leafChunks({ leaves }: PartitionWork, leaf: number): Chunk<unknown>[] {
  const [, pieces = []] = leaves.find(([number]) => number === leaf) ?? [];
  return pieces.map((piece) => {
    if ('at' in piece) return new StoredChunk(piece.at);
    const { bytes, count, kind } = piece;
    return kind === 'events'
      ? EventBlock.fromItems(count, [Buffer.from(bytes)])
      : valuesChunk(fromMessage(v8.deserialize(bytes)));
  });
}

/** Pieces of a partition of the result as rows. */
export function resultRows(partition: number, pieces: readonly Piece[]): Row[] {
  return pieces.map((piece, n) => {
    const tag = `R${partition}.${n}`;
    return 'parts' in piece
      ? { slot: END, tag: `${tag}:v`, data: Buffer.concat(piece.parts).toString('base64') }
      : { slot: END, tag: `${tag}:f`, data: packed(piece) };
  });
}

/** The inverse; other rows are passed over. @param count of partitions */
export function resultsOf(rows: Iterable<Row>, count: number): Partition<unknown>[] {
  const pieces: { readonly n: number; readonly kind: string; readonly data: string }[][] = Array.from(
    { length: count },
    () => [],
  );
  for (const { data, tag } of rows) {
    const [whole, partition = '', n = '', kind = ''] = /^R(\d+)\.(\d+):(\w)$/.exec(tag) ?? [];
    if (whole === undefined) continue;
    pieces[Number(partition)]?.push({ n: Number(n), kind, data });
  }
  return pieces.map((of) => {
    const sorted = of.sort((a, b) => a.n - b.n);
    if (sorted.some(({ kind }) => kind === 'f')) {
      return storedPartition(sorted.map(({ data }) => unpacked(data) as StoredPiece));
    }
    return new ArrayPartition(sorted.flatMap(({ data }) => fromMessage(unpacked(data))));
  });
}

/** The ends of tasks among rows. */
export function endsOf(rows: readonly Row[]): TaskEnd[] {
  return rows.filter(({ tag }) => tag === 'E').map(({ data }) => unpacked(data) as TaskEnd);
}
