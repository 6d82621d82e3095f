/** Which values of many are shown: each as likely as any other, whatever period the data has. */
import { expect, it } from 'vitest';
import { Tapping } from '../../../src/engine/run/tapping.ts';
import { ArrayPartition } from '../../../src/graph/lineage.ts';

const COUNT = 3000;
const ROUNDS = 400;

/** How often values of each third of the data, and of each remainder by 3, are shown. */
function shown(look: (tapping: Tapping) => void): { readonly thirds: number[]; readonly remainders: number[] } {
  const [thirds, remainders] = [
    [0, 0, 0],
    [0, 0, 0],
  ];
  for (let round = 0; round < ROUNDS; round++) {
    const tapping = new Tapping([{ node: 0, values: 9 }]);
    look(tapping);
    const [report] = tapping.reports();
    expect(report).toMatchObject({ node: 0, count: COUNT });
    expect(new Set(report?.values).size).toBe(9);
    for (const value of (report?.values ?? []) as number[]) {
      const [third, remainder] = [Math.floor((value * 3) / COUNT), value % 3];
      thirds[third] = (thirds[third] ?? 0) + 1;
      remainders[remainder] = (remainders[remainder] ?? 0) + 1;
    }
  }
  return { thirds, remainders };
}

it.each<[string, (tapping: Tapping) => void]>([
  [
    'that pass',
    (tapping) => {
      const sink = tapping.open<number>(0, { push: () => {}, end: () => {} });
      for (let i = 0; i < COUNT; i++) sink.push(i);
      sink.end();
    },
  ],
  ['that are kept', (tapping) => tapping.look(0, new ArrayPartition(Array.from({ length: COUNT }, (_, i) => i)))],
])('values %s', (_, look) => {
  const { remainders, thirds } = shown(look);
  // 1,200 are expected of each; a standard deviation is 28 where nothing is even, and 200 are seven of these.
  for (const times of [...thirds, ...remainders]) expect(Math.abs(times - (ROUNDS * 9) / 3)).toBeLessThan(200);
});

it('no more are shown than there are, in their order', () => {
  const tapping = new Tapping([{ node: 0, values: 9 }]);
  const passed: number[] = [];
  const sink = tapping.open<number>(0, { push: (value) => passed.push(value), end: () => {} });
  for (const value of [3, 1, 2]) sink.push(value);
  sink.end();
  expect([tapping.reports()[0]?.values, passed]).toEqual([
    [3, 1, 2],
    [3, 1, 2],
  ]);
});
