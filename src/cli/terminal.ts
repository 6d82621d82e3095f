/** How large a terminal is. */

/** What a terminal has that does not say: one of `docker exec -t` has no columns and no rows. */
const STANDARD = { columns: 80, rows: 24 };

/** @example sizeOf({ columns: 0, rows: 0 }) // { columns: 80, rows: 24 } */
export function sizeOf({ columns, rows }: { readonly columns?: number; readonly rows?: number }): typeof STANDARD {
  return { columns: columns || STANDARD.columns, rows: rows || STANDARD.rows };
}

/** A line that is drawn again and again, as long as fits: one that wraps leaves its beginning behind. */
export function drawnLine(text: string, out: { readonly columns?: number }): string {
  return text.slice(0, Math.max(0, sizeOf(out).columns - 1));
}
