/** Vectors that are tables: time arithmetic, State, mapWithState record by record, accumulators, the context's states, slices. */

import { StreamingContext } from '../../src/api/streaming-context.ts';
import { ManualClock } from '../../src/core/clock.ts';
import { StreamjobError } from '../../src/core/errors.ts';
import { floorTime, isMultipleOf, Milliseconds, Minutes, Seconds, timesTo, timesUntil } from '../../src/core/time.ts';
import { mapRecords } from '../../src/graph/operators/map-with-state.ts';
import { CollectionAccumulator, NumberAccumulator } from '../../src/graph/shared.ts';
import { State, StateSpec } from '../../src/graph/state/state-spec.ts';
import { MemoryStateStore } from '../../src/state/memory.ts';
import { checkError, oneBatch, runPipeline } from './pipeline.ts';
import { type Vector, type Verdict, verdict } from './vector.ts';

type Row = readonly unknown[];
type Check = (vector: Vector) => Verdict | Promise<Verdict>;

/** A table whose rows are calls of a function of numbers. */
const arithmetic =
  (fn: (...args: number[]) => unknown, list = false): Check =>
  (vector) =>
    verdict(
      vector.compare,
      vector.expected,
      (vector.input as readonly Row[]).map((row) => {
        const result = fn(...(row as number[]));
        return list ? result : [result];
      }),
    );

const UNITS: Readonly<Record<string, (n: number) => number>> = { Milliseconds, Seconds, Minutes };

function durationOf(vector: Vector): Verdict {
  const rows = vector.input as readonly (readonly [string, number])[];
  return verdict(
    vector.compare,
    vector.expected,
    rows.map(([unit, n]) => [UNITS[unit]?.(n)]),
  );
}

function accumulatorOf(vector: Vector): Verdict {
  const number = new NumberAccumulator();
  const rows = (vector.input as readonly (readonly [string, unknown])[]).map(([call, arg]) => {
    if (call === 'add') number.add(arg as number);
    if (call === 'merge') {
      const other = new NumberAccumulator();
      for (const value of arg as number[]) other.add(value);
      number.merge(other);
    }
    return [number.isZero, number.count, number.sum, number.avg];
  });
  return verdict(vector.compare, vector.expected, rows);
}

function collectionOf(vector: Vector): Verdict {
  const list = new CollectionAccumulator<unknown>();
  const rows = (vector.input as readonly (readonly [string, unknown])[]).map(([call, arg]) => {
    if (call === 'add') list.add(arg);
    if (call === 'reset') list.reset();
    if (call === 'merge') {
      const other = new CollectionAccumulator<unknown>();
      for (const value of arg as unknown[]) other.add(value);
      list.merge(other);
    }
    return [list.isZero, [...list.value]];
  });
  return verdict(vector.compare, vector.expected, rows);
}

function codeOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof StreamjobError ? error.code : 'none';
  }
}

/** Each row makes or changes a State; what cannot be done must throw. */
function stateCalls(vector: Vector): Verdict {
  let state = new State<number>(undefined, false, false);
  let wrong: string | undefined;
  const rows = (vector.input as readonly (readonly [string, number | null | undefined])[]).map(([call, arg]) => {
    if (call === 'new') state = new State<number>(undefined, false, false);
    if (call === 'wrap') state = new State<number>(arg ?? undefined, arg !== null && arg !== undefined, false);
    if (call === 'wrapTimingOut') state = new State<number>(arg ?? undefined, true, true);
    if (call === 'update') state.update(arg as number);
    if (call === 'remove') state.remove();
    if (!state.exists() && codeOf(() => state.get()) !== 'EMPTY_COLLECTION')
      wrong = `get() after ${call} does not throw`;
    const closed = state.isRemoved() || state.isTimingOut();
    if (closed && codeOf(() => state.update(1)) !== 'CONTEXT_STATE') wrong = `update() after ${call} does not throw`;
    if (closed && codeOf(() => state.remove()) !== 'CONTEXT_STATE') wrong = `remove() after ${call} does not throw`;
    return [state.getOption() ?? null, state.isUpdated(), state.isRemoved(), state.isTimingOut()];
  });
  if (wrong !== undefined) return { result: 'failed', expected: 'an error', actual: wrong };
  return verdict(vector.compare, vector.expected, rows);
}

