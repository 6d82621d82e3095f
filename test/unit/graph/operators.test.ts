import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { runBatches } from '../../../src/api/testing/run-batches.ts';
import { batchLine } from '../../../src/cli/report.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { BatchSummary } from '../../../src/core/events.ts';
import { silentLogger } from '../../../src/core/log.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { hashKey, KeyedMap } from '../../../src/graph/keys.ts';
import { formatBatch } from '../../../src/graph/outputs/print.ts';

/** One batch through a stream. */
async function batch<A, U>(values: readonly A[], build: (stream: DStream<A>) => DStream<U>, numPartitions = 2) {
  const out = await runBatches({ batchInterval: 1000, inputs: [values], numPartitions }, (_, stream) => build(stream));
  return out[0]?.values ?? [];
}

/** An operator with its line in this file. */
const at = (operator: string): unknown =>
  expect.stringMatching(new RegExp(`^${operator} at .*operators\\.test\\.ts:\\d+:\\d+$`));

describe('operators', () => {
  test('map, flatMap, filter', async () => {
    const out = batch([1, 2, 3], (s) =>
      s
        .map((n) => n * 2)
        .flatMap((n) => [n, -n])
        .filter((n) => n !== 4),
    );
    expect(await out).toEqual([2, -2, -4, 6, -6]);
  });

  test('flatMap takes any iterable', async () => {
    expect(await batch(['ab'], (s) => s.flatMap((word) => new Set(word)))).toEqual(['a', 'b']);
  });

  test('mapPartitions is called once per partition, also for an empty one', async () => {
    expect(await batch([1, 2, 3], (s) => s.mapPartitions((values) => [[...values]]), 4)).toEqual([[], [1], [2], [3]]);
  });

  test('reduce gives one value, and none for an empty batch', async () => {
    expect(await batch([1, 2, 3], (s) => s.reduce((a, b) => a + b))).toEqual([6]);
    expect(await batch<number, number>([], (s) => s.reduce((a, b) => a + b))).toEqual([]);
  });

  test('count gives one number, 0 for an empty batch', async () => {
    expect(await batch([1, 2, 3], (s) => s.count())).toEqual([3]);
    expect(await batch([], (s) => s.count())).toEqual([0]);
  });

  test('countByValue, groupByKey, mapValues', async () => {
    expect(new Map(await batch(['a', 'b', 'a'], (s) => s.countByValue()))).toEqual(
      new Map([
        ['a', 2],
        ['b', 1],
      ]),
    );
    const grouped = await batch(
      [
        ['a', 1],
        ['b', 2],
        ['a', 3],
      ] as const,
      (s) => s.groupByKey().mapValues((list) => list.length),
    );
    expect(new Map(grouped)).toEqual(
      new Map([
        ['a', 2],
        ['b', 1],
      ]),
    );
  });

  test('union keeps duplicates, of a stream with itself too', async () => {
    expect(await batch([1, 2], (s) => s.union(s))).toEqual([1, 2, 1, 2]);
  });

  test('transform gets the RDD and the batch time', async () => {
    const out = await runBatches({ batchInterval: 500, inputs: [[1, 2]] }, (_, s) =>
      s.transform((rdd, time) => rdd.map((n) => `${time}:${n}`)),
    );
    expect(out).toEqual([{ time: 500, values: ['500:1', '500:2'] }]);
  });

  test('a function that throws names its operator', async () => {
    const failing = batch([1], (s) =>
      s.map(() => {
        throw new Error('no');
      }),
    );
    await expect(failing).rejects.toMatchObject({
      code: 'USER_FUNCTION',
      message: expect.stringContaining('no'),
      where: at('map'),
    });
  });

  test('a promise where a value is needed is refused with the operator', async () => {
    const sneaky = (async () => 1) as unknown as () => number;
    await expect(batch([1], (s) => s.map(sneaky))).rejects.toMatchObject({ code: 'ASYNC_FUNCTION', where: at('map') });
    await expect(batch([1], (s) => s.filter(sneaky as never))).rejects.toMatchObject({
      code: 'ASYNC_FUNCTION',
      where: at('filter'),
    });
    const pairs = batch(
      [
        ['a', 1],
        ['a', 2],
      ] as const,
      (s) => s.reduceByKey(sneaky),
    );
    await expect(pairs).rejects.toMatchObject({ code: 'ASYNC_FUNCTION', where: at('reduceByKey') });
  });

  test('a transform that returns no RDD is refused', async () => {
    await expect(batch([1], (s) => s.transform(() => undefined as never))).rejects.toMatchObject({
      code: 'USER_FUNCTION',
    });
  });

  property.prop(
    [
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: -100, max: 100 }))),
      fc.integer({ min: 1, max: 5 }),
    ],
    {
      numRuns: 40,
    },
  )('reduceByKey does not depend on the number of partitions', async (pairs, numPartitions) => {
    const model = new Map<string, number>();
    for (const [key, value] of pairs) model.set(key, (model.get(key) ?? 0) + value);
    const out = await batch(pairs, (s) => s.reduceByKey((a, b) => a + b), numPartitions);
    expect(new Map(out)).toEqual(model);
    expect(out).toHaveLength(model.size);
  });
});

