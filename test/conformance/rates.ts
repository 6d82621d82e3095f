/** Vectors of rates and of time: the rate estimator and limiter, the ticks, and the events of each input by batch. */
import { ManualClock } from '../../src/core/clock.ts';
import { StreamjobError } from '../../src/core/errors.ts';
import { floorTime } from '../../src/core/time.ts';
import { type Batch, cutBatch, eventsByInput } from '../../src/flow/batch/batch.ts';
import { PIDRateEstimator } from '../../src/flow/batch/pid-rate-estimator.ts';
import { RateLimiter } from '../../src/flow/batch/rate-limiter.ts';
import { Ticker } from '../../src/flow/batch/ticker.ts';
import { BlockQueue } from '../../src/flow/block/block-queue.ts';
import { ValuesReceiver } from '../../src/flow/receive/values.ts';
import { intakeOf } from '../kit/intake.ts';
import { type Vector, type Verdict, verdict } from './vector.ts';

type Numbers = readonly number[];

const rows = (vector: Vector, row: (values: Numbers) => unknown): Verdict =>
  verdict(
    vector.compare,
    vector.expected,
    (vector.input as readonly Numbers[]).map((values) => [row(values)]),
  );

function estimates(vector: Vector): Verdict {
  const { batchIntervalMillis, proportional, integral, derivative, minRate } = vector.params as unknown as Record<
    'batchIntervalMillis' | 'proportional' | 'integral' | 'derivative' | 'minRate',
    number
  >;
  const estimator = new PIDRateEstimator({
    batchIntervalMs: batchIntervalMillis,
    ...{ proportional, integral, derivative, minRate },
  });
  // The originals are ratios of whole numbers; what is left after twelve digits is the machine's rounding.
  return rows(vector, ([time = 0, elements = 0, processing = 0, scheduling = 0]) => {
    const rate = estimator.compute(time, elements, processing, scheduling);
    return rate === undefined ? null : Number(rate.toPrecision(12));
  });
}

function estimatorRanges(vector: Vector): Verdict {
  return rows(vector, ([batchIntervalMs = 0, proportional = 0, integral = 0, derivative = 0, minRate = 0]) => {
    try {
      new PIDRateEstimator({ batchIntervalMs, proportional, integral, derivative, minRate });
      return 'made';
    } catch (error) {
      return error instanceof StreamjobError && error.code === 'CONFIG_INVALID' ? 'error' : String(error);
    }
  });
}

function limits(vector: Vector): Verdict {
  return rows(vector, ([maxRate, newRate = 0]) => {
    const limiter = new RateLimiter(new ManualClock(0), { initialRate: 1, maxRate: maxRate ?? undefined });
    limiter.updateRate(newRate);
    return limiter.rate;
  });
}

/** The ticker is asked for ticks where Spark's timer calls back; made just before the start, so that the start is a tick. */
function timer(vector: Vector): Verdict {
  const period = vector.params['periodMs'] as number;
  const clock = new ManualClock(-1);
  const ticker = new Ticker(clock, period);
  const seen: number[] = [];
  const pull = (): void => {
    for (
      let time = ticker.take({ nothingDue: () => false });
      time !== undefined;
      time = ticker.take({ nothingDue: () => false })
    )
      seen.push(time);
    ticker.onDue(pull);
  };
  ticker.onDue(pull);
  const calls = vector.input as readonly (readonly [string, number | boolean | null])[];
  const actual = calls.map(([call, arg]) => {
    if (call === 'start') clock.advanceTo(arg as number);
    if (call === 'advance') clock.advance(arg as number);
    if (call !== 'stop') return [...seen];
    ticker.stop();
    clock.advance(10 * period);
    return [seen.at(-1)];
  });
  return verdict(vector.compare, vector.expected, actual);
}

const firstTick = (now: number, period: number): number | undefined => {
  const clock = new ManualClock(now);
  const ticker = new Ticker(clock, period);
  clock.advance(period);
  return ticker.take({ nothingDue: () => false });
};

/** What each input gave to each batch. Which batches are known is the listener's affair: the flow forgets those that committed. */
function inputInfo(vector: Vector): Verdict {
  const batches = new Map<number, Batch>();
  const calls = vector.input as unknown as readonly (readonly [string, number, number?, number?])[];
  const actual = calls.map(([call, time, stream = 0, records = 0]) => {
    if (call === 'report') {
      const queue = new BlockQueue();
      const receiver = new ValuesReceiver<number>('values');
      const of = { input: stream, receiver: 0, epoch: 1 };
      void receiver.start(intakeOf((delivery) => queue.add({ ...delivery, token: { ...of, ...delivery } })));
      receiver.push(Array.from({ length: records }, (_, i) => i));
      batches.set(time, cutBatch(time, queue.take(), time));
    }
    if (call === 'cleanup') for (const at of batches.keys()) if (at < time) batches.delete(at);
    if (call !== 'get') return [];
    const batch = batches.get(time);
    return [batch === undefined ? null : eventsByInput(batch).get(stream)];
  });
  return verdict(vector.compare, vector.expected, actual);
}

/** The kinds of this file by their operation. */
export const RATES: Readonly<Record<string, (vector: Vector) => Verdict>> = {
  'PIDRateEstimator.compute': estimates,
  'PIDRateEstimator.new': estimatorRanges,
  'RateLimiter.updateRate': limits,
  RecurringTimer: timer,
  'RecurringTimer.getStartTime': (vector) => rows(vector, ([now = 0, period = 1]) => firstTick(now, period)),
  'RecurringTimer.getRestartTime': (vector) =>
    rows(vector, ([now = 0, period = 1, start = 0]) => floorTime(now, period, start) + period),
  InputInfoTracker: inputInfo,
};
