/** States of several stores as one partition of another count, to be read. */
import { bucketOf, STATE_BUCKETS, type StatePartition } from '../../graph/state/form.ts';

/** A store that has a bucket, among others. */
interface HasBuckets {
  partition(index: number, count: number): StatePartition<unknown, unknown>;
}

/** @param storeOf which store has a bucket @returns the buckets of the partition `index` of `count` */
export function unitedPartition(
  index: number,
  count: number,
  storeOf: (bucket: number) => HasBuckets,
): StatePartition<never, never> {
  const of = (bucket: number): StatePartition<unknown, unknown> => storeOf(bucket).partition(bucket, STATE_BUCKETS);
  const all = Array.from({ length: STATE_BUCKETS }, (_, bucket) => bucket)
    .filter((bucket) => bucket % count === index)
    .map(of);
  const refuse = (): never => {
    throw new Error('states of several stores are only read');
  };
  const united: StatePartition<unknown, unknown> = {
    get: (key) => of(bucketOf(key)).get(key),
    set: refuse,
    delete: refuse,
    *entries() {
      for (const each of all) yield* each.entries();
    },
    updatedBefore: (time) => all.flatMap((each) => each.updatedBefore(time)),
    get size() {
      return all.reduce((sum, each) => sum + each.size, 0);
    },
  };
  return united as unknown as StatePartition<never, never>;
}
