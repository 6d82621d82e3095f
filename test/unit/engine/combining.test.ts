/**
 * A shuffle's two sides beside a loop over a plain Map, with keys that make the engine remember entries, forget them, and stop to remember.
 * Told as true or false: to print how two such results differ takes minutes.
 */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { MapSide, type Pairs, reduced } from '../../../src/engine/run/combining.ts';
import { slotOf } from '../../../src/engine/run/recent-entries.ts';
import type { Shuffle } from '../../../src/graph/lineage.ts';
import { hashPartitioner, partitionOf } from '../../../src/graph/partitioner.ts';
import { seededRandom } from '../../../src/graph/random.ts';

const PARTITIONS = 3;
const MANY = 40_000;

/** Values of a key in the order in which they came, so that one that is lost, or comes to another key, is seen. */
const shuffle: Shuffle<unknown, number, number[]> = {
  kind: 'shuffle',
  name: 'combineByKey',
  parent: { kind: 'source', partitions: [] },
  partitioner: hashPartitioner(PARTITIONS),
  aggregator: {
    create: (value) => [value],
    merge: (values, value) => {
      values.push(value);
      return values;
    },
    combine: (a, b) => [...a, ...b],
    mapSide: true,
  },
};

function mapSide(keys: readonly unknown[]): readonly Pairs[] {
  const side = new MapSide(shuffle as Shuffle, undefined);
  for (const [i, key] of keys.entries()) side.push([key, i]);
  side.end();
  return side.pieces;
}

/** By a text of the key, which tells 1 and '1' apart. */
function expected(keys: readonly unknown[]): Pairs[] {
  const all = new Map<string, [unknown, number[]]>();
  for (const [i, key] of keys.entries()) {
    const text = typeof key === 'bigint' ? `${key}n` : JSON.stringify([key]);
    const entry = all.get(text);
    if (entry === undefined) all.set(text, [key, [i]]);
    else entry[1].push(i);
  }
  const pieces: Pairs[] = Array.from({ length: PARTITIONS }, () => []);
  for (const entry of all.values()) pieces[partitionOf(shuffle.partitioner, entry[0])]?.push(entry);
  return pieces;
}

/** Whole numbers, the same each time. */
function numbers(count: number, below: number): number[] {
  const random = seededRandom(42);
  return Array.from({ length: count }, () => Math.floor(random() * below));
}

describe('the map side of a shuffle', () => {
  it('knows keys apart that share a slot', () => {
    const keys = numbers(MANY, 900).map((n) => `${100 + n}-abcd`);
    expect(new Set(keys.map(slotOf)).size).toBe(1);
    expect(isDeepStrictEqual(mapSide(keys), expected(keys))).toBe(true);
  });

  it.each([
    ['few keys, often', numbers(MANY, 500).map((n) => `word${n}`)],
    ['keys that come once', numbers(MANY, 2_000_000_000).map((n) => `id-${n}`)],
    [
      'the same keys often, then keys that come once',
      [...numbers(MANY, 50).map((n) => `word${n}`), ...numbers(2 * MANY, 2_000_000_000).map((n) => `id-${n}`)],
    ],
    [
      'keys that come once, then the same keys often',
      [...numbers(MANY, 2_000_000_000).map((n) => `id-${n}`), ...numbers(MANY, 50).map((n) => `word${n}`)],
    ],
    [
      'keys of many types, some of which look like another one',
      numbers(MANY, 300).map((n) => [`${n}`, n, BigInt(n), [n], [`${n}`], `[${n}]`, { n }, true, null, ''][n % 10]),
    ],
    ['texts of all lengths', numbers(MANY, 120).map((n) => 'äx€y'.repeat(n).slice(0, n))],
  ])('combines the values of a key, and of no other one: %s', (_, keys) => {
    expect(isDeepStrictEqual(mapSide(keys), expected(keys))).toBe(true);
  });

  it('goes on behind a value that a function throws on', () => {
    const { aggregator } = shuffle;
    const merge = (values: number[], value: number): number[] => {
      if (value % 7 === 3) throw new Error(`not ${value}`);
      return aggregator.merge(values, value);
    };
    const skipped: unknown[] = [];
    const of = { ...shuffle, aggregator: { ...aggregator, merge } } as Shuffle;
    const side = new MapSide(of, (_, value) => skipped.push(value));
    const keys = numbers(MANY, 20).map((n) => `word${n}`);
    for (const [i, key] of keys.entries()) side.push([key, i]);
    side.end();
    const firsts = new Set(new Map([...keys.entries()].reverse().map(([i, key]) => [key, i])).values());
    const isSkipped = (i: number): boolean => i % 7 === 3 && !firsts.has(i);
    expect(skipped.length).toBe(keys.filter((_, i) => isSkipped(i)).length);
    const kept = expected(keys).map((pairs) =>
      pairs.map(([key, values]) => [key, (values as number[]).filter((i) => !isSkipped(i))]),
    );
    expect(isDeepStrictEqual(side.pieces, kept)).toBe(true);
  });
});

describe('the reduce side of a shuffle', () => {
  it('combines what several partitions have of a key', () => {
    const keys = numbers(MANY, 5000).map((n) => `word${n}`);
    const halves = [keys.slice(0, MANY / 2), keys.slice(MANY / 2)];
    const pieces = halves.map((half) => mapSide(half));
    for (const [partition, pairs] of expected(keys).entries()) {
      const parts = pieces.map((of, i) =>
        (of[partition] ?? []).map(
          ([key, values]) => [key, (values as number[]).map((n) => n + (i * MANY) / 2)] as const,
        ),
      );
      const found = reduced(
        shuffle as Shuffle,
        parts.map((part) => part.map((pair) => [...pair])),
        undefined,
      );
      expect(isDeepStrictEqual(found, pairs)).toBe(true);
    }
  });
});
