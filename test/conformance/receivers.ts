/** Vectors of a user's receiver: how what it stores becomes batches, how it is started again, and a stop that loses nothing. */
import { setImmediate as turn } from 'node:timers/promises';
import { StreamingContext } from '../../src/api/streaming-context.ts';
import { ManualClock, sleep } from '../../src/core/clock.ts';
import { silentLogger } from '../../src/core/log.ts';
import type { Delivery } from '../../src/flow/receive/receiver.ts';
import { UserReceiverHost } from '../../src/flow/receive/user.ts';
import type { ReceiverHandle, UserReceiver } from '../../src/flow/receive/user-receiver.ts';
import { intakeOf } from '../kit/intake.ts';
import { until } from '../kit/until.ts';
import { oneBatch } from './pipeline.ts';
import { type Vector, type Verdict, verdict } from './vector.ts';

/** A context with one receiver; what comes out, in order. */
async function contextWith(batchInterval: number, receiver: Partial<UserReceiver<number>>) {
  const clock = new ManualClock(0);
  const ssc = new StreamingContext({ batchInterval, clock, write: () => {} });
  const out: number[] = [];
  const states: string[] = [];
  const handles: ReceiverHandle<number>[] = [];
  ssc.events$.subscribe((event) => {
    if (event.type === 'receiverState') states.push(event.state);
  });
  ssc
    .receiverStream<number>({
      ...receiver,
      onStart: (handle) => {
        handles.push(handle);
        return receiver.onStart?.(handle);
      },
    })
    .foreachRDD(async (rdd) => void out.push(...(await rdd.collect())));
  await ssc.start();
  const handle = (): ReceiverHandle<number> => {
    const last = handles.at(-1);
    if (last === undefined) throw new Error('the receiver was not started');
    return last;
  };
  const batch = (): Promise<unknown> => oneBatch(ssc, () => clock.advance(batchInterval));
  return { ssc, clock, out, states, handle, batch };
}

/** One by one, one by one with a callback, all at once with a callback; then nothing is taken any more. */
async function blocks(vector: Vector): Promise<Verdict> {
  const [single = [], withCallback = [], multiple = []] = vector.input as readonly (readonly number[])[];
  const { ssc, out, handle, batch } = await contextWith(vector.params['blockIntervalMs'] as number, {});
  const actual: number[][] = [];
  let callbacks = 0;
  const stores: (() => void)[] = [
    () => {
      for (const n of single) handle().store(n);
    },
    () => {
      for (const n of withCallback) handle().store(n, () => callbacks++);
    },
    () => handle().storeMany(multiple, () => callbacks++),
  ];
  for (const [i, store] of stores.entries()) {
    store();
    await until(() => ssc.waitingEvents === vector.input[i]?.length);
    await batch();
    actual.push([...out]);
  }
  await ssc.stop({ graceful: false });
  handle().store(-1);
  if (callbacks !== withCallback.length + 1) return { result: 'failed', expected: 'callbacks', actual: callbacks };
  return verdict(vector.compare, vector.expected, actual);
}

/** What was stored before the stop is in a batch, in order; what is stored after it is in none. */
async function blocksStopped(vector: Vector): Promise<Verdict> {
  const { ssc, clock, out, handle } = await contextWith(200, {});
  for (const n of vector.input.flat() as number[]) handle().store(n);
  await stopGracefully(ssc, clock, 60_000);
  handle().store(-1);
  await turn();
  return verdict(vector.compare, vector.expected, [out]);
}

async function restart(vector: Vector): Promise<Verdict> {
  const calls: string[] = [];
  const { ssc, clock, states, handle } = await contextWith(1000, {
    onStart: () => void calls.push('onStart'),
    onStop: () => void calls.push('onStop'),
  });
  calls.splice(0);
  states.splice(0);
  const [, delay = 0] = vector.input[0] as [string, number];
  handle().restart('a test', undefined, delay);
  await until(() => calls.length === 1);
  await turn();
  clock.advance(delay - 1);
  await turn();
  const early = calls.length > 1;
  clock.advance(1);
  await until(() => states.includes('running'));
  const names: Readonly<Record<string, string>> = { restarting: 'onReceiverStop', running: 'onReceiverStart' };
  const supervisor = states.flatMap((state) => names[state] ?? []);
  const actual = [[...calls], supervisor];
  await ssc.stop({ graceful: false });
  if (early) return { result: 'failed', expected: `${delay} ms`, actual: 'started earlier' };
  return verdict(vector.compare, vector.expected, actual);
}

