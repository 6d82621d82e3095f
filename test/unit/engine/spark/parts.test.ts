/** What goes between a driver and a Spark cluster, without a cluster: slots, rows, stages, places in a program. */
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { EventBlock } from '../../../../src/avro/event-block.ts';
import { valuesChunk } from '../../../../src/core/chunk.ts';
import { planOf } from '../../../../src/engine/spark/plan.ts';
import {
  leafChunks,
  type PartitionWork,
  packed,
  piecesOf,
  type Row,
  resultRows,
  resultsOf,
  type SentPiece,
  sentPieces,
  unpacked,
  valuePieces,
  workRow,
} from '../../../../src/engine/spark/rows.ts';
import { slotsOf, sparkHash } from '../../../../src/engine/spark/slots.ts';
import { type Cut, cutIntoStages, partAt, type Stage, toldBy } from '../../../../src/engine/spark/stages.ts';
import type { WorkOrder } from '../../../../src/engine/spark/work.ts';
import {
  type ArrayPartition,
  type Lineage,
  narrow,
  partitionCount,
  shuffle,
  sliced,
} from '../../../../src/graph/lineage.ts';
import { mapStep } from '../../../../src/graph/operators/map.ts';
import { hashPartitioner } from '../../../../src/graph/partitioner.ts';

describe('slots', () => {
  it.each([
    // SELECT hash(x) of Spark 4.1.
    [0, 933211791],
    [1, -559580957],
    [2, 1765031574],
    [42, 29417773],
    [-1, -1604776387],
  ])('Spark’s hash of %i is %i', (value, hash) => {
    expect(sparkHash(value)).toBe(hash);
  });

  it.each([1, 2, 3, 8, 200, 10_000])('each of %i partitions has one, which Spark brings there', (count) => {
    const slots = slotsOf(count);
    expect(slots.length).toBe(count);
    for (const [partition, slot] of slots.entries()) {
      expect(((sparkHash(slot) % count) + count) % count).toBe(partition);
    }
  });
});

describe('rows', () => {
  it('carry values of any kind as they are, without a character that a row format could spoil', () => {
    const values = [
      undefined,
      null,
      Number.NaN,
      -0,
      10n ** 30n,
      new Date(5),
      new Map([[1, new Set(['\t\n\u0000\\N'])]]),
    ];
    const rows = resultRows(2, [...valuePieces(values, 'map')]);
    for (const { data, tag } of rows) expect(`${tag}${data}`).toMatch(/^[\w.:+/=]+$/);
    const [, , third] = resultsOf(rows, 3);
    expect(isDeepStrictEqual((third as ArrayPartition<unknown>).values, values)).toBe(true);
    expect(isDeepStrictEqual(unpacked(packed({ ['__proto__']: 1 })), unpacked(packed({ ['__proto__']: 1 })))).toBe(
      true,
    );
  });

  it('bring the pieces of a partition in their order, events as their bytes', () => {
    // A map with one header, its end, and two bytes: as Avro has an event.
    const item = Buffer.from([2, 2, 0x61, 2, 0x62, 0, 4, 0, 255]);
    const events = EventBlock.fromItems(1, [item]);
    const many = Array.from({ length: 25_000 }, (_, i) => i);
    const pieces = sentPieces([...piecesOf([events, valuesChunk(many)], 'input')]);
    const row = workRow(7, 2, {
      order: {} as WorkOrder,
      leaves: [
        [1, []],
        [3, pieces],
      ],
      later: undefined,
    });
    expect(row).toMatchObject({ slot: 7, tag: 'P2' });
    const read: unknown[] = [];
    for (const chunk of leafChunks(unpacked(row.data) as PartitionWork, 3)) {
      chunk.forEach((value) => void read.push(value));
    }
    expect(read.length).toBe(25_001);
    expect(Buffer.from((read[0] as { body: Uint8Array }).body).toString('hex')).toBe('00ff');
    expect(read.slice(1)).toEqual(many);
  });
});

