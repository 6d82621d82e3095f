/**
 * Rows between the driver, Spark and the workers: `slot, tag, data`, three texts and a number that no row format of Spark's can spoil. The slot
 * (slots.ts) names the partition that a row is for; the tag says what it is; data is base64 of what Node serialises, so that all stays as
 * structured clone keeps it.
 *
 *   P                 the work of the stage: WorkOrder, for each partition
 *   L<n>:e:<count>    the n-th piece of a leaf: Avro bytes of so many events
 *   L<n>:v            the same: values
 *   X<source>         a piece of an exchange, from the partition `source` of the stage before
 *   R<partition>:<n>  the n-th piece of the result
 *   E                 the end of a task (its slot is END): TaskEnd
 */
import v8 from 'node:v8';
import { EventBlock } from '../../avro/event-block.ts';
import { type Chunk, valuesChunk } from '../../core/chunk.ts';
import { fromMessage, toMessage } from '../run/codecs.ts';

/** A row. */
export interface Row {
  readonly slot: number;
  readonly tag: string;
  readonly data: string;
}

/** The slot of rows that are for the driver. */
export const END = -1;

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

/** A partition of a leaf as rows. @param operator for the error @throws StreamjobError VALUE_NOT_PLAIN */
export function* leafRows(slot: number, chunks: Iterable<Chunk<unknown>>, operator: string): Generator<Row> {
  let piece = 0;
  for (const chunk of chunks) {
    if (chunk instanceof EventBlock) {
      yield { slot, tag: `L${piece++}:e:${chunk.count}`, data: Buffer.from(chunk.bytes).toString('base64') };
      continue;
    }
    const values: unknown[] = [];
    chunk.forEach((value) => {
      values.push(value);
    });
    for (let from = 0; from < values.length; from += MOST_VALUES) {
      const part = values.slice(from, from + MOST_VALUES);
      yield { slot, tag: `L${piece++}:v`, data: packed(toMessage(part, operator)) };
    }
  }
}

/** The inverse. @param rows of one partition */
export function leafChunks(rows: readonly Row[]): Chunk<unknown>[] {
  return rows
    .map(({ data, tag }) => {
      const [piece = '', kind, count] = tag.slice(1).split(':');
      const chunk =
        kind === 'e'
          ? EventBlock.trusted(Number(count), Buffer.from(data, 'base64'))
          : valuesChunk(fromMessage(unpacked(data)));
      return { piece: Number(piece), chunk };
    })
    .sort((a, b) => a.piece - b.piece)
    .map(({ chunk }) => chunk);
}

/** The values of a partition of the result as rows. @param operator for the error @throws StreamjobError VALUE_NOT_PLAIN */
export function* resultRows(partition: number, values: readonly unknown[], operator: string): Generator<Row> {
  for (let from = 0, piece = 0; from < values.length; from += MOST_VALUES) {
    const part = values.slice(from, from + MOST_VALUES);
    yield { slot: END, tag: `R${partition}:${piece++}`, data: packed(toMessage(part, operator)) };
  }
}

/** The inverse. @param count of partitions */
export function resultsOf(rows: Iterable<Row>, count: number): unknown[][] {
  const pieces: { readonly piece: number; readonly values: unknown[] }[][] = Array.from({ length: count }, () => []);
  for (const { data, tag } of rows) {
    const [partition = '', piece = ''] = tag.slice(1).split(':');
    pieces[Number(partition)]?.push({ piece: Number(piece), values: fromMessage(unpacked(data)) });
  }
  return pieces.map((of) => of.sort((a, b) => a.piece - b.piece).flatMap(({ values }) => values));
}
