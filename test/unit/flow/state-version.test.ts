/** States whose form has changed between two runs: versions, migrations, and states that do not fit. */
import { describe, expect, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { KeptState } from '../../../src/flow/commit/kept-state.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { type State, StateSpec } from '../../../src/graph/state/state-spec.ts';
import { packChanges, unpackChanges } from '../../../src/state/durable-state.ts';
import { oneBatch } from '../../conformance/pipeline.ts';
import { ownDirectory } from '../../kit/directory.ts';

type Pairs = DStream<readonly [string, number]>;
interface Count {
  readonly count: number;
}

const isCount = (state: unknown): boolean | string =>
  (typeof state === 'object' && state !== null && 'count' in state && typeof state.count === 'number') ||
  'it has no count';
const toCount = (state: unknown, from: number): Count => ({ count: (state as number) * (from === 1 ? 1 : 1000) });

/** The same job as it was, with numbers, and as it is, with objects. */
const operators = {
  updateStateByKey: {
    numbers: (pairs: Pairs) =>
      pairs.updateStateByKey((ones: readonly number[], sum: number | undefined) => (sum ?? 0) + ones.length),
    objects: (pairs: Pairs, options: object) =>
      pairs.updateStateByKey(
        (ones: readonly number[], sum: Count | undefined): Count => ({ count: (sum?.count ?? 0) + ones.length }),
        options,
      ),
  },
  mapWithState: {
    numbers: (pairs: Pairs) =>
      pairs
        .mapWithState(
          StateSpec.function((key: string, one: number | undefined, state: State<number>) => {
            state.update((state.getOption() ?? 0) + (one ?? 0));
            return [key, state.get()] as const;
          }),
        )
        .stateSnapshots(),
    objects: (pairs: Pairs, options: Options) => {
      const spec = StateSpec.function((key: string, one: number | undefined, state: State<Count>) => {
        state.update({ count: (state.getOption()?.count ?? 0) + (one ?? 0) });
        return [key, state.get()] as const;
      });
      if (options.stateVersion !== undefined) spec.stateVersion(options.stateVersion, options.migrate);
      if (options.validate !== undefined) spec.validate(options.validate);
      return pairs.mapWithState(spec).stateSnapshots();
    },
  },
};

interface Options {
  readonly stateVersion?: number;
  readonly migrate?: (state: unknown, from: number) => Count | undefined;
  readonly validate?: (state: unknown) => boolean | string;
}

class Job {
  readonly #directory = ownDirectory();
  readonly #clock = new ManualClock(0);
  readonly #store: 'memory' | 'lmdb';

  constructor(store: 'memory' | 'lmdb') {
    this.#store = store;
  }

  /** Runs a batch for each list of words. @returns the states after the last one */
  async run(build: (pairs: Pairs) => DStream<unknown>, ...batches: string[][]): Promise<unknown> {
    const ssc = new StreamingContext({
      batchInterval: 1000,
      clock: this.#clock,
      checkpointDir: this.#directory,
      stateStore: this.#store,
      onFailure: 'stop',
      write: () => {},
    });
    const { stream, push } = ssc.valuesStream<string>();
    let states: unknown;
    build(stream.map((word) => [word, 1] as const)).foreachRDD(async (rdd) => {
      states = Object.fromEntries((await rdd.collect()) as [string, unknown][]);
    });
    ssc.awaitTermination().catch(() => {});
    await ssc.start();
    try {
      for (const words of batches) {
        push(words);
        const error = await oneBatch(ssc, () => this.#clock.advance(1000));
        if (error !== undefined) throw error;
      }
    } finally {
      await ssc.stop({ graceful: false });
    }
    return states;
  }
}

describe.each(['memory', 'lmdb'] as const)('with states in %s', (store) => {
  describe.each(['updateStateByKey', 'mapWithState'] as const)('the state of %s', (name) => {
    const { numbers, objects } = operators[name];
    const as = (options: Options) => (pairs: Pairs) => objects(pairs, options) as DStream<unknown>;

    test('of another version is made one of this, record by record, run after run', async () => {
      const job = new Job(store);
      await job.run(numbers, ['a', 'a', 'b']);
      const now = as({ stateVersion: 2, migrate: toCount, validate: isCount });
      expect(await job.run(now, ['a'])).toEqual({ a: { count: 3 }, b: { count: 1 } });
      // In the journal some states are of version 1 now, and some of version 2.
      expect(await job.run(now, ['b', 'c'])).toEqual({ a: { count: 3 }, b: { count: 2 }, c: { count: 1 } });
    });

    test('whose migrate gives undefined is gone', async () => {
      const job = new Job(store);
      await job.run(numbers, ['a', 'a', 'b']);
      const migrate = (state: unknown): Count | undefined => (state === 2 ? undefined : toCount(state, 1));
      expect(await job.run(as({ stateVersion: 2, migrate }), ['b'])).toEqual({ b: { count: 2 } });
    });

    test('of another version without migrate is refused at the start, and by the job as it was', async () => {
      const job = new Job(store);
      await job.run(numbers, ['a']);
      const refused = { code: 'CHECKPOINT_INCOMPATIBLE', message: expect.stringContaining(`${name}-0 in version 1`) };
      await expect(job.run(as({ stateVersion: 2 }), ['a'])).rejects.toMatchObject(refused);
      await job.run(as({ stateVersion: 2, migrate: toCount }), ['a']);
      await expect(job.run(numbers, ['a'])).rejects.toMatchObject({ code: 'CHECKPOINT_INCOMPATIBLE' });
    });

    test('that does not fit is refused with its key: when it is found, and when it is set', async () => {
      const job = new Job(store);
      await job.run(numbers, ['a']);
      await expect(job.run(as({ validate: isCount }), ['a'])).rejects.toMatchObject({
        code: 'CHECKPOINT_VALUE',
        where: `${name}-0`,
        message: "the state of key 'a' does not fit: it has no count",
      });
      const fresh = new Job(store);
      const small = (state: unknown): boolean => (state as Count).count < 2;
      await expect(fresh.run(as({ validate: small }), ['b'], ['a', 'a'])).rejects.toThrow(/key 'a' does not fit/);
    });

    test('whose migrate throws: the start says on which key, and nothing was changed', async () => {
      const job = new Job(store);
      await job.run(numbers, ['a']);
      const migrate = (): Count => {
        throw new Error('no idea');
      };
      await expect(job.run(as({ stateVersion: 2, migrate }), ['a'])).rejects.toMatchObject({
        code: 'CHECKPOINT_INCOMPATIBLE',
        message: "migrate threw on the state of key 'a', of version 1: no idea",
      });
      expect(await job.run(numbers, ['a'])).toEqual({ a: 2 });
    });

    test('of an operator that the job does not have meanwhile keeps its versions', async () => {
      const job = new Job(store);
      const now = as({ stateVersion: 2, migrate: toCount });
      await job.run(numbers, ['a', 'b']);
      await job.run(now, ['a']);
      await job.run((pairs) => pairs.reduceByKey((a, b) => a + b) as DStream<unknown>, ['a']);
      expect(await job.run(now, ['c'])).toEqual({ a: { count: 2 }, b: { count: 1 }, c: { count: 1 } });
    });
  });
});

test('state that is kept for an operator is carried over with the version of each key', () => {
  const kept = new KeptState('counts', 'updateStateByKey', '');
  const change = (set: [string, unknown, number][]) => packChanges([{ bucket: 7, set, deleted: [] }], 'counts');
  kept.restore(
    change([
      ['a', 1, 1000],
      ['b', 2, 1000],
    ]),
    true,
    1,
  );
  kept.restore(change([['a', { count: 3 }, 2000]]), false, 2);
  const parts = kept.parts(7, 'uid');
  expect(
    parts.map(({ version, wholes, changes }) => [version ?? 1, [...wholes, ...changes].flatMap(unpackChanges)]),
  ).toEqual([
    [1, [{ bucket: 7, set: [['b', 2, 1000]], deleted: [] }]],
    [2, [{ bucket: 7, set: [['a', { count: 3 }, 2000]], deleted: [] }]],
  ]);
  const again = new KeptState('counts', 'updateStateByKey', '');
  for (const { version, wholes, changes } of parts) {
    for (const each of wholes) again.restore(each, true, version);
    for (const each of changes) again.restore(each, false, version);
  }
  expect(again.parts(7, 'uid')).toEqual(parts);
  expect(again.size).toBe(2);
});
