/** The operators on pairs that bring equal keys together, and countByValue, which makes pairs of values. */
import { requireSync } from '../functions.ts';
import type { Aggregator, Lineage, Step } from '../lineage.ts';
import { narrow, shuffle } from '../lineage.ts';
import type { Partitioning } from '../partitioner.ts';
import { mapStep } from './map.ts';
import { reducing } from './reduce.ts';

/** One pair per key, its values reduced; combined in each partition before the shuffle. */
export function reduceByKey<K, V>(
  parent: Lineage<readonly [K, V]>,
  fn: (a: V, b: V) => V,
  partitioning: Partitioning,
  name = 'reduceByKey',
): Lineage<readonly [K, V]> {
  return shuffle(name, parent, reducing(fn, name), partitioning);
}

/** One pair per key, with the list of its values. Nothing is combined before the shuffle: it would save nothing. */
export function groupByKey<K, V>(
  parent: Lineage<readonly [K, V]>,
  partitioning: Partitioning,
  name = 'groupByKey',
): Lineage<readonly [K, V[]]> {
  return shuffle(
    name,
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
    partitioning,
  );
}

/** One pair per key, its values combined by three functions of the user. */
export function combineByKey<K, V, C>(
  parent: Lineage<readonly [K, V]>,
  functions: Pick<Aggregator<V, C>, 'create' | 'merge' | 'combine'>,
  partitioning: Partitioning,
  mapSide = true,
  name = 'combineByKey',
): Lineage<readonly [K, C]> {
  const { create, merge, combine } = functions;
  const checked: Aggregator<V, C> = {
    create: (value) => requireSync(create(value), name),
    merge: (combined, value) => requireSync(merge(combined, value), name),
    combine: (a, b) => requireSync(combine(a, b), name),
    mapSide,
  };
  return shuffle(name, parent, checked, partitioning);
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

/** Any number of values for each value of a pair; the key stays with each. */
export function flatMapValuesStep<K, V, U>(fn: (value: V) => Iterable<U>): Step<readonly [K, V], readonly [K, U]> {
  return {
    name: 'flatMapValues',
    open: (_, down) => ({
      push: ([key, value]) => {
        for (const each of requireSync(fn(value), 'flatMapValues')) down.push([key, each]);
      },
      end: () => down.end(),
    }),
  };
}

/** Each distinct value with how often it came. */
export function countByValue<T>(parent: Lineage<T>, partitioning: Partitioning): Lineage<readonly [T, number]> {
  const ones = narrow(
    parent,
    mapStep((value: T) => [value, 1] as readonly [T, number]),
  );
  return reduceByKey(ones, (a, b) => a + b, partitioning, 'countByValue');
}

/** A copy of a zero value that a function may change; a primitive is its own copy. */
export function freshZero<Z>(zero: Z): Z {
  return typeof zero === 'object' && zero !== null ? structuredClone(zero) : zero;
}
