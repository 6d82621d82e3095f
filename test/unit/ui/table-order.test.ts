/** The order and the pages of tables, and the views of paths. */
import { describe, expect, test } from 'vitest';
import { ordered, orderOf, orderText, pageOf } from '../../../ui/data/table-order.ts';
import { batchPath, routeOf } from '../../../ui/route.ts';

describe('the order of a table', () => {
  const otherwise = { column: 'time', isDescending: true };

  test('stands in the address', () => {
    const order = orderOf('-events', ['time', 'events'], otherwise);
    expect(order).toEqual({ column: 'events', isDescending: true });
    expect(orderText(order)).toBe('-events');
    expect(orderOf('events', ['events'], otherwise)).toEqual({ column: 'events', isDescending: false });
  });

  test('is the usual one where the address names no column', () => {
    expect([null, '', '-', 'nothing', '-nothing'].map((text) => orderOf(text, ['time'], otherwise))).toEqual(
      Array(5).fill(otherwise),
    );
  });

  test('has what is not known at the end, both ways, and leaves equal rows as they were', () => {
    const rows: readonly (readonly [string, number | null])[] = [
      ['a', 2],
      ['b', null],
      ['c', 1],
      ['d', 2],
    ];
    const names = (isDescending: boolean): string =>
      ordered(rows, ([, value]) => value, isDescending)
        .map(([name]) => name)
        .join('');
    expect([names(false), names(true)]).toEqual(['cadb', 'adcb']);
    expect(ordered(['b', 'a'], (text) => text, false)).toEqual(['a', 'b']);
  });
});

test('a page that is not there is the nearest that is', () => {
  const rows = [1, 2, 3, 4, 5];
  expect(pageOf(rows, 2, 2)).toEqual({ rows: [3, 4], page: 2, pages: 3 });
  expect(pageOf(rows, 9, 2)).toEqual({ rows: [5], page: 3, pages: 3 });
  expect(pageOf(rows, Number.NaN, 2).page).toBe(1);
  expect(pageOf(rows, -1, 2).page).toBe(1);
  expect(pageOf([], 1, 2)).toEqual({ rows: [], page: 1, pages: 1 });
});

test('paths lead to views', () => {
  expect(routeOf('/')).toEqual({ view: 'overview' });
  expect(['/batches', '/graph/', '/receivers', '/states', '/settings'].map((path) => routeOf(path).view)).toEqual([
    'batches',
    'graph',
    'receivers',
    'states',
    'settings',
  ]);
  expect(routeOf(batchPath(1_700_000_000_000))).toEqual({ view: 'batch', time: 1_700_000_000_000 });
  expect(
    ['/nothing', '/batches/x', '/batches/1/2', '/graph/1', '/batch', '/missing'].map((path) => routeOf(path).view),
  ).toEqual(Array(6).fill('missing'));
});