/** One key, one batch: what the function sees, what becomes of the state. */
function updateRecord(vector: Vector): Verdict {
  const { params } = vector;
  const store = new MemoryStateStore<string, number>('test');
  const key = params['key'] as string;
  const time = params['updatedTime'] as number;
  const initial = params['initialState'] as number | null;
  const threshold = params['timeoutThreshold'] as number | null;
  const partition = store.partition(0, 1);
  if (initial !== null) partition.set(key, initial, params['initialTime'] as number);
  const removed: number[] = [];
  const timingOut: number[] = [];
  let called = false;
  const spec = StateSpec.function((_time: number, _key: string, value: string | undefined, state: State<number>) => {
    called = true;
    if (value === undefined) {
      timingOut.push(state.get());
      return undefined;
    }
    if (value === 'get-state') return state.getOption() ?? -1;
    if (value === 'update-state') state.update(state.exists() ? state.get() + 1 : 0);
    if (value === 'remove-state') {
      removed.push(state.get());
      state.remove();
    }
    return undefined;
  });
  // A threshold is a point in time: what was updated before it has timed out.
  if (threshold !== null) spec.timeout(time - threshold);
  const pairs = ((vector.input[0] ?? []) as string[]).map((value) => [key, value] as const);
  const output = mapRecords(partition, pairs, spec, time);
  const states = [...partition.entries()].map(([, entry]) => [entry.state, entry.updated]);
  return verdict(vector.compare, vector.expected, [[{ states, output, timingOut, removed, functionCalled: called }]]);
}

function generatedStates(vector: Vector): Verdict {
  const store = new MemoryStateStore<string, number>('test');
  const partition = store.partition(0, 1);
  for (const [key, state, updated] of vector.params['initialStates'] as [string, number, number][])
    partition.set(key, state, updated);
  const spec = StateSpec.function((_time: number, _key: string, value: number | undefined, state: State<number>) => {
    if (value === 1) state.update(state.exists() ? state.get() + 1 : 0);
    if (value === 2) state.remove();
    return undefined;
  });
  mapRecords(partition, (vector.input[0] ?? []) as [string, number][], spec, vector.params['updateTime'] as number);
  return verdict(vector.compare, vector.expected, [
    [...partition.entries()].map(([key, entry]) => [key, entry.state, entry.updated]),
  ]);
}

/** A started context that does nothing. */
function idleContext(): StreamingContext {
  const ssc = new StreamingContext({ batchInterval: 1000, clock: new ManualClock(0), write: () => {} });
  ssc.valuesStream().stream.foreachRDD(() => {});
  return ssc;
}

async function contextStates(vector: Vector): Promise<Verdict> {
  const ssc = idleContext();
  const rows: unknown[] = [];
  for (const [call = ''] of vector.input as readonly (readonly string[])[]) {
    let failed = false;
    try {
      if (call.startsWith('start')) await ssc.start();
      if (call.startsWith('stop')) await ssc.stop({ graceful: false });
    } catch (error) {
      failed = error instanceof StreamjobError && error.code === 'CONTEXT_STATE';
    }
    rows.push([failed ? 'error: IllegalStateException' : ssc.getState().toUpperCase()]);
  }
  await ssc.stop({ graceful: false });
  return verdict(vector.compare, vector.expected, rows);
}

async function windowValidation(vector: Vector): Promise<Verdict> {
  const { batchMs = 1000 } = vector.params;
  const rows = (vector.input as readonly (readonly [number, number])[]).map(([windowMs, slideMs]) => {
    const stream = new StreamingContext({ batchInterval: batchMs }).valuesStream<number>().stream;
    return [
      codeOf(() => stream.reduceByWindow((a, b) => a + b, windowMs, slideMs)) === 'CONFIG_INVALID'
        ? 'error'
        : 'accepted',
    ];
  });
  return verdict(vector.compare, vector.expected, rows);
}

