/** The calls of a batch: its rows, each once, and what is added to its counters. */
import type { Cell, Put } from './serializer.ts';
import type { Prepared, Raise } from './unfinished.ts';

/** One call that adds to counters of a row. */
export interface IncrementCall {
  readonly row: Uint8Array;
  readonly amounts: readonly { readonly column: Uint8Array; readonly amount: number }[];
  /** What it stands for. */
  readonly raises: readonly Raise[];
}

/** The rows of a batch. What comes later for a column of a row counts: HBase would keep either one of the same millisecond. */
export function rowsOf(prepared: readonly Prepared[]): Put[] {
  const rows = new Map<string, { readonly row: Uint8Array; readonly cells: Map<string, Cell> }>();
  for (const { cells, row } of prepared.flatMap(({ puts }) => puts)) {
    const key = textOf(row);
    const known = rows.get(key) ?? { row, cells: new Map<string, Cell>() };
    rows.set(key, known);
    for (const cell of cells) known.cells.set(textOf(cell.column), cell);
  }
  return [...rows.values()].map(({ cells, row }) => ({ row, cells: [...cells.values()] }));
}

/** What is still to be added. @param coalesce whether a call has all that is for one row, or there is one for each increment */
export function incrementsOf(prepared: readonly Prepared[], coalesce: boolean): IncrementCall[] {
  const raises = prepared.flatMap((each) => each.raises.filter(({ done }) => !done));
  if (!coalesce)
    return raises.map((raise) => {
      const { amount, column, row } = raise.increment;
      return { row, amounts: [{ column, amount }], raises: [raise] };
    });
  const rows = new Map<string, Raise[]>();
  for (const raise of raises) {
    const key = textOf(raise.increment.row);
    const known = rows.get(key);
    if (known === undefined) rows.set(key, [raise]);
    else known.push(raise);
  }
  return [...rows.values()].map((own) => ({
    row: own[0]?.increment.row ?? new Uint8Array(),
    amounts: sums(own),
    raises: own,
  }));
}

function sums(raises: readonly Raise[]): IncrementCall['amounts'] {
  const columns = new Map<string, { column: Uint8Array; amount: number }>();
  for (const { increment } of raises) {
    const { amount, column } = increment;
    const key = textOf(column);
    const known = columns.get(key);
    if (known === undefined) columns.set(key, { column, amount });
    else known.amount += amount;
  }
  return [...columns.values()];
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
