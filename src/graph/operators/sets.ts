/** distinct, intersection, subtract, subtractByKey: values and pairs as sets. */
import type { Lineage } from '../lineage.ts';
import { narrow } from '../lineage.ts';
import type { Partitioning } from '../partitioner.ts';
import { reduceByKey } from './by-key.ts';
import { cogroup } from './cogroup.ts';
import { flatMapStep } from './flat-map.ts';
import { mapStep } from './map.ts';

function keyed<T>(parent: Lineage<T>, name: string): Lineage<readonly [T, null]> {
  return narrow(
    parent,
    mapStep((value: T) => [value, null] as const, name),
  );
}

function keysOf<T>(parent: Lineage<readonly [T, unknown]>, name: string): Lineage<T> {
  return narrow(
    parent,
    mapStep(([value]) => value, name),
  );
}

/** Each value once. */
export function distinct<T>(parent: Lineage<T>, partitioning: Partitioning): Lineage<T> {
  return keysOf(
    reduceByKey(keyed(parent, 'distinct'), (a) => a, partitioning, 'distinct'),
    'distinct',
  );
}

/** The values that both have, each once. */
export function intersection<T>(left: Lineage<T>, right: Lineage<T>, partitioning: Partitioning): Lineage<T> {
  const groups = cogroup([keyed(left, 'intersection'), keyed(right, 'intersection')], partitioning, 'intersection');
  return narrow(
    groups,
    flatMapStep(([value, [l, r]]) => (l?.length && r?.length ? [value] : []), 'intersection'),
  );
}

/** The left pairs whose key the right ones do not have; as often as they came. */
export function subtractByKey<K, V>(
  left: Lineage<readonly [K, V]>,
  right: Lineage<readonly [K, unknown]>,
  partitioning: Partitioning,
  name = 'subtractByKey',
): Lineage<readonly [K, V]> {
  return narrow(
    cogroup([left, right], partitioning, name),
    flatMapStep(([key, [l, r]]) => (r?.length ? [] : ((l ?? []) as V[]).map((value) => [key, value] as const)), name),
  );
}

/** The left values that the right ones do not have; as often as they came. */
export function subtract<T>(left: Lineage<T>, right: Lineage<T>, partitioning: Partitioning): Lineage<T> {
  return keysOf(subtractByKey(keyed(left, 'subtract'), keyed(right, 'subtract'), partitioning, 'subtract'), 'subtract');
}