function windowPersistence(vector: Vector): Verdict {
  const parent = new StreamingContext({ batchInterval: 1000 }).valuesStream<number>().stream;
  const windowed = parent.window(2000, 1000);
  const before = [windowed.storageLevel, parent.storageLevel];
  windowed.persist('MEMORY_ONLY');
  return verdict(vector.compare, vector.expected, [before, [windowed.storageLevel, parent.storageLevel]]);
}

async function slices(vector: Vector): Promise<Verdict> {
  const { batchMs = 1000, numPartitions = 2, beforeStart, expectError } = vector.params;
  const wanted = vector.params.slices ?? [];
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: batchMs, clock, parallelism: numPartitions, write: () => {} });
  const { stream, push } = ssc.valuesStream<unknown>();
  stream.foreachRDD(() => {});
  ssc.remember(100 * batchMs);
  try {
    if (beforeStart === true) stream.slice(...(wanted[0] ?? [0, 0]));
    await ssc.start();
    for (const values of vector.input) {
      push(values);
      await oneBatch(ssc, () => clock.advance(batchMs));
    }
    const got: unknown[] = [];
    for (const [from, to] of wanted)
      got.push((await Promise.all(stream.slice(from, to).map((rdd) => rdd.collect()))).flat());
    return verdict(vector.compare, vector.expected, got);
  } catch (thrown) {
    if (expectError === undefined) throw thrown;
    return checkError(expectError, { thrown });
  } finally {
    await ssc.stop({ graceful: false });
  }
}

/** The queue's elements are given batch by batch while the job runs. */
async function queueStream(vector: Vector): Promise<Verdict> {
  if (vector.params.pipeline !== undefined) {
    const { batches } = await runPipeline(vector);
    return verdict(vector.compare, vector.expected, batches);
  }
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, write: () => {} });
  const queue: (readonly unknown[])[] = [];
  const batches: unknown[][] = [];
  ssc.queueStream(queue, vector.params.oneAtATime).foreachRDD(async (rdd) => void batches.push(await rdd.collect()));
  await ssc.start();
  for (const added of vector.input) {
    for (const value of added ?? []) queue.push([value]);
    await oneBatch(ssc, () => clock.advance(1000));
  }
  await ssc.stop({ graceful: false });
  return verdict(
    vector.compare,
    vector.expected,
    batches.filter((batch) => batch.length > 0),
  );
}

async function foreachWithAccumulators(vector: Vector): Promise<Verdict> {
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, write: () => {} });
  const [rdds, elements] = [ssc.accumulator(), ssc.accumulator()];
  const { stream, push } = ssc.valuesStream<number>();
  stream.foreachRDD(async (rdd) => {
    rdds.add(1);
    await rdd.foreach(() => elements.add(1));
  });
  await ssc.start();
  for (const values of vector.input) {
    push(values as number[]);
    await oneBatch(ssc, () => clock.advance(1000));
  }
  await ssc.stop({ graceful: false });
  return verdict(vector.compare, vector.expected, [[rdds.value], [elements.value]]);
}

async function failingMap(vector: Vector): Promise<Verdict> {
  const { error } = await runPipeline(vector);
  return checkError(vector.params.expectError ?? {}, error);
}

/** The kinds of tables by their operation. */
export const TABLES: Readonly<Record<string, Check>> = {
  'Time.floor': arithmetic(floorTime),
  'Time.isMultipleOf': arithmetic(isMultipleOf),
  'Time.until': arithmetic(timesUntil, true),
  'Time.to': arithmetic(timesTo, true),
  'Duration.isMultipleOf': arithmetic(isMultipleOf),
  'Duration.div': arithmetic((a, b) => a / b),
  'Duration.of': durationOf,
  'accumulator.long': accumulatorOf,
  'accumulator.double': accumulatorOf,
  'accumulator.collection': collectionOf,
  State: stateCalls,
  'mapWithState.updateRecord': updateRecord,
  'mapWithState.states': generatedStates,
  'context.states': contextStates,
  'window.validation': windowValidation,
  'window.persistence': windowPersistence,
  slice: slices,
  queueStream,
  'foreachRDD+accumulators': foreachWithAccumulators,
  'map.error': failingMap,
};
