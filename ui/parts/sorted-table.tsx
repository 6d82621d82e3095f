/** A table that its heads order; the order stands in the address. */
import type { JSX } from 'preact';
import { type Order, ordered, orderOf, orderText } from '../data/table-order.ts';
import { query, setQuery } from '../navigation.ts';
import { type Column, Table } from './table.tsx';

interface SortedTableProps<R> {
  /** Of the parameter in the address. */
  readonly name: string;
  readonly label: string;
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  readonly keyOf: (row: R) => string | number;
  readonly empty?: string;
  /** As long as nobody chose one; left out: rows stay as they are. */
  readonly otherwise?: Order;
}

const AS_THEY_ARE: Order = { column: '', isDescending: false };

/** The table. */
export function SortedTable<R>(props: SortedTableProps<R>): JSX.Element {
  const { columns, empty, keyOf, label, name, otherwise = AS_THEY_ARE, rows } = props;
  const order = orderOf(
    query.value.get(name),
    columns.map(({ key }) => key),
    otherwise,
  );
  const sortBy = columns.find(({ key }) => key === order.column)?.sortBy;
  return (
    <Table
      label={label}
      columns={columns}
      rows={sortBy === undefined ? rows : ordered(rows, sortBy, order.isDescending)}
      keyOf={keyOf}
      order={order}
      onOrder={(next) => setQuery({ [name]: orderText(next) })}
      {...(empty === undefined ? {} : { empty })}
    />
  );
}
