/** simulate: jobs as users write them, under all faults of some seeds. */
import { describe, expect, test, vi } from 'vitest';
import { defineJob, exactlyOnce, type StreamingContext } from '../../../src/index.ts';
import {
  SIMULATED_FAULTS,
  type SimulatedRun,
  type SimulatedWorld,
  simulate,
  simulateSeeds,
} from '../../../src/testing.ts';

const SECONDS = 60_000;
const WORDS = ['to', 'be', 'or', 'not'];
const word = (number: number): string => WORDS[number % WORDS.length] ?? '';

/** How often each word is among the first `events`. */
function expectedCounts(events: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let number = 0; number < events; number++) counts.set(word(number), (counts.get(word(number)) ?? 0) + 1);
  return counts;
}

function sums(rows: readonly (readonly [string, number])[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [key, count] of rows) counts.set(key, (counts.get(key) ?? 0) + count);
  return new Map([...counts].toSorted());
}

const sorted = (counts: Map<string, number>): Map<string, number> => new Map([...counts].toSorted());

/** Counts words once, whatever comes again: by ids and exactlyOnce. */
function wordCount(ssc: StreamingContext, world: SimulatedWorld): void {
  ssc
    .flumeStream({ port: world.port, dedupe: { header: 'id' } })
    .map((event) => [event.text(), 1] as const)
    .reduceByKey((a, b) => a + b)
    .foreachRDD(
      exactlyOnce(world.store('counts'), async (rdd, _, tx) => {
        tx.insert(...(await rdd.collect()));
      }),
    );
}

const withIds = (number: number) => ({ headers: { id: `${number}` }, body: word(number) });

