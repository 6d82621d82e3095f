/** Values as bytes of one length: they come back as they were, however V8 happens to hold them. */
import v8 from 'node:v8';
import { describe, expect, test } from 'vitest';
import { serializeToOneLength } from '../../../src/simulation/machine/serialize.ts';

/** An array of floating-point numbers that holds whole ones. */
function doubles(...numbers: number[]): number[] {
  const array = [0.5, ...numbers];
  array.shift();
  return array;
}

/** An array that has had a hole. */
function holey<T>(...values: T[]): T[] {
  const array: T[] = new Array<T>(values.length);
  for (const [i, value] of values.entries()) array[i] = value;
  return array;
}

describe('a value as bytes of one length', () => {
  test.each<[string, unknown, unknown]>([
    ['whole numbers among others', doubles(1, 2, 3), [1, 2, 3]],
    ['an array that has had a hole', holey('a', 'b'), ['a', 'b']],
    ['pairs in both', holey(doubles(1, 2)), [[1, 2]]],
  ])('is as long for %s', (_, one, other) => {
    expect(v8.serialize(one).length).not.toBe(v8.serialize(other).length);
    expect(serializeToOneLength(one).length).toBe(serializeToOneLength(other).length);
    expect(v8.deserialize(serializeToOneLength(one))).toEqual(one);
  });

  test('comes back', () => {
    const shared = { a: [1, 2.5, -0, Number.NaN] };
    const value = {
      texts: ['', 'grün', '漢字', 'x'.repeat(1000)],
      shared,
      again: shared,
      map: new Map<unknown, unknown>([['k', { v: 1n << 70n }]]),
      set: new Set([1, 'a']),
      date: new Date(5),
      bytes: Buffer.from('bytes'),
      floats: new Float64Array([1, 2]),
      nothing: undefined,
      error: new RangeError('of it'),
    };
    const back = v8.deserialize(serializeToOneLength(value)) as typeof value;
    expect(back).toEqual({ ...value, bytes: expect.anything() });
    expect(Buffer.from(back.bytes).toString()).toBe('bytes');
    expect(back.again).toBe(back.shared);
  });
});
