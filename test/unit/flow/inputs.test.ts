import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Subject } from 'rxjs';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { runBatches } from '../../../src/api/testing/run-batches.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { StreamEvent } from '../../../src/core/events.ts';
import type { ReceiverHandle } from '../../../src/flow/receive/user-receiver.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';

const OPEN: StreamingContext[] = [];
afterEach(async () => {
  for (const ssc of OPEN.splice(0)) await ssc.stop({ graceful: false });
});

async function run<T>(open: (ssc: StreamingContext) => DStream<T>, options: Partial<StreamingContextOptions> = {}) {
  const clock = new ManualClock(0);
  const { log, lines } = collectingLogger();
  const ssc = new StreamingContext({ batchInterval: 1000, clock, log, write: () => {}, ...options });
  OPEN.push(ssc);
  const batches: T[][] = [];
  const seen: StreamEvent[] = [];
  ssc.events$.subscribe((event) => seen.push(event));
  open(ssc).foreachRDD(async (rdd) => void batches.push(await rdd.collect()));
  await ssc.start();
  const tick = async () => {
    const before = batches.length;
    clock.advance(1000);
    await until(() => batches.length > before);
  };
  return { ssc, clock, batches, seen, lines, tick };
}

describe('an Observable', () => {
  test('gives its values to the next batch, and its loss in a crash is said at start', async () => {
    const source = new Subject<number>();
    const { batches, tick, lines } = await run((ssc) => ssc.fromObservable(source));
    source.next(1);
    source.next(2);
    await tick();
    source.next(3);
    await tick();
    expect(batches).toEqual([[1, 2], [3]]);
    expect(lines.some(({ level, message }) => level === 'warn' && message.includes('cannot be replayed'))).toBe(true);
  });

  test('that gives more than the buffer holds ends the job', async () => {
    const source = new Subject<number>();
    const { ssc } = await run((ctx) => ctx.fromObservable(source, { buffer: 2 }));
    const ended = expect(ssc.awaitTermination()).rejects.toMatchObject({ code: 'MEMORY_BUDGET' });
    for (const n of [1, 2, 3]) source.next(n);
    await ended;
  });

  test("with overflow 'drop' loses the newest values, and they are counted", async () => {
    const source = new Subject<number>();
    const { batches, tick, lines } = await run((ssc) => ssc.fromObservable(source, { buffer: 2, overflow: 'drop' }));
    for (const n of [1, 2, 3, 4]) source.next(n);
    await tick();
    source.next(5);
    await tick();
    expect(batches).toEqual([[1, 2], [5]]);
    expect(lines.some(({ message }) => message.includes('1 values dropped'))).toBe(true);
  });
});

test('an async iterable is asked for no more than the buffer holds', async () => {
  let asked = 0;
  async function* numbers() {
    for (;;) yield asked++;
  }
  const { batches, tick, ssc } = await run((ctx) => ctx.fromObservable(numbers(), { buffer: 3 }));
  await until(() => ssc.waitingEvents === 3);
  await tick();
  await until(() => ssc.waitingEvents === 3);
  await tick();
  expect(batches).toEqual([
    [0, 1, 2],
    [3, 4, 5],
  ]);
  expect(asked).toBeLessThanOrEqual(10);
});

describe("a user's own receiver", () => {
  test('is told what became of what it stored, and keeps together what it stored together', async () => {
    const outcomes: string[] = [];
    let handle: ReceiverHandle<string> | undefined;
    const { batches, tick } = await run((ssc) =>
      ssc.receiverStream<string>({
        onStart: (given) => {
          handle = given;
        },
      }),
    );
    handle?.storeMany(['a', 'b'], (outcome) => outcomes.push(outcome));
    handle?.store('c', (outcome) => outcomes.push(outcome));
    await tick();
    await until(() => outcomes.length === 2);
    expect(batches).toEqual([['a', 'b', 'c']]);
    expect(outcomes).toEqual(['committed', 'committed']);
  });

  test('is started again after restart, and its errors are told', async () => {
    let starts = 0;
    let stops = 0;
    let handle: ReceiverHandle<string> | undefined;
    const { clock, seen } = await run((ssc) =>
      ssc.receiverStream<string>({
        onStart: (given) => {
          starts++;
          handle = given;
        },
        onStop: () => {
          stops++;
        },
      }),
    );
    handle?.reportError('it hiccups');
    expect(seen.find(({ type }) => type === 'receiverError')).toMatchObject({ message: 'it hiccups' });
    handle?.restart('the source went away', undefined, 500);
    await until(() => stops === 1);
    await until(() => {
      clock.advance(100);
      return starts === 2;
    });
  });
});

describe('mapAsync', () => {
  const batch = (inputs: number[], map: (n: number, signal: AbortSignal) => Promise<number>, options = {}) =>
    runBatches({ batchInterval: 1000, inputs: [inputs], numPartitions: 1 }, (_, numbers) =>
      numbers.mapAsync(map, options),
    );

  test('keeps the order, with no more calls at once than allowed', async () => {
    let running = 0;
    let most = 0;
    const out = await batch(
      [5, 1, 4, 2, 3],
      async (n) => {
        most = Math.max(most, ++running);
        for (let i = 0; i < n; i++) await Promise.resolve();
        running--;
        return n * 10;
      },
      { concurrency: 2 },
    );
    expect(out[0]?.values).toEqual([50, 10, 40, 20, 30]);
    expect(most).toBe(2);
  });

  test('tries a failed call again as often as asked, then fails the batch', async () => {
    let calls = 0;
    const flaky = async (n: number): Promise<number> => {
      if (++calls < 3) throw new Error('not yet');
      return n;
    };
    expect((await batch([1], flaky, { retries: 2 }))[0]?.values).toEqual([1]);
    calls = 0;
    await expect(batch([1], flaky, { retries: 1 })).rejects.toMatchObject({
      code: 'USER_FUNCTION',
      where: expect.stringMatching(/^mapAsync at .*inputs\.test\.ts:\d+:\d+$/),
    });
  });

  test('gives up on a call that takes too long', async () => {
    await expect(batch([1], () => new Promise(() => {}), { timeout: 5 })).rejects.toThrow('longer than 5 ms');
    await expect(batch([1], () => new Promise(() => {}), { timeout: '6ms' })).rejects.toThrow('longer than 6 ms');
  });

  test('holds nothing for a call that has ended, and says nothing of those that run', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    let most = 0;
    const listeners = async (n: number, signal: AbortSignal): Promise<number> => {
      await turn();
      most = Math.max(most, getEventListeners(signal, 'abort').length);
      return n;
    };
    await batch(
      Array.from({ length: 200 }, (_, i) => i),
      listeners,
    );
    expect(most).toBe(16);
    expect(warnings).toEqual([]);
  });
});

test('the events of a batch come in the order of a StreamingListener', async () => {
  const { seen, tick } = await run((ssc) => ssc.queueStream([[1]]));
  await tick();
  await until(() => seen.some(({ type }) => type === 'batchCompleted'));
  const types = seen.map(({ type }) => type).filter((type) => type.startsWith('batch') || type.startsWith('output'));
  expect(types).toEqual([
    'batchSubmitted',
    'batchStarted',
    'outputOperationStarted',
    'outputOperationCompleted',
    'batchCompleted',
  ]);
});
