/** Where operators and outputs stand in the drawing of a job. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Graph, Operator } from '../../../ui/data/types.ts';
import { BOX, type Direction, type Layout, layoutOf, pathOf } from '../../../ui/graph/layout.ts';
import { shortened } from '../../../ui/graph/shortened.ts';

function operator(id: number, parents: readonly number[], more: Partial<Operator> = {}): Operator {
  const input = parents.length === 0 ? id : null;
  return {
    id,
    name: `op ${id}`,
    site: null,
    parents,
    windowMs: 0,
    slideMs: 1000,
    input,
    isStateful: false,
    isKept: false,
    ...more,
  };
}

const output = (id: string, of: number): Graph['outputs'][number] => ({
  id,
  kind: 'print',
  operator: of,
  site: 'job.ts:1',
});
const directions: readonly Direction[] = ['right', 'down'];
const along = (direction: Direction, { x, y }: { readonly x: number; readonly y: number }): number =>
  direction === 'right' ? x : y;

function boxOf({ boxes }: Layout, key: string): Layout['boxes'][number] {
  const box = boxes.find((one) => one.key === key);
  if (box === undefined) throw new Error(`no ${key}`);
  return box;
}

describe.each(directions)('a drawing that goes %s', (direction) => {
  test('has who is read before who reads, and a line for each reading', () => {
    const graph = {
      operators: [operator(0, []), operator(1, [0]), operator(2, [1, 0])],
      outputs: [output('print-0', 2)],
    };
    const layout = layoutOf(graph, direction);
    const places = ['operator-0', 'operator-1', 'operator-2', 'print-0'].map((key) =>
      along(direction, boxOf(layout, key)),
    );
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(new Set(places).size).toBe(4);
    expect(layout.lines.map(({ from, to }) => `${from}>${to}`)).toEqual([
      'operator-0>operator-1',
      'operator-1>operator-2',
      'operator-0>operator-2',
      'operator-2>print-0',
    ]);
  });

  test('has no box on another, and all inside', () => {
    const graphs = fc
      .array(fc.array(fc.nat(20), { maxLength: 3 }), { minLength: 1, maxLength: 14 })
      .map((parents): Graph => {
        const operators = parents.map((read, id) => operator(id, [...new Set(read.filter((one) => one < id))]));
        return { operators, outputs: [output('last', operators.length - 1), output('first', 0)] };
      });
    fc.assert(
      fc.property(graphs, (graph) => {
        const { boxes, height, lines, width } = layoutOf(graph, direction);
        expect(boxes).toHaveLength(graph.operators.length + 2);
        expect(lines).toHaveLength(graph.operators.reduce((sum, { parents }) => sum + parents.length, 2));
        for (const a of boxes) {
          expect(a.x >= 0 && a.y >= 0 && a.x + BOX.width <= width && a.y + BOX.height <= height).toBe(true);
          const over = boxes.filter((b) => Math.abs(a.x - b.x) < BOX.width && Math.abs(a.y - b.y) < BOX.height);
          expect(over).toEqual([a]);
        }
      }),
    );
  });
});

test('a line over several layers goes past the boxes between', () => {
  const graph = { operators: [operator(0, []), operator(1, [0]), operator(2, [1]), operator(3, [0, 2])], outputs: [] };
  const layout = layoutOf(graph, 'right');
  const long = layout.lines.find(({ from, to }) => from === 'operator-0' && to === 'operator-3');
  const middles = ['operator-1', 'operator-2'].map((key) => boxOf(layout, key).y + BOX.height / 2);
  expect(long?.points).toHaveLength(6);
  expect(long?.points.slice(1, 5).filter(([, y]) => middles.includes(y))).toEqual([]);
  expect(long === undefined ? '' : pathOf(long)).toMatch(/^M[\d.]+,[\d.]+(C[\d., -]+){5}$/);
});

test('lines do not cross where a turn of the boxes is enough', () => {
  const graph = { operators: [operator(0, []), operator(1, []), operator(2, [1]), operator(3, [0])], outputs: [] };
  const layout = layoutOf(graph, 'right');
  const isAbove = (a: string, b: string): boolean => boxOf(layout, a).y < boxOf(layout, b).y;
  expect(isAbove('operator-3', 'operator-2')).toBe(isAbove('operator-0', 'operator-1'));
});

test('boxes say what they are', () => {
  const graph = {
    operators: [operator(0, []), operator(1, [0], { windowMs: 5000, isStateful: true, site: 'job.ts:2' })],
    outputs: [output('print-0', 1)],
  };
  expect(layoutOf(graph, 'right').boxes).toMatchObject([
    { kind: 'input', isStateful: false },
    { kind: 'operator', isStateful: true, note: 'window 5 s', site: 'job.ts:2' },
    { kind: 'output', title: 'print', note: 'print-0' },
  ]);
  expect(layoutOf({ operators: [], outputs: [] }, 'down')).toMatchObject({ boxes: [], lines: [] });
});

test('names lose their end, places their start', () => {
  expect(shortened('short', 5, 'end')).toBe('short');
  expect(shortened('reduceByKey', 7, 'end')).toBe('reduce…');
  expect(shortened('jobs/deep/wordcount.ts:27:6', 18, 'start')).toBe('…wordcount.ts:27:6');
});
