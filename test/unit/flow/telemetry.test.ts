/** What a job can be watched by: counters, gauges that are read when asked, and a span for each batch with what took time in it. */
import { expect, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { type Span, TelemetryRegistry } from '../../../src/core/telemetry.ts';
import { until } from '../../kit/until.ts';

function measured(telemetry: TelemetryRegistry, name: string): number | undefined {
  return telemetry.samples().find((sample) => sample.name === name)?.value;
}

test('a batch tells of its stages, tasks, outputs and commit, also of one that fails first', async () => {
  const telemetry = new TelemetryRegistry();
  const spans: Span[] = [];
  telemetry.onSpan((span) => spans.push(span));
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, telemetry, log: silentLogger, parallelism: 2 });
  const { stream, push } = ssc.valuesStream<number>();
  let fails = true;
  let failures = 0;
  ssc.events$.subscribe(({ type }) => {
    if (type === 'batchFailed') failures++;
  });
  stream
    .map((n) => [n % 2, 1] as const)
    .reduceByKey((a, b) => a + b)
    .foreachRDD(async (rdd) => {
      await rdd.collect();
      if (fails) throw new Error('once');
    });
  await ssc.start();
  push([1, 2, 3]);
  expect(measured(telemetry, 'waiting_events')).toBe(3);
  clock.advance(1000);
  await until(() => failures === 1);
  expect(measured(telemetry, 'waiting_events')).toBe(0);
  fails = false;
  await until(() => {
    clock.advance(100);
    return spans.length === 1;
  });
  const [batch] = spans;
  expect(batch).toMatchObject({ name: 'batch', labels: { time: '1000', events: '3', state: 'committed' } });
  const parts = batch?.parts ?? [];
  expect(parts.map(({ name }) => name)).toEqual(['stage', 'output', 'output', 'commit']);
  expect(parts[0]).toMatchObject({ labels: { operator: 'reduceByKey' } });
  expect(parts[0]?.parts.map(({ name, labels }) => [name, labels['partition'], labels['member']])).toContainEqual([
    'task',
    '0',
    '0',
  ]);
  expect(parts[1]?.error).toMatch(/once/);
  expect(parts[2]?.error).toBeUndefined();
  expect([measured(telemetry, 'batches_committed'), measured(telemetry, 'events_committed')]).toEqual([1, 3]);
  await ssc.stop({ graceful: false });
  expect(telemetry.samples().filter(({ kind }) => kind === 'gauge')).toEqual([]);
});

test('a counter that is registered again goes on, labels tell measurements apart, and a gauge is never stale', () => {
  const telemetry = new TelemetryRegistry();
  telemetry.counter('received', { help: 'events', labels: { receiver: '0' } }).add(2);
  telemetry.counter('received', { help: 'events', labels: { receiver: '0' } }).add();
  telemetry.counter('received', { help: 'events', labels: { receiver: '1' } }).add();
  let open = 1;
  const takeBack = telemetry.gauge('open', { help: 'connections' }, () => open);
  open = 0;
  expect(telemetry.samples().map(({ name, value }) => [name, value])).toEqual([
    ['received', 3],
    ['received', 1],
    ['open', 0],
  ]);
  takeBack();
  expect(telemetry.samples()).toHaveLength(2);
});