describe('stages', () => {
  const sum = {
    create: (n: number) => n,
    merge: (a: number, b: number) => a + b,
    combine: (a: number, b: number) => a + b,
    mapSide: true,
  };
  const pairs = narrow(
    sliced([1, 2, 3, 4], 2),
    mapStep((n: number) => [n % 2, n] as const),
  );
  const reduced = shuffle('reduceByKey', pairs, sum, hashPartitioner(3));
  const other: Lineage<readonly [number, number]> = sliced([[9, 9] as const], 1);
  const both: Lineage<unknown> = narrow(
    { kind: 'union', parents: [reduced, other] } as Lineage<readonly [number, number]>,
    mapStep(([key]) => key),
  ) as Lineage<unknown>;
  const cut = (): Cut =>
    cutIntoStages(both, false, (_, { kind, ...rest }) => partitionCount({ kind, ...rest } as Lineage<unknown>));

  it('end at exchanges; what the driver has are leaves, at paths that lead to them', () => {
    const { exchanges, leaves, stages } = cut();
    expect(stages.map(({ into, partitions }) => [into, partitions.length])).toEqual([
      [0, 2],
      [undefined, 4],
    ]);
    expect(exchanges).toEqual([expect.objectContaining({ kind: 'shuffle' })]);
    for (const { lineage, path } of leaves) expect(partAt(both, path)).toBe(lineage);
    expect(stages[1]?.partitions.map(({ origin }) => origin.kind)).toEqual([
      'exchange',
      'exchange',
      'exchange',
      'leaf',
    ]);
    expect(stages[1]?.partitions.map(({ way }) => way.length)).toEqual([1, 1, 1, 1]);
  });

  it('become one plan: what the driver gives is cut by Spark, what is beside it has a task for each partition', () => {
    const plan = planOf({ cut: cut(), command: 'exec node w.mjs', given: () => given(1) });
    const text = JSON.stringify(plan);
    expect(text.match(/SELECT TRANSFORM/g)?.length).toBe(2);
    expect(text).toContain('REPARTITION(4, slot)');
    expect(text).not.toContain('REPARTITION(2, slot)');
    // No character of ours ends a text of SQL.
    expect(text).not.toMatch(/''|;/);
  });

  it('have little that the driver gives in their text, and much of it beside, under names that no plan beside it has', () => {
    expect(planText(cut())).toContain("VALUES (0, 'P0', 'A')");
    const names = [1, 2].map(() => planText(cut(), 100_000).match(/given_\d+_\d+/g));
    expect(names[0]).not.toBeNull();
    expect(names[0]).not.toEqual(names[1]);
    expect(planText(cut(), 100_000)).not.toContain('VALUES');
    // Spark shows what stands in a text.
    const inText = (piece: SentPiece): boolean => {
      const row = workRow(0, 0, { order: {} as WorkOrder, leaves: [[0, [piece]]], later: undefined });
      return JSON.stringify(planOf({ cut: cut(), command: 'exec node w.mjs', given: () => [row] })).includes(row.data);
    };
    const common = { kind: 'values', count: 1 } as const;
    expect(inText({ ...common, bytes: Buffer.of(1) })).toBe(false);
    expect(inText({ at: { ...common, path: '/s/f', offset: 0, length: 1, check: ['crc32', 0] } })).toBe(true);
  });

  it('learn their work from the driver, or from the stage before where that is all that they read', () => {
    const plain = cutIntoStages(reduced, false, (_, leaf) => partitionCount(leaf));
    const [map, reduce] = plain.stages as [Stage, Stage];
    expect(toldBy(plain, map)).toBeUndefined();
    expect(toldBy(plain, reduce)).toBe(map);
    expect(planText(plain)).toContain('DISTRIBUTE BY slot SORT BY slot');
    // What the driver has beside it, it tells itself.
    expect(toldBy(cut(), cut().stages[1] as Stage)).toBeUndefined();
  });
});

/** A row of so much data, in bytes. */
function given(bytes: number): Row[] {
  return [{ slot: 0, tag: 'P0', data: 'A'.repeat(bytes) }];
}

function planText(of: Cut, bytes = 1): string {
  return JSON.stringify(planOf({ cut: of, command: 'exec node w.mjs', given: () => given(bytes) }));
}
