import { describe, expect, onTestFinished, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { runBatches } from '../../../src/api/testing/run-batches.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { oneBatch } from '../../conformance/pipeline.ts';
import { collectingLogger } from '../../kit/log.ts';

type Timed = readonly [at: number | undefined, name: string];

async function windows(
  inputs: readonly (readonly Timed[])[],
  options: { window: number; slide?: number; lateness?: number },
) {
  const late: string[] = [];
  const out = await runBatches({ batchInterval: 1000, inputs }, (_, events) => {
    const closed = events.window(options.window, options.slide ?? options.window, {
      eventTime: ([at]) => at,
      ...(options.lateness === undefined ? {} : { allowedLateness: options.lateness }),
    });
    closed.lateValues().foreachRDD(async (rdd) => {
      for (const [, name] of await rdd.collect()) late.push(name);
    });
    return closed.map(({ start, end, values }) => [start, end, values.map(([, name]) => name).join('')] as const);
  });
  return { out: out.map(({ values }) => values), late };
}

describe('event-time windows', () => {
  test('are given once, when the watermark reaches their end, whatever the order of arrival', async () => {
    const { out, late } = await windows(
      [
        [
          [150, 'b'],
          [20, 'a'],
        ],
        [[199, 'c']],
        [[210, 'd']],
      ],
      { window: 100 },
    );
    expect(out).toEqual([[[0, 100, 'a']], [], [[100, 200, 'bc']]]);
    expect(late).toEqual([]);
  });

  test('wait for the allowed lateness; what comes after it goes to the side output', async () => {
    const inputs: Timed[][] = [
      [
        [50, 'a'],
        [120, 'b'],
      ],
      [
        [60, 'c'],
        [150, 'd'],
      ],
      [[70, 'e']],
    ];
    expect(await windows(inputs, { window: 100, lateness: 50 })).toEqual({
      out: [[], [[0, 100, 'ac']], []],
      late: ['e'],
    });
  });

  test('that overlap each hold the event; it is late only when all of them have closed', async () => {
    const { out, late } = await windows(
      [
        [
          [60, 'a'],
          [110, 'b'],
        ],
        [[70, 'c']],
        [[300, 'z']],
      ],
      { window: 100, slide: 50 },
    );
    // The watermark 110 has closed [0, 100); [50, 150) is open for c.
    expect(out).toEqual([
      [[0, 100, 'a']],
      [],
      [
        [50, 150, 'abc'],
        [100, 200, 'b'],
      ],
    ]);
    expect(late).toEqual([]);
  });

  test('an event without a timestamp has its arrival time, the batch time', async () => {
    const { out } = await windows([[[undefined, 'a']], [[undefined, 'b']], [[undefined, 'c']]], { window: 1000 });
    expect(out).toEqual([[], [[1000, 2000, 'a']], [[2000, 3000, 'b']]]);
  });

  test('of a union follow the slower stream, but not one that is idle', async () => {
    const out = await runBatches<Timed, unknown, Timed>(
      { batchInterval: 1000, inputs: [[[500, 'a']], [[510, 'b']]], inputs2: [[[50, 'x']], []] },
      (_, first, second) =>
        first
          .union(second)
          .window(100, 100, { eventTime: ([at]) => at })
          .map(({ start, values }) => [start, values.map(([, name]) => name).join('')] as const),
    );
    expect(out.map(({ values }) => values)).toEqual([[], [[0, 'x']]]);
  });
});

describe('a time that cannot be right', () => {
  test.each([
    ['no number', Number.NaN],
    ['endless', Number.POSITIVE_INFINITY],
    ['a text', '150' as unknown as number],
  ])('%s: the value counts as late, and windows go on', async (_, wrong) => {
    const inputs: Timed[][] = [
      [
        [wrong, 'x'],
        [50, 'a'],
      ],
      [[wrong, 'y']],
      [[150, 'b']],
      [[260, 'c']],
    ];
    const { out, late } = await windows(inputs, { window: 100 });
    expect(out.flat()).toEqual([
      [0, 100, 'a'],
      [100, 200, 'b'],
    ]);
    expect(late).toEqual(['x', 'y']);
  });

  test('too far ahead of the clock: the same, with a line of the log; as far as allowed, it moves the windows', async () => {
    const start = Date.UTC(2100, 0, 1);
    const clock = new ManualClock(start);
    const { log, lines } = collectingLogger();
    const ssc = new StreamingContext({ batchInterval: 1000, clock, log, write: () => {} });
    onTestFinished(() => ssc.stop({ graceful: false }));
    const { stream, push } = ssc.valuesStream<Timed>();
    const closed = stream.window(1000, 1000, { eventTime: ([at]) => at, maxAhead: '10m' });
    const out: string[] = [];
    const late: string[] = [];
    closed.foreachRDD(async (rdd) => {
      for (const { values } of await rdd.collect()) out.push(values.map(([, name]) => name).join(''));
    });
    closed.lateValues().foreachRDD(async (rdd) => void late.push(...(await rdd.collect()).map(([, name]) => name)));
    await ssc.start();
    for (const values of [
      [
        [start, 'a'],
        [start + 3_600_000, 'far'],
      ],
      [[start + 100, 'b']],
      [[start + 500_000, 'near']],
    ] satisfies Timed[][]) {
      push(values);
      await oneBatch(ssc, () => clock.advance(1000));
    }
    expect(out).toEqual(['ab']);
    expect(late).toEqual(['far']);
    expect(
      lines.filter(({ level, message }) => level === 'warn' && message.startsWith('1 values have a time')).length,
    ).toBe(1);
  });
});