describe('RDD actions', () => {
  test('in foreachRDD', async () => {
    const seen: unknown[] = [];
    await runBatches({ batchInterval: 1000, inputs: [[3, 1, 2]], numPartitions: 2 }, (_, s) => {
      s.foreachRDD(async (rdd) => {
        seen.push(await rdd.collect(), await rdd.count(), await rdd.take(2), await rdd.first(), await rdd.isEmpty());
        seen.push(await rdd.reduce((a, b) => a + b), rdd.getNumPartitions(), await rdd.union(rdd).count());
        seen.push(
          await rdd
            .map((n) => [n % 2, n] as const)
            .reduceByKey((a, b) => a + b, 1)
            .collect(),
        );
        const each: number[] = [];
        await rdd.foreach(async (n) => void each.push(n));
        seen.push(each);
      });
      return s;
    });
    expect(seen).toEqual([
      [3, 1, 2],
      3,
      [3, 1],
      3,
      false,
      6,
      2,
      6,
      [
        [1, 4],
        [0, 2],
      ],
      [3, 1, 2],
    ]);
  });

  test('first and reduce of nothing are errors with a code', async () => {
    const codes: unknown[] = [];
    await runBatches({ batchInterval: 1000, inputs: [[] as number[]] }, (_, s) => {
      s.foreachRDD(async (rdd) => {
        await rdd.first().catch((error) => codes.push(error.code));
        await rdd.reduce((a, b) => a + b).catch((error) => codes.push(error.code));
      });
      return s;
    });
    expect(codes).toEqual(['EMPTY_COLLECTION', 'EMPTY_COLLECTION']);
  });
});

describe('keys', () => {
  const key = fc.letrec((tie) => ({
    key: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.double(),
      fc.bigInt(),
      fc.boolean(),
      fc.constant(null),
      fc.constant(undefined),
      fc.date(),
      fc.array(tie('key'), { maxLength: 3 }),
      fc.dictionary(
        fc.string().filter((name) => name !== '__proto__'),
        tie('key'),
        { maxKeys: 3 },
      ),
    ),
  })).key;

  property.prop([key])('that are equal by value are one key, and hash the same', (value) => {
    const copy = structuredClone(value);
    const map = new KeyedMap<unknown, number>();
    map.add(value, 1);
    expect(map.find(copy)?.[1]).toBe(1);
    expect(hashKey(copy)).toBe(hashKey(value));
  });

  test('of different types are different keys', () => {
    const map = new KeyedMap<unknown, number>();
    const keys = [
      1,
      '1',
      1n,
      true,
      'true',
      null,
      'null',
      undefined,
      [1],
      ['1'],
      '[n1]',
      { a: 1 },
      new Date(1),
      new Date(2),
      '',
    ];
    keys.forEach((each, i) => {
      if (map.find(each) === undefined) map.add(each, i);
    });
    expect(map.size).toBe(keys.length);
  });

  test('the order of the fields of an object does not matter', () => {
    expect(hashKey({ a: 1, b: 2 })).toBe(hashKey({ b: 2, a: 1 }));
  });

  test.each([[new Map()], [() => 1], [Symbol('x')], [Buffer.alloc(1)], [[new Set()]]])('%o is no key', async (bad) => {
    const grouped = batch([[bad, 1] as const, [bad, 2] as const], (s) => s.groupByKey());
    await expect(grouped).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });
});

test("print shows a batch as Spark's print does", () => {
  expect(formatBatch(1000, [['a', 1], 'text', [['k', 2], 3]], true)).toBe(
    "-------------------------------------------\nTime: 1000 ms\n-------------------------------------------\n(a,1)\ntext\n([ 'k', 2 ],3)\n...\n\n",
  );
});

test('prints are told apart by their labels, in the head and in the lines of --json', async () => {
  const printed: string[] = [];
  const summaries: BatchSummary[] = [];
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({
    batchInterval: 1000,
    clock,
    log: silentLogger,
    write: (text) => printed.push(text),
  });
  const { stream, push } = ssc.valuesStream<number>();
  stream.print(10, 'numbers');
  stream.count().print(1, 'how many');
  stream.print();
  ssc.events$.subscribe((event) => void (event.type === 'batchCompleted' && summaries.push(event.batch)));
  await ssc.start();
  push([7]);
  clock.advance(1000);
  await StreamingContext.caughtUp(ssc);
  await ssc.stop();
  expect(printed.join('').match(/^Time.*$/gm)).toEqual([
    'Time: 1000 ms (numbers)',
    'Time: 1000 ms (how many)',
    'Time: 1000 ms',
  ]);
  const [line] = summaries.map((summary) => JSON.parse(batchLine(summary)));
  expect(line.outputs.map((output: object) => Reflect.get(output, 'label'))).toEqual([
    'numbers',
    'how many',
    undefined,
  ]);
  expect(Object.keys(line.outputs[2])).toEqual(['id', 'kind', 'elements', 'more']);
});

test.each<[[number, string?], string]>([
  [[-1], 'num'],
  [[Number.NaN], 'num'],
  [[10, ''], 'label'],
  [[10, 'two\nlines'], 'label'],
  [[10, 7 as never], 'label'],
])('print(%o) is refused', (args, option) => {
  const { stream } = new StreamingContext({ batchInterval: 1000 }).valuesStream<number>();
  expect(() => stream.print(...args)).toThrow(
    expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(option) }),
  );
});
