/** Rows as Arrow's IPC format has them, and back. */
import { Table as ArrowTable, Int32, type Table, tableFromIPC, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import { localRelation, type Relation } from './connect/client.ts';
import type { Row } from './rows.ts';

/** Rows that the driver gives. */
export function relationOf(rows: readonly Row[]): Relation {
  const table = new ArrowTable({
    slot: vectorFromArray(
      rows.map(({ slot }) => slot),
      new Int32(),
    ),
    tag: vectorFromArray(
      rows.map(({ tag }) => tag),
      new Utf8(),
    ),
    data: vectorFromArray(
      rows.map(({ data }) => data),
      new Utf8(),
    ),
  });
  return localRelation(tableToIPC(table, 'stream'), 'slot INT, tag STRING, data STRING');
}

/** Rows of an answer. @param batches as Spark sends them */
export function rowsOf(batches: readonly Uint8Array[]): Row[] {
  return batches.flatMap((bytes) => {
    const table: Table = tableFromIPC(bytes);
    const [slot, tag, data] = ['slot', 'tag', 'data'].map((name) => table.getChild(name));
    return Array.from({ length: table.numRows }, (_, i) => ({
      slot: Number(slot?.get(i)),
      tag: String(tag?.get(i)),
      data: String(data?.get(i)),
    }));
  });
}