async function concurrent(vector: Vector): Promise<Verdict> {
  const [threads = 0, records = 0] = vector.input[0] as number[];
  const { ssc, out, handle, batch } = await contextWith(1000, {});
  const loops = Array.from({ length: threads }, async () => {
    for (let i = 0; i < records; i++) {
      handle().store(i);
      if (i % 100 === 0) await turn();
    }
  });
  await batch();
  await Promise.all(loops);
  await turn();
  await batch();
  await ssc.stop({ graceful: false });
  return verdict(vector.compare, vector.expected, [[out.length]]);
}

/** How many records a delivery says it has. A receiver cannot store bytes whose records are not known: there is no such call. */
async function recordCounts(vector: Vector): Promise<Verdict> {
  const arrivals: Delivery[] = [];
  let handle: ReceiverHandle<number> | undefined;
  const onStart = (given: ReceiverHandle<number>): void => {
    handle = given;
  };
  const host = new UserReceiverHost<number>('test', { onStart }, new ManualClock(0), silentLogger);
  await host.start(intakeOf((delivery) => arrivals.push(delivery)));
  const actual: unknown[][] = [];
  for (const [kind, size] of vector.input as unknown as readonly (readonly [string, number])[]) {
    const before = arrivals.length;
    if (kind === 'array') handle?.storeMany(Array.from({ length: size }, (_, i) => i));
    if (kind === 'iterator') for (let i = 0; i < size; i++) handle?.store(i);
    await turn();
    const counts = arrivals.slice(before).map(({ events }) => events.count);
    actual.push([counts.length === 0 ? null : counts.reduce((a, b) => a + b)]);
  }
  await host.close();
  return verdict(vector.compare, vector.expected, actual);
}

/** Turns the clock until a graceful stop has ended. */
async function stopGracefully(ssc: StreamingContext, clock: ManualClock, timeout: number): Promise<void> {
  const stopped = ssc.stop({ graceful: true, timeout });
  await until(async () => {
    clock.advance(10);
    await turn();
    return ssc.getState() === 'stopped';
  });
  await stopped;
}

/** A receiver whose onStop waits until it has delivered all: a graceful stop waits for it. */
async function slowReceiver(vector: Vector): Promise<Verdict> {
  const { params } = vector;
  const everyMs = 1000 / (params['recordsPerSecond'] as number);
  let delivered: Promise<void> = Promise.resolve();
  let clockOf: ManualClock | undefined;
  const { ssc, clock, out } = await contextWith(params.batchMs ?? 100, {
    onStart: (handle) => {
      delivered = (async () => {
        while (clockOf === undefined) await turn();
        for (const n of vector.input.flat() as number[]) {
          await sleep(clockOf, everyMs);
          handle.store(n);
        }
      })();
    },
    onStop: () => delivered,
  });
  clockOf = clock;
  await turn();
  clock.advance(500);
  await stopGracefully(ssc, clock, params['gracefulStopTimeoutMs'] as number);
  return verdict(vector.compare, vector.expected, [[out.length]]);
}

/** Several contexts, one after the other: what was stored when stop was called has been processed when it returns. */
async function nothingLeft(vector: Vector): Promise<Verdict> {
  let [stored, processed] = [0, 0];
  for (let round = 0; round < (vector.params['rounds'] as number); round++) {
    const { ssc, clock, out, handle } = await contextWith(vector.params.batchMs ?? 100, {});
    for (let i = 0; i < 35 + round; i++) {
      handle().store(++stored);
      clock.advance(10);
      await turn();
    }
    await stopGracefully(ssc, clock, 60_000);
    processed += out.length;
  }
  const property = stored === processed && stored > 0 ? 'processed === stored' : `${processed} of ${stored}`;
  return verdict('ordered', vector.expected, [[property]]);
}

/** The kinds of this file by their operation. */
export const RECEIVERS: Readonly<Record<string, (vector: Vector) => Verdict | Promise<Verdict>>> = {
  BlockGenerator: blocks,
  'BlockGenerator.stop': blocksStopped,
  'receiver.restart': restart,
  'receiver.count': concurrent,
  'receiver.blockRecordCount': recordCounts,
  gracefulStop: (vector) => (vector.compare === 'property' ? nothingLeft(vector) : slowReceiver(vector)),
};
