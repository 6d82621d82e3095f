import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { ManualClock } from '../../../src/core/clock.ts';
import type { ReceiverHandle, UserReceiver } from '../../../src/flow/receive/user-receiver.ts';
import { collectingLogger } from '../../kit/log.ts';
import { until } from '../../kit/until.ts';

const OPEN: StreamingContext[] = [];
afterEach(async () => {
  for (const ssc of OPEN.splice(0)) await ssc.stop({ graceful: false });
});

/** A context with one receiver of which each start is noted; `behave` is what its onStart does. */
async function rig(
  behave: (handle: ReceiverHandle<number>, start: number) => void,
  more: Partial<UserReceiver<number>> = {},
) {
  const clock = new ManualClock(0);
  const { log, lines } = collectingLogger();
  const ssc = new StreamingContext({ batchInterval: 1000, clock, log, write: () => {} });
  OPEN.push(ssc);
  const starts: number[] = [];
  const stops: number[] = [];
  const states: string[] = [];
  const batches: number[][] = [];
  const handles: ReceiverHandle<number>[] = [];
  ssc.events$.subscribe((event) => {
    if (event.type === 'receiverState') states.push(event.state);
  });
  ssc
    .receiverStream<number>({
      onStart: (handle) => {
        starts.push(clock.now());
        handles.push(handle);
        behave(handle, starts.length);
      },
      onStop: () => void stops.push(clock.now()),
      ...more,
    })
    .foreachRDD(async (rdd) => void batches.push(await rdd.collect()));
  await ssc.start();
  /** Turns the clock second by second until the receiver has been started so often. */
  const started = (count: number): Promise<void> =>
    until(async () => {
      await turn();
      if (starts.length >= count) return true;
      clock.advance(1000);
      await turn();
      return starts.length >= count;
    });
  return { ssc, clock, starts, stops, states, batches, handles, lines, started };
}

const gaps = (times: readonly number[]): number[] => times.slice(1).map((time, i) => time - (times[i] ?? 0));

describe('a receiver that fails', () => {
  test('to start is started again after 2 s, then after twice as long each time, at most 60 s', async () => {
    const { starts, started } = await rig(() => {
      throw new Error('no such host');
    });
    await started(8);
    expect(gaps(starts)).toEqual([2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  test('after it has delivered is started again as soon as at first', async () => {
    const { starts, started } = await rig((handle, start) => {
      if (start === 3) handle.storeMany([1]);
      handle.restart('it went away');
    });
    await started(5);
    expect(gaps(starts)).toEqual([2000, 4000, 2000, 4000]);
  });

  test('after it has run for a while is started again as soon as at first', async () => {
    const { clock, starts, handles, started } = await rig((handle, start) => {
      if (start !== 3) handle.restart('it went away');
    });
    await started(3);
    clock.advance(60_000);
    handles[2]?.restart('it went away after a minute');
    await started(4);
    expect(gaps(starts)).toEqual([2000, 4000, 62_000]);
  });

  test('says where it is, and why, to listeners and in ssc.receivers', async () => {
    const { ssc, states, started } = await rig((_, start) => {
      if (start === 1) throw new Error('no such host');
    });
    expect(ssc.receivers).toEqual([
      {
        id: 0,
        name: 'receiver stream [0]',
        state: 'restarting',
        lastError: { time: 0, message: 'onStart threw: no such host' },
      },
    ]);
    await started(2);
    await until(() => ssc.receivers[0]?.state === 'running');
    expect(ssc.receivers[0]?.lastError?.message).toContain('no such host');
    await ssc.stop({ graceful: false });
    expect(states).toEqual(['starting', 'restarting', 'starting', 'running', 'stopped']);
    expect(ssc.receivers[0]?.state).toBe('stopped');
  });

  test('several times at once is started again once, and its earlier run cannot restart the next one', async () => {
    const { clock, starts, stops, handles, started } = await rig(() => {});
    handles[0]?.restart('one', undefined, 1000);
    handles[0]?.restart('two', undefined, 5000);
    await started(2);
    handles[0]?.restart('the old connection closed at last');
    clock.advance(120_000);
    await turn();
    expect(starts).toEqual([0, 1000]);
    expect(stops).toEqual([0]);
    expect(handles[0]?.signal.aborted).toBe(true);
    expect(handles[1]?.signal.aborted).toBe(false);
  });

  test('is not started again once the context stops', async () => {
    const { ssc, clock, starts } = await rig((handle) => handle.restart('away'));
    await ssc.stop({ graceful: false });
    clock.advance(600_000);
    await turn();
    expect(starts).toEqual([0]);
  });
});

test('what a receiver reports is its last error', async () => {
  const { ssc, handles } = await rig(() => {});
  handles[0]?.reportError('it hiccups');
  expect(ssc.receivers[0]).toMatchObject({ state: 'running', lastError: { message: 'it hiccups' } });
});

test('what is stored after the receiver has stopped is told to be given up', async () => {
  const { ssc, clock, handles, batches } = await rig(() => {});
  handles[0]?.store(1);
  const stopped = ssc.stop();
  await until(async () => {
    clock.advance(500);
    await turn();
    return ssc.getState() === 'stopped';
  });
  await stopped;
  const outcomes: string[] = [];
  handles[0]?.store(2, (outcome) => outcomes.push(outcome));
  handles[0]?.storeMany([3]);
  expect(outcomes).toEqual(['given-up']);
  expect(batches.flat()).toEqual([1]);
});

test('Flume receivers are listed too, running from their start to the stop of the context', async () => {
  const ssc = new StreamingContext({ batchInterval: 1000, clock: new ManualClock(0), write: () => {} });
  OPEN.push(ssc);
  ssc.flumeStream({ host: '127.0.0.1', port: 0 }).print();
  expect(ssc.receivers).toMatchObject([{ state: 'stopped', lastError: undefined }]);
  await ssc.start();
  expect(ssc.receivers).toMatchObject([{ id: 0, name: expect.stringMatching(/:\d{2,5}$/), state: 'running' }]);
});
