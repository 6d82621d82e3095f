import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { resolveJobOptions } from '../../../src/api/resolve-options.ts';
import { StreamingContext } from '../../../src/api/streaming-context.ts';
import { type Clock, ManualClock } from '../../../src/core/clock.ts';
import { EventBus, type StreamEvent } from '../../../src/core/events.ts';
import { PIDRateEstimator } from '../../../src/flow/batch/pid-rate-estimator.ts';
import { type BackpressureOptions, RateControl, resolveRates } from '../../../src/flow/batch/rate-control.ts';
import { RateLimiter } from '../../../src/flow/batch/rate-limiter.ts';
import { inputOf } from '../../../src/flow/receive/input.ts';
import { ReadingGate } from '../../../src/flow/receive/reading-gate.ts';
import type { Reading, Receiver } from '../../../src/flow/receive/receiver.ts';
import { ValuesReceiver } from '../../../src/flow/receive/values.ts';
import { arrived, pushRig } from '../../kit/flow.ts';
import { until } from '../../kit/until.ts';

const STOPS: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of STOPS.splice(0)) await stop();
});

/** A receiver that only notes whether it may read. */
class Noted extends ValuesReceiver<number> {
  readonly calls: string[] = [];
  /** What it does when it may read again. */
  onResume: (() => void) | undefined;
  override readonly reading: Reading = {
    pause: () => void this.calls.push('pause'),
    resume: () => {
      this.calls.push('resume');
      this.onResume?.();
    },
  };
}

function noted(): Noted {
  return new Noted('noted');
}

/** Counts the timers that wait. */
class CountingClock extends ManualClock {
  readonly open = new Set<object>();
  override after(ms: number, run: () => void): ReturnType<Clock['after']> {
    const timer = super.after(ms, () => {
      this.open.delete(timer);
      run();
    });
    this.open.add(timer);
    return {
      cancel: () => {
        this.open.delete(timer);
        timer.cancel();
      },
    };
  }
}

/** The control of one input, without a context. */
function control(options: BackpressureOptions, receivers: readonly Receiver[] = [noted()]) {
  const clock = new CountingClock(0);
  const rates = resolveRates(options);
  if (rates === undefined) throw new Error('no rates');
  const reading = new ReadingGate(receivers);
  const longestPauseMs = Number.POSITIVE_INFINITY;
  const made = new RateControl({
    ...{ reading, rates, clock, longestPauseMs },
    inputs: receivers.map((receiver, id) => inputOf(id, receiver)),
    batchMs: 1000,
    events: new EventBus(),
  });
  const batch = (events: number, processingMs: number, schedulingDelayMs = 0, others = 0): number | undefined => {
    clock.advance(Math.max(1000, processingMs));
    const eventsByInput = new Map([
      [0, events],
      [1, others],
    ]);
    const endedAt = clock.now();
    made.processed({ events: events + others, eventsByInput, endedAt, processingMs, schedulingDelayMs });
    return made.rateOf(0);
  };
  return { made, clock, batch, reading };
}

describe('the token bucket', () => {
  test('lets a delivery through whole and then waits until its debt is paid', () => {
    const clock = new ManualClock(0);
    const limiter = new RateLimiter(clock, { initialRate: 1000, prepaidMs: 1000 });
    expect(limiter.waitMs()).toBe(0);
    limiter.take(3000);
    const wait = limiter.waitMs();
    clock.advance(wait - 1);
    expect(limiter.waitMs()).toBeGreaterThan(0);
    clock.advance(1);
    expect(limiter.waitMs()).toBe(0);
    expect(clock.now()).toBe(3010);
  });

  test('keeps what was not used for a second, not longer', () => {
    const clock = new ManualClock(0);
    const limiter = new RateLimiter(clock, { initialRate: 500 });
    clock.advance(60_000);
    expect(limiter.available).toBe(500);
  });

  test('forgives a debt that would keep a peer waiting for longer than it bears', () => {
    const clock = new ManualClock(0);
    const limiter = new RateLimiter(clock, { initialRate: 100, longestWaitMs: 10_000 });
    limiter.take(50_000);
    expect(limiter.waitMs()).toBe(10_000);
    clock.advance(10_000);
    expect(limiter.waitMs()).toBe(0);
  });

  test('takes no rate above its greatest, nor one that is none', () => {
    const limiter = new RateLimiter(new ManualClock(0), { initialRate: 50, maxRate: 100 });
    limiter.updateRate(105);
    expect(limiter.rate).toBe(100);
    limiter.updateRate(0);
    limiter.updateRate(Number.NaN);
    expect(limiter.rate).toBe(100);
    expect(() => new RateLimiter(new ManualClock(0), { initialRate: 0 })).toThrowError(/initialRate/);
  });
});

