/** What the graph shows of a load: words, the chosen batch, and which parts of a large drawing are in the page. */
import { describe, expect, test } from 'vitest';
import type { Operator } from '../../../ui/data/types.ts';
import { batchAt, chosenTime, placeOf } from '../../../ui/graph/history.ts';
import { BOX, isBoxIn, isLineIn, type Line, labelPlaceOf, layoutOf } from '../../../ui/graph/layout.ts';
import { occupationOf, occupationText } from '../../../ui/graph/occupation.ts';
import { batchOf } from './batch-of.ts';

describe('an operator', () => {
  test.each([
    [{ busy: 0.83, backPressured: 0.1, idle: 0.07 }, 'busy', 'busy 83 %'],
    [{ busy: 0.2, backPressured: 0.5, idle: 0.3 }, 'back-pressured', 'back-pressured 50 %'],
    [{ busy: 0.024, backPressured: 0, idle: 0.976 }, 'idle', 'idle 98 %, busy 2.4 %'],
    [{ busy: 0, backPressured: 0, idle: 1 }, 'idle', 'idle 100 %'],
  ])('with %o is told in words', (shares, occupation, text) => {
    expect([occupationOf(shares), occupationText(shares)]).toEqual([occupation, text]);
  });
});

describe('the slider over the history', () => {
  const over = [batchOf(1000), batchOf(2000), batchOf(3000)];

  test('has a place for each batch, and now behind them', () => {
    expect([1000, 2000, 3000, undefined].map((time) => placeOf(over, time))).toEqual([0, 1, 2, 3]);
    expect([0, 2, 3].map((place) => batchAt(over, place)?.time)).toEqual([1000, 3000, undefined]);
  });

  test('stays with a batch that is forgotten at the place where it was', () => {
    expect([500, 2500, 9000].map((time) => placeOf(over, time))).toEqual([0, 2, 3]);
    expect(placeOf([], 1000)).toBe(0);
  });

  test('reads what an address names', () => {
    expect(['1700000000000', 'x', '', '-1', null].map(chosenTime)).toEqual([
      1_700_000_000_000,
      ...[undefined, undefined, undefined, undefined],
    ]);
  });
});

describe('a large drawing', () => {
  const area = { left: 0, top: 0, right: 100, bottom: 100 };
  const line = (...points: Line['points']): Line => ({ from: 'a', to: 'b', points, direction: 'down' });

  test('has in the page what can be seen', () => {
    expect([
      isBoxIn({ x: 50, y: 50 }, area),
      isBoxIn({ x: -BOX.width + 1, y: 0 }, area),
      isBoxIn({ x: 101, y: 0 }, area),
      isBoxIn({ x: 0, y: -BOX.height - 1 }, area),
    ]).toEqual([true, true, false, false]);
    expect(isLineIn(line([-50, 50], [150, 60]), area)).toBe(true);
    expect(isLineIn(line([110, 0], [150, 60]), area)).toBe(false);
  });

  test('of a thousand operators with long edges has a bounded number of points', () => {
    const operators = Array.from({ length: 1000 }, (_, id): Operator => {
      const parents = id === 0 ? [] : id % 2 === 0 ? [id - 1, 0] : [id - 1];
      const common = { name: 'map', site: null, windowMs: 0, slideMs: 1000, isStateful: false, isKept: false };
      return { ...common, id, parents, input: id === 0 ? 0 : null };
    });
    const { boxes, lines } = layoutOf({ operators, outputs: [] }, 'down');
    expect(boxes.length).toBe(1000);
    expect(lines.reduce((sum, { points }) => sum + points.length, 0)).toBeLessThan(10_000);
    expect(new Set(boxes.map(({ x, y }) => `${x} ${y}`)).size).toBe(1000);
  });

  test('has a count in the middle of where a line begins', () => {
    expect(labelPlaceOf(line([0, 0], [10, 20], [50, 60]))).toEqual([5, 10]);
  });
});
