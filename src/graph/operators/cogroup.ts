/** cogroup and the joins: pairs of several parents brought together by their keys. */
import type { Lineage } from '../lineage.ts';
import { narrow, shuffle } from '../lineage.ts';
import type { Partitioning } from '../partitioner.ts';
import { flatMapStep } from './flat-map.ts';
import { mapStep } from './map.ts';

/** A value and which parent it came from. */
interface Tagged {
  readonly parent: number;
  readonly value: unknown;
}

/** Per key the values of each parent, in the order of the parents. */
export function cogroup<K>(
  parents: readonly Lineage<readonly [K, unknown]>[],
  partitioning: Partitioning,
  name = 'cogroup',
): Lineage<readonly [K, readonly unknown[][]]> {
  const tagged = parents.map((lineage, parent) =>
    narrow(
      lineage,
      mapStep(([key, value]: readonly [K, unknown]) => [key, { parent, value }] as readonly [K, Tagged], name),
    ),
  );
  const add = (groups: unknown[][], { parent, value }: Tagged): unknown[][] => {
    groups[parent]?.push(value);
    return groups;
  };
  return shuffle(
    name,
    { kind: 'union', parents: tagged },
    {
      create: (first: Tagged) =>
        add(
          parents.map(() => []),
          first,
        ),
      merge: add,
      combine: (a: unknown[][], b) => a.map((values, i) => values.concat(b[i] ?? [])),
      mapSide: false,
    },
    partitioning,
  );
}

/** Which sides of a join may be missing. */
export type JoinKind = 'join' | 'leftOuterJoin' | 'rightOuterJoin' | 'fullOuterJoin';

/** Every left value of a key with every right one; a side that may be missing is null where it is. */
export function join<K, V, W>(
  left: Lineage<readonly [K, V]>,
  right: Lineage<readonly [K, W]>,
  kind: JoinKind,
  partitioning: Partitioning,
): Lineage<readonly [K, readonly [V | null, W | null]]> {
  const leftMissing = kind === 'rightOuterJoin' || kind === 'fullOuterJoin';
  const rightMissing = kind === 'leftOuterJoin' || kind === 'fullOuterJoin';
  const orNull = (values: readonly unknown[] | undefined, allowed: boolean): readonly unknown[] =>
    values !== undefined && values.length === 0 && allowed ? [null] : (values ?? []);
  return narrow(
    cogroup<K>([left, right], partitioning, kind),
    flatMapStep(([key, [lefts, rights]]: readonly [K, readonly unknown[][]]) => {
      const pairs: (readonly [K, readonly [V | null, W | null]])[] = [];
      for (const v of orNull(lefts, leftMissing)) {
        for (const w of orNull(rights, rightMissing)) pairs.push([key, [v as V | null, w as W | null]]);
      }
      return pairs;
    }, kind),
  );
}