test('a receiver reads when nothing is against it: one reason that ends does not lift another', () => {
  const receiver = noted();
  const gate = new ReadingGate([receiver]);
  gate.setAll('backlog', true);
  gate.set(receiver, 'rate', true);
  gate.set(receiver, 'rate', true);
  gate.setAll('backlog', false);
  expect(receiver.calls).toEqual(['pause']);
  gate.set(receiver, 'rate', false);
  expect(receiver.calls).toEqual(['pause', 'resume']);
});

test('a receiver that brings so much as it reads again that all are stopped leaves the others stopped', () => {
  const [first, second] = [noted(), noted()];
  const gate = new ReadingGate([first, second]);
  gate.setAll('backlog', true);
  first.onResume = () => gate.setAll('backlog', true);
  gate.setAll('backlog', false);
  expect([first.calls, second.calls]).toEqual([['pause', 'resume', 'pause'], ['pause']]);
  first.onResume = undefined;
  gate.setAll('backlog', false);
  expect([first.calls.at(-1), second.calls]).toEqual(['resume', ['pause', 'resume']]);
});

describe('the rate', () => {
  test('of an idle stream is not lowered by a few events that were processed quickly', () => {
    const { batch } = control({ initialRate: 10_000 });
    for (let i = 0; i < 10; i++) expect(batch(1, 20)).toBe(10_000);
  });

  test('is never lowered by a batch whose total delay is under the interval, however full it was', () => {
    const { batch } = control({ initialRate: 10_000 });
    expect(batch(6000, 900, 90)).toBe(10_000);
    expect(batch(6000, 900, 200)).toBeLessThan(10_000);
  });

  test('falls to what the job can process after the first slow batch, and rises after the first full quick one', () => {
    const { batch } = control({ initialRate: 10_000 });
    expect(batch(10_000, 10_000)).toBe(1000);
    expect(batch(1000, 100)).toBe(10_000);
  });

  test('stays between its bounds, and a batch too quick for the clock raises it too', () => {
    const { batch } = control({ initialRate: 1000, minRate: 200, maxRate: 2000 });
    expect(batch(1000, 60_000)).toBe(200);
    expect(batch(200, 0)).toBe(2000);
  });

  test('of an input that gave next to nothing to a slow batch stays as it is', () => {
    const { batch } = control({ initialRate: 10_000 }, [noted(), noted()]);
    expect(batch(10, 5000, 0, 10_000)).toBe(10_000);
    expect(batch(5000, 5000, 0, 5000)).toBe(1000);
  });

  test('is lowered no further by being many ticks late than by being one late: the backlog is in the batch', () => {
    const late = control({ initialRate: 10_000 }).batch(5000, 5000, 1000);
    expect(control({ initialRate: 10_000 }).batch(5000, 5000, 60_000)).toBe(late);
  });

  test('leaves no timer behind when it is stopped', () => {
    const { made, clock } = control({ initialRate: 100 });
    made.received(0, 5000);
    expect(clock.open.size).toBe(1);
    made.stop();
    made.received(0, 5000);
    expect(clock.open.size).toBe(0);
  });

  test.each([
    { initialRate: 0 },
    { maxRate: -1 },
    { minRate: 0 },
    { minRate: 10, maxRate: 5 },
    { maxRate: Number.NaN },
  ])('cannot be %j', (backpressure) => {
    expect(() => new StreamingContext({ batchInterval: 1000, backpressure })).toThrowError(
      expect.objectContaining({ code: 'CONFIG_INVALID', where: expect.stringContaining('backpressure') }),
    );
  });
});

test('the rates of a job come from its file, the environment and flags', () => {
  const job = { name: 'x', batchInterval: '1s', backpressure: { maxRate: 10 } } as const;
  expect(resolveJobOptions(job, {}, {}).backpressure).toMatchObject({ maxRate: 10 });
  expect(resolveJobOptions(job, {}, { STREAMJOB_BACKPRESSURE: '{"maxRate":5}' }).backpressure).toMatchObject({
    maxRate: 5,
  });
  expect(resolveJobOptions(job, { backpressure: 'false' }, {}).backpressure).toBe(false);
  for (const wrong of ['fast', 'null', '7', '{"maxRate":0}', '{"maxrate":5}']) {
    expect(() => resolveJobOptions(job, { backpressure: wrong }, {})).toThrowError(/backpressure cannot be/);
  }
});

