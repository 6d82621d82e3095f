/** reduce and count: all values of a batch into one, first in each partition, then over the partitions in one more. */

import { requireSync } from '../functions.ts';
import type { Aggregator, Lineage, Step } from '../lineage.ts';
import { narrow, shuffle, sliced } from '../lineage.ts';
import { mapStep } from './map.ts';

/** One value of a partition, or none for an empty partition. */
export function reduceStep<T>(fn: (a: T, b: T) => T, name: string): Step<T, T> {
  return {
    name,
    open: (_, down) => {
      let result: { value: T } | undefined;
      return {
        push: (value) => {
          if (result === undefined) result = { value };
          else result.value = requireSync(fn(result.value, value), name);
        },
        end: () => {
          if (result !== undefined) down.push(result.value);
          down.end();
        },
      };
    },
  };
}

/** How many values a partition has. */
export function countStep<T>(): Step<T, number> {
  return {
    name: 'count',
    open: (_, down) => {
      let count = 0;
      return {
        push: () => {
          count++;
        },
        end: () => {
          down.push(count);
          down.end();
        },
      };
    },
  };
}

/** The reduction of a whole batch: one value, or none for an empty batch, as in Spark. */
export function reduceAll<T>(parent: Lineage<T>, fn: (a: T, b: T) => T, name = 'reduce'): Lineage<T> {
  const partial = narrow(parent, reduceStep(fn, name));
  const keyed = narrow(
    partial,
    mapStep((value: T) => [null, value] as const),
  );
  return narrow(
    shuffle(name, keyed, reducing(fn, name), 1),
    mapStep(([, value]) => value),
  );
}

/** The number of values of a whole batch: always one value, 0 for an empty batch. */
export function countAll<T>(parent: Lineage<T>): Lineage<number> {
  const counts = narrow(parent, countStep<T>());
  const zero = sliced([0], 1);
  return reduceAll({ kind: 'union', parents: [counts, zero] }, (a, b) => a + b, 'count');
}

/** An aggregator of values of one type. */
export function reducing<V>(fn: (a: V, b: V) => V, name: string): Aggregator<V, V> {
  const merge = (a: V, b: V): V => requireSync(fn(a, b), name);
  return { create: (value) => value, merge, combine: merge, mapSide: true };
}
