import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { StreamEvent } from '../../../src/core/events.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';

const OPEN: StreamingContext[] = [];
afterEach(async () => {
  for (const ssc of OPEN.splice(0)) await ssc.stop({ graceful: false });
});

async function rig(build: (numbers: DStream<number>, ssc: StreamingContext) => void) {
  const clock = new ManualClock(0);
  const { log, lines } = collectingLogger();
  const ssc = new StreamingContext({ batchInterval: 1000, clock, log, write: () => {} });
  OPEN.push(ssc);
  const { stream, push } = ssc.valuesStream<number>();
  const seen: StreamEvent[] = [];
  ssc.events$.subscribe((event) => seen.push(event));
  build(stream, ssc);
  await ssc.start();
  const begun = (): Promise<void> => until(() => seen.some(({ type }) => type === 'outputOperationStarted'));
  const givenBack = () => seen.flatMap((event) => (event.type === 'givenBack' ? [event] : []));
  return { clock, ssc, push, lines, begun, givenBack, seen };
}

const never = (): Promise<never> => new Promise(() => {});

describe('a graceful stop whose time is over', () => {
  test('ends although an output hangs, and says how many events and batches were given back', async () => {
    const { clock, ssc, push, lines, begun, givenBack } = await rig((numbers) => numbers.foreachRDD(never));
    push([1, 2, 3]);
    clock.advance(1000);
    await begun();
    push([4, 5]);
    const stopped = ssc.stop({ timeout: '5s' });
    await turn();
    clock.advance(5000);
    await stopped;
    expect(ssc.getState()).toBe('stopped');
    expect(givenBack()).toMatchObject([{ events: 5, batches: 1, reason: expect.stringContaining('5000 ms') }]);
    const warning = lines.find(({ level, message }) => level === 'warn' && message.includes('given back uncommitted'));
    expect(warning?.message).toContain('5 events');
  });

  test('ends although a receiver does not come to its end', async () => {
    const { clock, ssc } = await rig((numbers, made) =>
      made
        .receiverStream<number>({ onStart: () => {}, onStop: never })
        .union(numbers)
        .foreachRDD(() => {}),
    );
    const stopped = ssc.stop({ timeout: 5000 });
    await turn();
    clock.advance(5000);
    await stopped;
    expect(ssc.getState()).toBe('stopped');
  });
});

test('a graceful stop that commits everything gives nothing back', async () => {
  const out: number[] = [];
  const { clock, ssc, push, givenBack } = await rig((numbers) =>
    numbers.foreachRDD(async (rdd) => void out.push(...(await rdd.collect()))),
  );
  push([1]);
  const stopped = ssc.stop();
  await turn();
  clock.advance(1000);
  await stopped;
  expect(out).toEqual([1]);
  expect(givenBack()).toEqual([]);
});

test('a second stop, at once, cuts a graceful one short and says what it gave back', async () => {
  const { clock, ssc, push, begun, givenBack } = await rig((numbers) => numbers.foreachRDD(never));
  push([1, 2]);
  clock.advance(1000);
  await begun();
  const first = ssc.stop();
  await turn();
  await Promise.all([ssc.stop({ graceful: false }), first]);
  expect(givenBack()).toMatchObject([{ events: 2, batches: 1 }]);
});

test('a stop at once ends a stage between two chunks, not at its end', async () => {
  let processed = 0;
  const total = 4_000_000;
  const { clock, ssc, push, givenBack } = await rig((numbers) =>
    numbers
      .map((n) => {
        processed++;
        return Math.sqrt(n);
      })
      .foreachRDD(() => {}),
  );
  push(Array.from({ length: total }, (_, i) => i));
  clock.advance(1000);
  await until(() => processed > 0);
  await ssc.stop({ graceful: false });
  expect(processed).toBeLessThan(total);
  const atStop = processed;
  for (let i = 0; i < 20; i++) await turn();
  expect(processed).toBe(atStop);
  expect(givenBack()).toMatchObject([{ events: total, batches: 1 }]);
});
