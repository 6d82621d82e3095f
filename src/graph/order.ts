/** The natural order of values, for sorting without a comparator: numbers by size, texts by code unit, arrays item by item. */

/** Less than zero when `a` comes first. */
export type Compare<T> = (a: T, b: T) => number;

/** Which kinds come before which, where values of different types meet. */
const TYPE_ORDER = ['undefined', 'boolean', 'number', 'bigint', 'string', 'object'];

/**
 * The natural order. NaN comes after all numbers; false before true; null before objects; dates by time.
 * @example [3, 1, 2].sort(naturalOrder) // [1, 2, 3]
 */
export function naturalOrder(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') {
    if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return a - b;
  }
  if (typeof a === typeof b && typeof a !== 'object') {
    const [x, y] = [a as string, b as string];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  if (Array.isArray(a) && Array.isArray(b)) return arrayOrder(a, b);
  if (a === null || b === null) return Number(b === null) - Number(a === null);
  return TYPE_ORDER.indexOf(typeof a) - TYPE_ORDER.indexOf(typeof b);
}

function arrayOrder(a: readonly unknown[], b: readonly unknown[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = naturalOrder(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
