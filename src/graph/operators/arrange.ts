/** Values arranged in other partitions or another order: glom, repartition, coalesce, partitionBy, sorting, zipping, cartesian. */
import { StreamjobError } from '../../core/errors.ts';
import { requireSync } from '../functions.ts';
import type { Deal, Lineage, Regroup, Step } from '../lineage.ts';
import { partitionCount } from '../lineage.ts';
import type { Compare } from '../order.ts';
import { type Partitioner, partitionOf, requirePartitions } from '../partitioner.ts';

/** One array per partition. */
export function glomStep<T>(): Step<T, T[]> {
  return {
    name: 'glom',
    open: (_, down) => {
      const values: T[] = [];
      return {
        push: (value) => {
          values.push(value);
        },
        end: () => {
          down.push(values);
          down.end();
        },
      };
    },
  };
}

function regroup<T, P>(
  name: string,
  parent: Lineage<P>,
  numPartitions: number,
  compute: (partitions: readonly (readonly P[])[]) => readonly (readonly T[])[],
): Lineage<T> {
  requirePartitions(numPartitions);
  const node: Regroup<T> = {
    kind: 'regroup',
    name,
    parents: [parent],
    numPartitions,
    compute: ([partitions]) => compute((partitions ?? []) as readonly (readonly P[])[]),
  };
  return node;
}

/** A regrouping that each partition does by itself. */
function dealt<T>(
  name: string,
  parent: Lineage<T>,
  numPartitions: number,
  target: (value: T, source: number, index: number) => number,
  settle?: (values: T[]) => readonly T[],
): Lineage<T> {
  requirePartitions(numPartitions);
  const node: Deal<T> = {
    kind: 'deal',
    name,
    parent,
    numPartitions,
    deal: (values, source) => {
      const piles: T[][] = Array.from({ length: numPartitions }, () => []);
      for (let i = 0; i < values.length; i++) {
        const value = values[i] as T;
        piles[target(value, source, i)]?.push(value);
      }
      return piles;
    },
    ...(settle === undefined ? {} : { settle: (values) => settle(values as T[]) }),
  };
  return node;
}

/** Values dealt out evenly, each partition's one by one; as in Spark each begins at another place. */
export function repartition<T>(parent: Lineage<T>, numPartitions: number): Lineage<T> {
  return dealt('repartition', parent, numPartitions, (_, source, i) => (source + i) % numPartitions);
}

/** Neighbouring partitions put together; never more than there are. */
export function coalesce<T>(parent: Lineage<T>, numPartitions: number): Lineage<T> {
  requirePartitions(numPartitions);
  const present = Math.max(1, partitionCount(parent));
  const count = Math.min(numPartitions, present);
  return regroup('coalesce', parent, count, (partitions) =>
    Array.from(
      { length: count },
      (_, i) =>
        partitions.slice(Math.floor((i * present) / count), Math.floor(((i + 1) * present) / count)).flat() as T[],
    ),
  );
}

/** Pairs in the partitions of their keys, in the order in which they came, or sorted by their keys. */
export function partitionBy<K, V>(
  parent: Lineage<readonly [K, V]>,
  partitioner: Partitioner,
  sorted?: Compare<K>,
): Lineage<readonly [K, V]> {
  return dealt(
    'partitionBy',
    parent,
    partitioner.numPartitions,
    ([key]) => partitionOf(partitioner, key),
    sorted === undefined ? undefined : (pairs) => pairs.sort((a, b) => sorted(a[0], b[0])),
  );
}

/** All values in the order of their keys, over partitions of about the same size. Equal keys stay in their order. */
export function sortBy<T, K>(
  parent: Lineage<T>,
  key: (value: T) => K,
  compare: Compare<K>,
  ascending: boolean,
  numPartitions: number,
): Lineage<T> {
  return regroup('sortBy', parent, numPartitions, (partitions) => {
    const keyed = partitions
      .flat()
      .map((value) => ({ key: requireSync(key(value as T), 'sortBy'), value: value as T }));
    keyed.sort((a, b) => (ascending ? compare(a.key, b.key) : compare(b.key, a.key)));
    return Array.from({ length: numPartitions }, (_, i) =>
      keyed
        .slice(Math.floor((i * keyed.length) / numPartitions), Math.floor(((i + 1) * keyed.length) / numPartitions))
        .map(({ value }) => value),
    );
  });
}

/** Each value with its place: partition by partition. */
export function zipWithIndex<T>(parent: Lineage<T>): Lineage<readonly [T, number]> {
  return regroup('zipWithIndex', parent, Math.max(1, partitionCount(parent)), (partitions) => {
    let next = 0;
    return partitions.map((values) => values.map((value) => [value, next++] as const));
  });
}

/** Item i of partition k of n with i·n + k. */
export function zipWithUniqueIdStep<T>(numPartitions: number): Step<T, readonly [T, number]> {
  return {
    name: 'zipWithUniqueId',
    open: (partition, down) => {
      let next = partition;
      return {
        push: (value) => {
          down.push([value, next]);
          next += numPartitions;
        },
        end: () => down.end(),
      };
    },
  };
}

/** Values of the same place in both. @throws StreamjobError CONFIG_INVALID for other numbers of partitions; when run ZIP_MISMATCH */
export function zip<T, U>(left: Lineage<T>, right: Lineage<U>): Lineage<readonly [T, U]> {
  const numPartitions = partitionCount(left);
  if (numPartitions !== partitionCount(right)) {
    throw new StreamjobError(
      'CONFIG_INVALID',
      `zip needs the same number of partitions on both sides, not ${numPartitions} and ${partitionCount(right)}`,
      { where: 'zip', hint: 'repartition one of them' },
    );
  }
  const node: Regroup<readonly [T, U]> = {
    kind: 'regroup',
    name: 'zip',
    parents: [left, right],
    numPartitions,
    compute: ([lefts = [], rights = []]) => lefts.map((values, i) => zipped(values as T[], (rights[i] ?? []) as U[])),
  };
  return node;
}

function zipped<T, U>(left: readonly T[], right: readonly U[]): (readonly [T, U])[] {
  if (left.length !== right.length) {
    throw new StreamjobError(
      'ZIP_MISMATCH',
      `zip: a partition has ${left.length} values and its partner ${right.length}`,
      {
        where: 'zip',
        hint: 'zip only RDDs that were made from one another by map',
      },
    );
  }
  return left.map((value, i) => [value, right[i] as U] as const);
}

/** Every left value with every right one. */
export function cartesian<T, U>(left: Lineage<T>, right: Lineage<U>): Lineage<readonly [T, U]> {
  const node: Regroup<readonly [T, U]> = {
    kind: 'regroup',
    name: 'cartesian',
    parents: [left, right],
    numPartitions: partitionCount(left) * partitionCount(right),
    compute: ([lefts = [], rights = []]) =>
      lefts.flatMap((a) => rights.map((b) => a.flatMap((x) => b.map((y) => [x as T, y as U] as const)))),
  };
  return node;
}
