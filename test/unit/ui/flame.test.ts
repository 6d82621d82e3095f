/** Where the boxes of a flame graph are, and what stands in the table below it. */
import { describe, expect, it } from 'vitest';
import type { FlameNode } from '../../../ui/data/types.ts';
import { boxesOf, heaviest, nodeAt, ownerOf } from '../../../ui/flame/layout.ts';

const node = (name: string, selfMs: number, ...children: FlameNode[]): FlameNode => ({
  name,
  place: `jobs/${name}.ts:1`,
  selfMs,
  totalMs: selfMs + children.reduce((sum, { totalMs }) => sum + totalMs, 0),
  children,
});
const hundredths = (share: number): number => Math.round(share * 100) / 100;
const root = node('all', 0, node('a', 10, node('b', 30), node('c', 20, node('b', 20))), node('d', 20));

describe('boxes', () => {
  it('are as wide as their share, beside each other, below what called them', () => {
    expect(
      boxesOf(root, []).map(({ depth, left, node: { name }, width }) => [
        name,
        depth,
        hundredths(left),
        hundredths(width),
      ]),
    ).toEqual([
      ['all', 0, 0, 1],
      ['a', 1, 0, 0.8],
      ['b', 2, 0, 0.3],
      ['c', 2, 0.3, 0.4],
      ['b', 3, 0.3, 0.2],
      ['d', 1, 0.8, 0.2],
    ]);
  });

  it('of a focus take the whole width, those above it stay', () => {
    const boxes = boxesOf(root, [0, 1]);
    expect(boxes.map(({ depth, node: { name }, width }) => [name, depth, hundredths(width)])).toEqual([
      ['all', 0, 1],
      ['a', 1, 1],
      ['c', 2, 1],
      ['b', 3, 0.5],
    ]);
    for (const { node: own, path } of boxes) expect(nodeAt(root, path)).toBe(own);
  });

  it('that cannot be seen are left out', () => {
    const thin = node('all', 0, node('wide', 1000), node('thin', 1));
    expect(boxesOf(thin, []).map((box) => box.node.name)).toEqual(['all', 'wide']);
  });
});

it('the heaviest functions have their time from wherever they were called', () => {
  expect(heaviest(root, 2).map(({ name, selfMs }) => [name, selfMs])).toEqual([
    ['b', 50],
    ['c', 20],
  ]);
});

it.each([
  ['jobs/wordcount.ts:12', 'job'],
  ['/srv/app/job.mjs:1', 'job'],
  ['/srv/app/node_modules/pg/lib/client.js:1', 'package'],
  ['/srv/app/dist/chunk-Z3JVMD5D.js:2869', 'package'],
  ['node:internal/timers:504', 'machine'],
  ['', 'machine'],
] as const)('%j is of the %s', (place, owner) => {
  expect(ownerOf(place)).toBe(owner);
});
