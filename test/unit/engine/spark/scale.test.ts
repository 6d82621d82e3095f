/** What grows with the number of partitions grows with it, and not with its square. */
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { StreamingContext } from '../../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../../src/core/clock.ts';
import { silentLogger } from '../../../../src/core/log.ts';
import { ownOrder } from '../../../../src/engine/spark/own-order.ts';
import { packed } from '../../../../src/engine/spark/rows.ts';
import type { StagePartition } from '../../../../src/engine/spark/stages.ts';
import type { WorkOrder } from '../../../../src/engine/spark/work.ts';
import type { DStream } from '../../../../src/graph/dstream.ts';
import { STATE_BUCKETS, statePartitionsOf } from '../../../../src/graph/state/form.ts';
import { type State, StateSpec } from '../../../../src/graph/state/state-spec.ts';
import type { StateVersion } from '../../../../src/state/versions/version.ts';
import { measure } from '../../../bench/driver/measure.ts';
import { oneBatch } from '../../../conformance/pipeline.ts';

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

it('with more partitions than buckets, states and windows give what they give with 128, in the same order', async () => {
  const run = async (parallelism: number): Promise<unknown[]> => {
    const clock = new ManualClock(0);
    const ssc = new StreamingContext({ batchInterval: 1000, clock, parallelism, log: silentLogger });
    const { push, stream } = ssc.valuesStream<number>();
    const pairs = stream.map((value) => [`key-${value}`, value] as const);
    const got: unknown[] = [];
    const sums = pairs.updateStateByKey((values, sum: number | undefined) => values.reduce((a, b) => a + b, sum ?? 0));
    const window = pairs.reduceByKeyAndWindow(
      (a, b) => a + b,
      (a, b) => a - b,
      2000,
      1000,
    );
    const spec = StateSpec.function((key: string, value: number | undefined, state: State<number>) => {
      state.update((state.getOption() ?? 0) + (value ?? 0));
      return [key, state.get()] as const;
    });
    const mapped = pairs.mapWithState(spec);
    for (const each of [sums, window, mapped, mapped.stateSnapshots()]) {
      (each as DStream<unknown>).foreachRDD(async (rdd) => void got.push(await rdd.collect()));
    }
    await ssc.start();
    for (let batch = 0; batch < 3; batch++) {
      push(Array.from({ length: 300 }, (_, i) => i + 100 * batch));
      expect(await oneBatch(ssc, () => clock.advance(1000))).toBeUndefined();
    }
    await ssc.stop({ graceful: false });
    return got;
  };
  const few = await run(STATE_BUCKETS);
  expect(few).toHaveLength(12);
  expect(await run(300)).toEqual(few);
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
