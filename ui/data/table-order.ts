/** The order and the pages of tables. */

/** What a row is ordered by; null: it is not known, and comes last. */
export type SortValue = number | string | null;

export interface Order {
  readonly column: string;
  readonly isDescending: boolean;
}

/** As it stands in a shared address. @example orderOf('-events', …) // events, the most first */
export function orderOf(text: string | null, columns: readonly string[], otherwise: Order): Order {
  const isDescending = text?.startsWith('-') ?? false;
  const column = isDescending ? text?.slice(1) : text;
  return column !== undefined && column !== null && columns.includes(column) ? { column, isDescending } : otherwise;
}

export function orderText({ column, isDescending }: Order): string {
  return `${isDescending ? '-' : ''}${column}`;
}

/** Rows in an order; equal ones stay as they were. */
export function ordered<R>(rows: readonly R[], of: (row: R) => SortValue, isDescending: boolean): R[] {
  return rows
    .map((row) => ({ row, value: of(row) }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
      return isDescending ? compare(b.value, a.value) : compare(a.value, b.value);
    })
    .map(({ row }) => row);
}

function compare(a: number | string, b: number | string): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

/** A page of rows. */
export interface TablePage<R> {
  readonly rows: readonly R[];
  /** From 1; the last one where there is no such page. */
  readonly page: number;
  readonly pages: number;
}

/** @param page from 1 @param length rows of a page */
export function pageOf<R>(rows: readonly R[], page: number, length: number): TablePage<R> {
  const pages = Math.max(1, Math.ceil(rows.length / length));
  const shown = Math.min(pages, Math.max(1, Math.trunc(page) || 1));
  return { rows: rows.slice((shown - 1) * length, shown * length), page: shown, pages };
}
