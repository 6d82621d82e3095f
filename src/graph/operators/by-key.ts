/** The operators on pairs: reduceByKey, groupByKey, mapValues, and countByValue, which makes pairs of values. */
import { requireSync } from '../functions.ts';
import type { Lineage, Step } from '../lineage.ts';
import { narrow, shuffle } from '../lineage.ts';
import { mapStep } from './map.ts';
import { reducing } from './reduce.ts';

/** One pair per key, its values reduced; combined in each partition before the shuffle. */
export function reduceByKey<K, V>(
  parent: Lineage<readonly [K, V]>,
  fn: (a: V, b: V) => V,
  numPartitions: number,
  name = 'reduceByKey',
): Lineage<readonly [K, V]> {
  return shuffle(name, parent, reducing(fn, name), numPartitions);
}

/** One pair per key, with the list of its values. Nothing is combined before the shuffle: it would save nothing. */
export function groupByKey<K, V>(parent: Lineage<readonly [K, V]>, numPartitions: number): Lineage<readonly [K, V[]]> {
  return shuffle(
    'groupByKey',
    parent,
    {
      create: (value: V) => [value],
      merge: (list: V[], value) => {
        list.push(value);
        return list;
      },
      combine: (a: V[], b) => a.concat(b),
      mapSide: false,
    },
    numPartitions,
  );
}

/** A function over the values of pairs; the keys stay. */
export function mapValuesStep<K, V, U>(fn: (value: V) => U): Step<readonly [K, V], readonly [K, U]> {
  return {
    name: 'mapValues',
    open: (_, down) => ({
      push: ([key, value]) => down.push([key, requireSync(fn(value), 'mapValues')]),
      end: () => down.end(),
    }),
  };
}

/** Each distinct value with how often it came. */
export function countByValue<T>(parent: Lineage<T>, numPartitions: number): Lineage<readonly [T, number]> {
  const ones = narrow(
    parent,
    mapStep((value: T) => [value, 1] as readonly [T, number]),
  );
  return reduceByKey(ones, (a, b) => a + b, numPartitions, 'countByValue');
}
