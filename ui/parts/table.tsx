/** A table that scrolls inside its box, and, where its view keeps an order, is ordered by its heads. */
import type { ComponentChildren, JSX } from 'preact';
import type { Order, SortValue } from '../data/table-order.ts';
import { Scroll } from './scroll.tsx';

/** A column. */
export interface Column<R> {
  readonly key: string;
  readonly title: string;
  /** Numbers stand at the right. */
  readonly isNumber?: boolean;
  readonly cell: (row: R) => ComponentChildren;
  /** Without it, the table is not ordered by this column. */
  readonly sortBy?: (row: R) => SortValue;
  readonly class?: string;
}

interface TableProps<R> {
  /** For those who cannot see which heading stands above. */
  readonly label: string;
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  /** What a row is told apart by; `at`, its place, where what is in the rows changes all the time. */
  readonly keyOf: (row: R, at: number) => string | number;
  /** What is said where there are no rows: the table keeps its place. */
  readonly empty?: string;
  /** Columns keep their width whatever is in them: for rows that change often. */
  readonly isSteady?: boolean;
  readonly order?: Order;
  readonly onOrder?: (order: Order) => void;
}

/** The table. */
export function Table<R>({
  columns,
  empty,
  isSteady = false,
  keyOf,
  label,
  onOrder,
  order,
  rows,
}: TableProps<R>): JSX.Element {
  return (
    <Scroll label={label}>
      <table aria-label={label} class={isSteady ? 'steady' : ''}>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.key} column={column} order={order} onOrder={onOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.length === 0 && (
            <tr>
              <td class="none" colSpan={columns.length}>
                {empty}
              </td>
            </tr>
          )}
          {rows.map((row, at) => (
            <tr key={keyOf(row, at)}>
              {columns.map((column) => (
                <td key={column.key} class={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

interface HeadProps<R> {
  readonly column: Column<R>;
  readonly order: Order | undefined;
  readonly onOrder: ((order: Order) => void) | undefined;
}

function Head<R>({ column, onOrder, order }: HeadProps<R>): JSX.Element {
  const { isNumber = false, key, sortBy, title } = column;
  const isOrdered = order?.column === key;
  const direction = order?.isDescending ? 'descending' : 'ascending';
  if (sortBy === undefined || onOrder === undefined) {
    return (
      <th scope="col" class={classOf(column)}>
        {title}
      </th>
    );
  }
  return (
    <th scope="col" class={classOf(column)} aria-sort={isOrdered ? direction : 'none'}>
      <button
        type="button"
        class="sort"
        onClick={() => onOrder({ column: key, isDescending: isOrdered ? !order.isDescending : isNumber })}
      >
        {title}
        <span class="sort-mark" aria-hidden="true">
          {isOrdered ? (order.isDescending ? '↓' : '↑') : ''}
        </span>
      </button>
    </th>
  );
}

function classOf<R>(column: Column<R>): string {
  return [column.isNumber ? 'number' : '', column.class ?? ''].join(' ').trim();
}