test('the estimator refuses what is out of range', () => {
  expect(() => new PIDRateEstimator({ batchIntervalMs: 100, integral: -1 })).toThrowError(
    expect.objectContaining({ code: 'CONFIG_INVALID' }),
  );
});

/** A source that gives all that it may, in deliveries of ten, to a job that processes `perSecond()` events a second. */
async function flood(perSecond: () => number, backpressure: BackpressureOptions | false) {
  const clock = new CountingClock(0);
  const ssc = new StreamingContext({ batchInterval: 1000, clock, backpressure, write: () => {} });
  const batches: number[] = [];
  const rates: number[] = [];
  let running = 0;
  const step = async (): Promise<void> => {
    clock.advance(10);
    await turn();
    await turn();
  };
  const stream = ssc.receiverStream<number>({
    onStart: (handle) => {
      void (async () => {
        while (!handle.signal.aborted) {
          await handle.room();
          handle.storeMany([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        }
      })();
    },
  });
  stream.foreachRDD(async (rdd) => {
    const count = await rdd.count();
    batches.push(count);
    const until = clock.now() + (count / perSecond()) * 1000;
    while (clock.now() < until) await step();
  });
  ssc.events$.subscribe((event: StreamEvent) => {
    if (event.type === 'rateChanged') rates.push(event.rate);
    if (event.type === 'batchSubmitted') running++;
    if (event.type === 'batchCompleted') running--;
  });
  await ssc.start();
  STOPS.push(() => ssc.stop({ graceful: false }));
  /** While a batch runs, its output turns the clock. */
  const runUntil = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await (running > 0 ? turn() : step());
  };
  const run = (count: number): Promise<void> => {
    const wanted = batches.length + count;
    return runUntil(() => batches.length >= wanted);
  };
  return { clock, ssc, batches, rates, run, runUntil };
}

describe('a source that gives all that it may', () => {
  test('fills the first batch with no more than the initial rate allows, and one delivery', async () => {
    const { batches, run } = await flood(() => 100_000, { initialRate: 2000 });
    await run(1);
    expect(batches[0]).toBeGreaterThanOrEqual(1900);
    expect(batches[0]).toBeLessThanOrEqual(2010);
  });

  test('is slowed down to what a slower job can process in its interval, and let go when the job recovers', async () => {
    let perSecond = 1000;
    const { batches, rates, run, runUntil } = await flood(() => perSecond, { initialRate: 4000, maxRate: 5000 });
    await run(25);
    // What is cut while an output runs is cut at its tick, what comes after it is the next batch: they are uneven.
    expect(batches.slice(-6).reduce((sum, count) => sum + count, 0) / 6).toBeLessThanOrEqual(1200);
    expect(Math.max(...rates.slice(-3))).toBeLessThanOrEqual(1100);
    perSecond = 50_000;
    // The ticks that are late come first; they hold next to nothing.
    await runUntil(() => rates.at(-1) === 5000);
    await runUntil(() => (batches.at(-1) ?? 0) > 4000);
  });

  test('leaves no timer of its own when the context has stopped', async () => {
    const { clock, ssc, run } = await flood(() => 1000, { initialRate: 100 });
    await run(1);
    await ssc.stop({ graceful: false });
    expect(clock.open.size).toBe(0);
  });
});

test('a push receiver in debt is not read until the debt is paid; what it holds is answered as ever', async () => {
  const rig = await pushRig(() => {}, { backpressure: { initialRate: 2, minRate: 2, maxRate: 2 } });
  STOPS.push(rig.stop);
  const peer = await rig.connect();
  const first = peer.send('a', 'b', 'c', 'd');
  await arrived(rig, 4);
  const second = peer.send('e');
  await rig.tick();
  await until(() => peer.status(first) === 'OK');
  expect(peer.status(second)).toBeUndefined();
  expect(rig.ssc.waitingEvents).toBe(0);
  rig.clock.advance(2000);
  // It may be in the batch that is due then already.
  await until(() => rig.ssc.waitingEvents === 1 || peer.status(second) === 'OK');
});
