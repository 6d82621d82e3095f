/** What grows with the number of partitions grows with it, and not with its square. */
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { ownOrder } from '../../../../src/engine/spark/own-order.ts';
import { packed } from '../../../../src/engine/spark/rows.ts';
import type { StagePartition } from '../../../../src/engine/spark/stages.ts';
import type { WorkOrder } from '../../../../src/engine/spark/work.ts';
import { STATE_BUCKETS, statePartitionsOf } from '../../../../src/graph/state/form.ts';
import type { StateVersion } from '../../../../src/state/versions/version.ts';
import { measure } from '../../../bench/driver/measure.ts';

function version(partition: number): StateVersion {
  const files = Array.from({ length: 64 }, (_, i) => ({
    name: `1700000000000-state-${partition}-${'0'.repeat(32)}${i}`,
    bytes: 1,
  }));
  return { files, directoryAt: 0, crc: 0, keys: partition };
}

it('a partition is told of its own states’ version, and of no other’s', () => {
  const versions = Array.from({ length: STATE_BUCKETS }, (_, i) => version(i));
  const states = [{ node: 3, lastCommitted: 5, versions }];
  const order = { stage: 1, storage: { directory: '/s', states, durable: false } } as unknown as WorkOrder;
  const partition = { origin: { kind: 'stateful', partition: 100, parents: [] }, way: [] } as unknown as StagePartition;
  const own = ownOrder(order, partition);
  expect(own.storage?.states[0]?.versions[100]).toEqual(version(100));
  expect(own.storage?.states[0]?.versions.filter((each) => each !== undefined)).toHaveLength(1);
  expect(own.storage?.states[0]).toMatchObject({ node: 3, lastCommitted: 5 });
  expect(packed(own).length).toBeLessThan(packed(order).length / 50);
  const plain = { origin: { kind: 'leaf', leaf: 0, partition: 0 }, way: [] } as const;
  expect(ownOrder({ stage: 0, storage: undefined } as unknown as WorkOrder, plain).storage).toBeUndefined();
});

it('states have no more partitions than there are buckets, unless the job says so', () => {
  expect([1, 127, 128, 129, 10_000].map((each) => statePartitionsOf(undefined, each))).toEqual([1, 127, 128, 128, 128]);
  expect(statePartitionsOf(1000, 2)).toBe(1000);
});

it('what the driver sends grows with its partitions', async () => {
  const load = { kind: 'state', receivers: 2, blocks: 4, eventsOfBlock: 5, words: 100, cores: 4, batches: 1 } as const;
  const small = await measure({ ...load, partitions: 20 }, tmpdir());
  const large = await measure({ ...load, partitions: 200 }, tmpdir());
  const perRow = ({ plan }: typeof small): number => (plan?.givenBytes ?? 0) / (plan?.givenRows ?? 1);
  expect(small.plan?.givenRows).toBeGreaterThan(10);
  expect(large.plan?.givenRows).toBeGreaterThan(150);
  expect(perRow(large)).toBeLessThan(2 * perRow(small));
});
