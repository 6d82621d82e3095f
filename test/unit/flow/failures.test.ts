/** What a user reads when a batch fails: which operator, where in the file, on which value, how often, and what to do. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { StreamingContextOptions } from '../../../src/api/context-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { StreamjobError } from '../../../src/core/errors.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { type State, StateSpec } from '../../../src/graph/state/state-spec.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';

type Numbers = DStream<number>;

async function failing(build: (numbers: Numbers) => unknown, options: Partial<StreamingContextOptions> = {}) {
  const clock = new ManualClock(0);
  const { log, lines } = collectingLogger();
  const ssc = new StreamingContext({ batchInterval: 1000, clock, log, write: () => {}, ...options });
  onTestFinished(() => ssc.stop({ graceful: false }));
  const { stream, push } = ssc.valuesStream<number>();
  const errors: Error[] = [];
  ssc.events$.subscribe((event) => void (event.type === 'batchFailed' && errors.push(event.error)));
  build(stream);
  await ssc.start();
  push([1, 2, 3]);
  clock.advance(1000);
  await until(() => errors.length > 0);
  return { ssc, clock, lines, errors, error: errors[0] as StreamjobError };
}

const two = (n: number): number => {
  if (n === 2) throw new RangeError('two is not allowed');
  return n;
};
const HERE = /failures\.test\.ts:\d+:\d+$/;

test.each<[string, string, (numbers: Numbers) => DStream<unknown>, RegExp]>([
  [
    'map, behind another map and before a filter',
    'map',
    (s) =>
      s
        .map((n) => n)
        .map(two)
        .filter(() => true),
    /\(on 2\)$/,
  ],
  ['filter', 'filter', (s) => s.filter((n) => two(n) > 0), /\(on 2\)$/],
  ['flatMap', 'flatMap', (s) => s.map((n) => n).flatMap((n) => [two(n)]), /\(on 2\)$/],
  ['mapPartitions', 'mapPartitions', (s) => s.mapPartitions((values) => [...values].map(two)), /not allowed$/],
  [
    'reduceByKey',
    'reduceByKey',
    (s) => s.map((n) => ['k', n] as const).reduceByKey((a, b) => two(a) + two(b)),
    /not allowed/,
  ],
  ['mapValues', 'mapValues', (s) => s.map((n) => ['k', n] as const).mapValues(two), /\(on \["k",2\]\)$/],
  ['mapAsync', 'mapAsync', (s) => s.mapAsync(async (n) => two(n)), /\(on 2\)$/],
  [
    'updateStateByKey',
    'updateStateByKey',
    (s) => s.map((n) => [n, n] as const).updateStateByKey(([n]) => two(n ?? 0)),
    /not allowed$/,
  ],
  [
    'mapWithState',
    'mapWithState',
    (s) =>
      s
        .map((n) => ['k', n] as const)
        .mapWithState(StateSpec.function((_: string, n: number | undefined, __: State<number>) => two(n ?? 0))),
    /\(on \["k",2\]\)$/,
  ],
])('%s', async (_, operator, build, message) => {
  const { error, lines } = await failing((s) => build(s).print());
  expect(error).toMatchObject({ code: 'USER_FUNCTION', message: expect.stringMatching(message) });
  expect(error.message).toContain(`the function of ${operator} threw: two is not allowed`);
  expect(error.where).toMatch(new RegExp(`^${operator} at `));
  expect(error.where).toMatch(HERE);
  expect((error.cause as Error).stack).toContain('RangeError');
  const line = lines.find(({ level }) => level === 'error')?.message ?? '';
  expect(line).toMatch(/^batch 1000 failed \(attempt 1\), it is run again in 100 ms: the function of/);
  expect(line).toMatch(/failures\.test\.ts:\d+:\d+/);
});

test('a value that is long is shortened, and the way out is said', async () => {
  const { error } = await failing((s) =>
    s
      .map((n) => ({ n, text: 'x'.repeat(10_000) }))
      .map(({ n }) => two(n))
      .print(),
  );
  expect(error.message.length).toBeLessThan(400);
  expect(error.message).toContain('characters)');
  expect(error.hint).toContain("onPoison: 'skip'");
});

test('an output names its line', async () => {
  const { error } = await failing((s) => s.foreachRDD((rdd) => void rdd.foreach(two as never)));
  expect(error.message).toContain('two is not allowed');
  expect(error.where).toMatch(HERE);
});

test.each<[string, (numbers: Numbers) => void]>([
  ['a promise from a synchronous function', (s) => s.map((async (n: number) => n) as never).print()],
  ['a call that the context does not allow any more', (s) => s.foreachRDD(() => void s.map((n) => n))],
])('%s is not tried again for ever: it can never succeed', async (_, build) => {
  const { ssc, errors } = await failing(build);
  await expect(ssc.awaitTermination()).rejects.toMatchObject({ code: 'BATCH_FAILED' });
  expect(errors.length).toBe(1);
  expect((errors[0] as StreamjobError).canRetry).toBe(false);
});

test('how often is said, and hints fit the policy', async () => {
  const { ssc, clock, lines, errors } = await failing((s) => s.map(two).print(), { maxRetries: 1 });
  await turn();
  clock.advance(100);
  const failure = await ssc.awaitTermination().catch((error: StreamjobError) => error);
  expect(errors.length).toBe(2);
  expect(failure).toMatchObject({ code: 'BATCH_FAILED', message: expect.stringContaining('failed 2 times') });
  expect((failure as StreamjobError).hint).toContain('nothing of the batch was acknowledged');
  expect((failure as StreamjobError).hint).not.toContain('onFailure');
  expect(lines.some(({ message }) => message.includes('(attempt 1)'))).toBe(true);
  const stopped = await failing((s) => s.map(two).print(), { onFailure: 'stop', reliability: 'best-effort' });
  const hint = await stopped.ssc.awaitTermination().catch((error: StreamjobError) => error.hint);
  expect(hint).toContain('onFailure: "retry"');
  expect(hint).toContain("at 'best-effort' what the batch held is lost");
});

test('a job that stops of a failure says so when nobody awaits its termination', async () => {
  const { ssc, lines } = await failing((s) => s.map(two).print(), { onFailure: 'stop' });
  await until(() => ssc.getState() === 'stopped');
  const told = lines.find(({ level, message }) => level === 'error' && message.includes('nobody awaits'));
  expect(told?.message).toContain('two is not allowed');
});
