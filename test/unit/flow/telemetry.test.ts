/** What a job can be watched by: counters, gauges that are read when asked, and a span for each batch with what took time in it. */
import { expect, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { type Span, TelemetryRegistry } from '../../../src/core/telemetry.ts';
import { arrived, pushRig } from '../../kit/flow.ts';
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

test('receivers and rates tell of themselves, and take it back at the end', async () => {
  const telemetry = new TelemetryRegistry();
  const rig = await pushRig(() => {}, { telemetry });
  const peer = await rig.connect();
  peer.send('a', 'b');
  await arrived(rig, 2);
  expect(measured(telemetry, 'received_events')).toBe(2);
  expect(measured(telemetry, 'received_deliveries')).toBe(1);
  expect(measured(telemetry, 'received_bytes')).toBeGreaterThan(2);
  expect(measured(telemetry, 'push_connections')).toBe(1);
  expect(measured(telemetry, 'push_held_requests')).toBe(1);
  expect(measured(telemetry, 'open_deliveries')).toBe(1);
  expect(measured(telemetry, 'input_rate')).toBe(100_000);
  await rig.tick();
  await until(() => measured(telemetry, 'push_held_requests') === 0);
  expect(measured(telemetry, 'open_deliveries')).toBe(0);
  await rig.stop();
  expect(telemetry.samples().filter(({ kind }) => kind === 'gauge')).toEqual([]);
});

test('an engine tells how many keys each operator keeps', async () => {
  const telemetry = new TelemetryRegistry();
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, telemetry, log: silentLogger });
  const { stream, push } = ssc.valuesStream<string>();
  stream
    .map((key) => [key, 1] as const)
    .updateStateByKey((values: readonly number[], state: number | undefined) => (state ?? 0) + values.length)
    .foreachRDD(() => {});
  await ssc.start();
  push(['a', 'b', 'a']);
  clock.advance(1000);
  await until(() => measured(telemetry, 'batches_committed') === 1);
  const keys = telemetry.samples().find(({ name }) => name === 'state_keys');
  expect(keys?.value).toBe(2);
  expect(keys?.labels?.['operator']).toMatch(/updateStateByKey/);
  await ssc.stop({ graceful: false });
  expect(telemetry.samples().filter(({ kind }) => kind === 'gauge')).toEqual([]);
});
