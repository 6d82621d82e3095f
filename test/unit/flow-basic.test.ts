import { expect, test } from 'vitest';
import { runBatches } from '../../src/testing.ts';

test('word count counts each batch', async () => {
  const out = await runBatches({ batchInterval: 1000, inputs: [['a b a'], ['b']], numBatches: 3 }, (_ssc, lines) =>
    lines
      .flatMap((line) => line.split(' '))
      .map((word) => [word, 1] as const)
      .reduceByKey((a, b) => a + b),
  );
  expect(out.map(({ time, values }) => [time, Object.fromEntries(values)])).toEqual([
    [1000, { a: 2, b: 1 }],
    [2000, { b: 1 }],
    [3000, {}],
  ]);
});