describe('jobs of users', () => {
  test(
    'a word count into a store counts every word once',
    async () => {
      const runs = await simulateSeeds(
        {
          seeds: 12,
          batchInterval: '500ms',
          events: withIds,
          numEvents: 60,
          flumeSinks: 2,
          check: (run) => expect(sums(run.rows('counts'))).toEqual(sorted(expectedCounts(60))),
        },
        wordCount,
      );
      expect(runs.map(({ seed }) => seed)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
      // The seeds are not all the same, and something has happened in them.
      expect(new Set(runs.map(({ hash }) => hash)).size).toBe(12);
      expect(Math.max(...runs.map(({ starts }) => starts))).toBeGreaterThan(1);
      expect(Math.max(...runs.flatMap(({ events }) => events.map(({ sent }) => sent)))).toBeGreaterThan(1);
      for (const run of runs) expect(run.events.every(({ deliveredAt }) => deliveredAt !== undefined)).toBe(true);
    },
    SECONDS,
  );

  test(
    'a count in a state and one in a window never lose what was delivered',
    async () => {
      await simulateSeeds(
        { seeds: 12, batchInterval: '500ms', events: word, numEvents: 60, sparkSinks: 1, check: checkCounts },
        (ssc, world) => {
          const pairs = ssc
            .union([
              ssc.flumeStream({ port: world.port }),
              ssc.flumePollingStream({ addresses: world.sinks, maxBatchSize: 20 }),
            ])
            .map((event) => [event.text(), 1] as const);
          pairs
            .updateStateByKey((ones: readonly number[], sum: number | undefined) => (sum ?? 0) + ones.length)
            .foreachRDD(exactlyOnce(world.store('state'), async (rdd, _, tx) => tx.insert(...(await rdd.collect()))));
          pairs
            .reduceByKeyAndWindow((a, b) => a + b, 2000, 1000)
            .foreachRDD(exactlyOnce(world.store('window'), async (rdd, _, tx) => tx.insert(...(await rdd.collect()))));
        },
      );
    },
    SECONDS,
  );

  test(
    'text files of a job with ids have every line once',
    async () => {
      const expected = Array.from({ length: 50 }, (_, number) => `${number}`).toSorted();
      const runs = await simulateSeeds(
        {
          seeds: 12,
          batchInterval: '1s',
          events: withIds,
          numEvents: 50,
          reliability: 'store-on-failure',
          check: (run) => expect([...run.lines('ids')].toSorted()).toEqual(expected),
        },
        (ssc, world) => {
          ssc
            .flumeStream({ port: world.port, dedupe: { header: 'id' } })
            .map((event) => event.headers['id'] ?? '')
            .saveAsTextFiles(`${world.directory}/ids`);
        },
      );
      expect(runs[0]?.files.size).toBeGreaterThan(0);
    },
    SECONDS,
  );

  test('a job of defineJob runs with its own options, and prints', async () => {
    const job = defineJob({ name: 'printer', batchInterval: '2s' }, (ssc) => {
      ssc
        .flumeStream({ port: 41_414 })
        .map((event) => event.text())
        .print();
    });
    const run = await simulate({ events: ['one', 'two'], faults: [], duration: '5s' }, job);
    expect(run.printed).toContain('one');
    expect(run.printed).toContain('two');
    expect(run.starts).toBe(1);
    expect(run.faults).toEqual({});
    expect(run.events.map(({ sent }) => sent)).toEqual([1, 1]);
  });
});

/** The last state of each word holds all of them, at least: without ids what comes again counts again. */
function checkCounts(run: SimulatedRun): void {
  const last = run.batches<readonly [string, number]>('state').at(-1);
  const state = new Map(last?.values);
  for (const [key, count] of expectedCounts(60)) expect(state.get(key)).toBeGreaterThanOrEqual(count);
  for (const { time } of run.batches('window')) expect(time % 1000).toBe(0);
  expect(run.rows('window').length).toBeGreaterThan(0);
}

describe('what is wrong is found', () => {
  test(
    'a job that writes without exactlyOnce counts twice: the error has the seed, and the same seed fails again',
    async () => {
      const build = (ssc: StreamingContext, world: SimulatedWorld): void => {
        const store = world.store('words');
        ssc
          .flumeStream({ port: world.port, dedupe: { header: 'id' } })
          .map((event) => event.text())
          .foreachRDD(async (rdd, time) => store.insert(time, ...(await rdd.collect())));
      };
      const options = {
        batchInterval: '500ms',
        events: withIds,
        check: (run: SimulatedRun) => expect(run.rows('words')).toHaveLength(100),
      };
      const error = await simulateSeeds({ seeds: 30, ...options }, build).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'SIMULATION_FAILED',
        message: expect.stringMatching(
          /^seed \d+ \(STREAMJOB_SEED=\d+ runs this seed alone\): the check threw: expected/,
        ),
        hint: expect.stringContaining('STREAMJOB_SEED='),
        cause: expect.objectContaining({ name: 'AssertionError' }),
      });
      const { message } = error as Error;
      expect(message).toMatch(/ s {2}store: \d+ rows of words for batch \d+/);
      const seed = Number(/^seed (\d+)/.exec(message)?.[1]);
      await expect(simulate({ seed, ...options }, build)).rejects.toThrow(`seed ${seed} (simulate({ seed: ${seed} })`);
      const run = await simulate({ seed, ...options, onBroken: 'return' }, build);
      expect(run.broken.map(({ promise }) => promise)).toEqual(['check']);
    },
    SECONDS,
  );

  test('a job that never acknowledges is a wedge, with why', async () => {
    const error = await simulate(
      { batchInterval: '1s', events: ['a', 'b'], faults: [], duration: '2s' },
      (ssc, world) => {
        ssc.flumeStream({ port: world.port }).foreachRDD(() => {
          throw new Error('no such table');
        });
      },
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SIMULATION_FAILED' });
    expect((error as Error).message).toMatch(/wedge after .* 2 of 2 events were not acknowledged.*no such table/);
  });

  test('an error that nobody catches is a crash', async () => {
    let hasCrashed = false;
    const run = await simulate(
      { batchInterval: '1s', events: ['a'], faults: [], duration: '2s', onBroken: 'return' },
      (ssc, world) => {
        ssc.flumeStream({ port: world.port }).foreachRDD(async (rdd) => {
          if (hasCrashed || (await rdd.count()) === 0) return;
          hasCrashed = true;
          void Promise.reject(new Error('forgotten'));
          await new Promise(() => {});
        });
      },
    );
    expect(run.broken).toMatchObject([{ promise: 'crash', what: expect.stringContaining('forgotten') }]);
    // It was started again, and put through what it had not acknowledged.
    expect(run.starts).toBe(2);
    expect(run.events).toMatchObject([{ sent: 2 }]);
  });

  test('a real timer in a function is told with its place and what to do', async () => {
    const error = await simulate({ batchInterval: '1s', events: ['a'], faults: [] }, (ssc, world) => {
      ssc.flumeStream({ port: world.port }).foreachRDD(() => new Promise((resolve) => setTimeout(resolve, 1)));
    }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'NOT_SIMULATED',
      message: expect.stringContaining('setTimeout'),
      where: expect.stringMatching(/simulate\.test\.ts:\d+/),
      hint: expect.stringContaining('leave the call out'),
    });
  });

  test('console in a function is no real call', async () => {
    const run = await simulate({ batchInterval: '1s', events: ['a'], faults: [], duration: '1s' }, (ssc, world) => {
      ssc.flumeStream({ port: world.port }).foreachRDD(() => console.debug('a line of a function'));
    });
    expect(run.broken).toEqual([]);
  });

  test('what the build throws, and what the job does wrong, is thrown as it is', async () => {
    const options = { batchInterval: '1s', events: ['a'] };
    const build = (): void => {
      throw new RangeError('mine');
    };
    await expect(simulate(options, build)).rejects.toThrow(RangeError);
    await expect(simulate(options, () => {})).rejects.toMatchObject({ code: 'NO_OUTPUT' });
    await expect(
      simulate(options, (ssc, { port }) => ssc.flumeStream({ port, peerRequestTimeout: '1s' }).print()),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});

describe('a seed', () => {
  test('is the same twice, and simulations that are begun at once run one after the other', async () => {
    const options = { batchInterval: '500ms', events: withIds, numEvents: 30, sparkSinks: 1 };
    const build = (ssc: StreamingContext, world: SimulatedWorld): void => {
      wordCount(ssc, world);
      ssc.flumePollingStream({ addresses: world.sinks }).count().print();
    };
    const runs = await Promise.all([3, 4, 3, 4].map((seed) => simulate({ seed, ...options }, build)));
    const [third, fourth, again, another] = runs.map(({ broken, events, files, hash, story, printed }) => {
      return { broken, events, files, hash, story, printed };
    });
    expect(again).toEqual(third);
    expect(another).toEqual(fourth);
    expect(fourth?.hash).not.toBe(third?.hash);
  });

  test('runs on under fake timers', async () => {
    const build = (ssc: StreamingContext, { port }: SimulatedWorld): void => ssc.flumeStream({ port }).print();
    vi.useFakeTimers();
    try {
      const run = await simulate({ batchInterval: '1s', events: ['a'], faults: [] }, build);
      expect(run.events).toMatchObject([{ sent: 1 }]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('of the environment is the only one that runs', async () => {
    const options = { seeds: 3, batchInterval: '1s', events: ['a'], faults: [] };
    const build = (ssc: StreamingContext, { port }: SimulatedWorld): void => ssc.flumeStream({ port }).print();
    process.env['STREAMJOB_SEED'] = '17';
    try {
      expect((await simulateSeeds({ ...options, from: 5 }, build)).map(({ seed }) => seed)).toEqual([17]);
      process.env['STREAMJOB_SEED'] = 'x';
      await expect(simulateSeeds(options, build)).rejects.toMatchObject({
        code: 'CONFIG_INVALID',
        message: 'STREAMJOB_SEED cannot be "x"',
      });
    } finally {
      delete process.env['STREAMJOB_SEED'];
    }
    expect((await simulateSeeds({ ...options, from: 5 }, build)).map(({ seed }) => seed)).toEqual([5, 6, 7]);
  });
});

test.each(SIMULATED_FAULTS)('the fault %s may come alone', async (fault) => {
  const run = await simulate(
    {
      batchInterval: '500ms',
      events: withIds,
      numEvents: 40,
      faults: [fault],
      faultInterval: '2s',
      check: (each) => expect(sums(each.rows('counts'))).toEqual(sorted(expectedCounts(40))),
    },
    wordCount,
  );
  expect(run.faults[fault]).toBeGreaterThan(0);
  expect(Object.keys(run.faults)).toEqual([fault]);
});

describe('options', () => {
  const build = (ssc: StreamingContext, { port }: SimulatedWorld): void => ssc.flumeStream({ port }).print();
  const given = { batchInterval: '1s', events: ['a'] };

  test.each<[object, string, string]>([
    [{ sead: 1 }, 'CONFIG_UNKNOWN', 'did you mean seed?'],
    [{ seed: -1 }, 'CONFIG_INVALID', 'give a whole number of at least 0'],
    [{ faults: ['kil-job'] }, 'CONFIG_UNKNOWN', 'did you mean kill-job?'],
    [{ faults: 'kill-job' }, 'CONFIG_INVALID', 'give a list of'],
    [{ events: [{ headers: {} }] }, 'CONFIG_INVALID', 'give a list of events, or a function'],
    [{ events: () => 7 }, 'CONFIG_INVALID', 'give an event'],
    [{ batchInterval: undefined }, 'CONFIG_INVALID', "give one such as '500ms'"],
    [{ cut: 'early' }, 'CONFIG_INVALID', "give 'interval' or 'eager'"],
    [{ checkpointDir: '/data' }, 'CONFIG_UNKNOWN', 'options are'],
    [{ flumeSinks: 0 }, 'CONFIG_INVALID', 'give flumeSinks or sparkSinks'],
    [{ check: 'all' }, 'CONFIG_INVALID', 'give a function of the run'],
  ])('%j is refused', async (options, code, hint) => {
    // A user of JavaScript may write anything.
    const all = { ...given, ...options } as typeof given;
    await expect(simulate(all, build)).rejects.toMatchObject({ code, hint: expect.stringContaining(hint) });
  });

  test('a job that is none, and a store that there is not, are told', async () => {
    await expect(simulate(given, {} as typeof build)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const run = await simulate({ ...given, events: [withIds(1)], faults: [] }, wordCount);
    expect(() => run.rows('count')).toThrow('the job has no store "count"');
  });
});
