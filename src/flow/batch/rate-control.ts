/**
 * Back-pressure: each input is read at the rate that the job can process, estimated after each batch that was processed. It keeps
 * batches as short as their interval. Backlog is another matter: it guards memory and the peers' time limits, whatever the
 * rate. A receiver reads when both allow it.
 *
 * Spark's estimate takes every batch for a proof of what the job can do: a few events on an idle stream, processed in the time
 * that any batch takes, lower the rate to next to nothing, and the next burst crawls. Here a batch counts only when it
 * says something, for each input:
 * - one that held less than half of what the rate allows, and was processed within the interval, says nothing;
 * - one whose total delay is under the interval may raise the rate and never lowers it: the job keeps up;
 * - an input that gave next to nothing to a slow batch did not make it slow.
 * And the first rate is there from the start: Spark's first batches after a start take whatever has piled up.
 */
import type { Clock, Timer } from '../../core/clock.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { EventBus } from '../../core/events.ts';
import { computed, type OptionTable, positive, resolveOptions } from '../../core/options.ts';
import type { Input } from '../receive/input.ts';
import type { ReadingGate } from '../receive/reading-gate.ts';
import { PIDRateEstimator } from './pid-rate-estimator.ts';
import { RateLimiter } from './rate-limiter.ts';

/** Rates of each input, in events per second. */
export interface BackpressureOptions {
  /**
   * How fast an input is read until the first estimate. In events/s. Default: 100,000, or `maxRate` if that is less.
   */
  readonly initialRate?: number;
  /** No estimate goes above it. In events/s. Default: no limit. */
  readonly maxRate?: number;
  /** No estimate goes below it. In events/s. Default: 100, or `maxRate` if that is less. */
  readonly minRate?: number;
}

/** The same, with everything filled in. */
export interface Rates {
  readonly initialRate: number;
  readonly maxRate: number;
  readonly minRate: number;
}

/** What the control needs. */
export interface RateControlSettings {
  readonly inputs: readonly Input[];
  readonly reading: ReadingGate;
  readonly rates: Rates;
  readonly batchMs: number;
  readonly clock: Clock;
  readonly events: EventBus;
  /** For how long a peer may not be read at most, in ms; Infinity: for as long as it takes. */
  readonly longestPauseMs: number;
}

/** A batch whose outputs have ended: it committed, or was given up meanwhile. */
export interface ProcessedBatch {
  readonly events: number;
  readonly eventsByInput: ReadonlyMap<number, number>;
  /** When that was, in ms since the epoch. */
  readonly endedAt: number;
  readonly processingMs: number;
  readonly schedulingDelayMs: number;
}

interface RatedInput {
  readonly input: Input;
  readonly limiter: RateLimiter;
  readonly estimator: PIDRateEstimator;
  timer: Timer | undefined;
}

export const BACKPRESSURE_OPTIONS = {
  initialRate: positive({
    default: computed('100,000, or `maxRate` if that is less', ({ maxRate }) => Math.min(100_000, Number(maxRate))),
    unit: 'events/s',
    doc: 'how fast an input is read until the first estimate',
  }),
  minRate: positive({
    default: computed('100, or `maxRate` if that is less', ({ maxRate }) => Math.min(100, Number(maxRate))),
    unit: 'events/s',
    doc: 'no estimate goes below it',
  }),
  maxRate: positive({
    orInfinity: true,
    default: Number.POSITIVE_INFINITY,
    unit: 'events/s',
    doc: 'no estimate goes above it',
  }),
} satisfies OptionTable<BackpressureOptions>;
/** The bucket is filled in advance for an interval, at most for as long as it keeps what is not used, in ms. */
const LONGEST_PREPAID_MS = 1000;
/** What part of the allowed events a batch must hold to say what the job can do. */
const TELLING_PART = 0.5;
/** Below this part of an even share of the batch an input did not make it slow. */
const GUILTY_PART = 0.1;
/** The part of an interval's events that a poll may ask for even when none are left: it is paid for before the next one. */
const POLL_PART = 0.1;

/**
 * The rates with their defaults.
 * @param options false: no back-pressure, undefined
 * @throws StreamjobError CONFIG_INVALID, CONFIG_UNKNOWN
 * @example resolveRates({ maxRate: 5000 }) // { initialRate: 5000, maxRate: 5000, minRate: 100 }
 */
export function resolveRates(options: BackpressureOptions | false | undefined): Rates | undefined {
  if (options === false) return undefined;
  const rates = resolveOptions('backpressure', BACKPRESSURE_OPTIONS, options ?? {});
  const { maxRate } = rates;
  for (const name of ['initialRate', 'maxRate', 'minRate'] as const) {
    if (rates[name] > maxRate) throw invalid(name, rates[name], `at most maxRate, ${maxRate}`);
  }
  return rates;
}

/** Sets the rate of each input after each batch. */
export class RateControl {
  readonly #settings: RateControlSettings;
  readonly #inputs = new Map<number, RatedInput>();
  #stopped = false;

  /** Inputs that look for their data when a batch is cut (files, queues) are not limited: they cannot be paused. */
  constructor(settings: RateControlSettings) {
    this.#settings = settings;
    const { inputs, rates, batchMs, clock, longestPauseMs } = settings;
    for (const input of inputs) {
      if (input.atCut !== undefined) continue;
      const limiter = new RateLimiter(clock, {
        ...rates,
        prepaidMs: Math.min(batchMs, LONGEST_PREPAID_MS),
        longestWaitMs: longestPauseMs,
      });
      const estimator = new PIDRateEstimator({ batchIntervalMs: batchMs, minRate: rates.minRate });
      // An estimator says nothing of its first batch: here that is one of the first rate, so that the first real one counts.
      estimator.compute(clock.now(), (limiter.rate * batchMs) / 1000, batchMs, 0);
      this.#inputs.set(input.id, { input, limiter, estimator, timer: undefined });
      const most = (): number => Math.ceil(Math.max(limiter.available, this.#allowed(limiter) * POLL_PART, 1));
      for (const receiver of input.receivers) receiver.polling?.askAtMost(most);
    }
  }

  /** The rate of an input now, in events per second; undefined: it has none. */
  rateOf(input: number): number | undefined {
    return this.#inputs.get(input)?.limiter.rate;
  }

  /** A delivery has come: called once for each, however many events it has. */
  received(input: number, events: number): void {
    const rated = this.#inputs.get(input);
    if (rated === undefined || this.#stopped) return;
    rated.limiter.take(events);
    if (rated.timer === undefined) this.#look(rated);
  }

  /** Learns from a batch. */
  processed(batch: ProcessedBatch): void {
    if (this.#stopped) return;
    for (const rated of this.#inputs.values()) {
      const rate = this.#estimate(rated, batch);
      if (rate === undefined || rate === rated.limiter.rate) continue;
      rated.limiter.updateRate(rate);
      const { id, name } = rated.input;
      this.#settings.events.next({ type: 'rateChanged', receiver: id, name, rate: rated.limiter.rate });
      // Its wait was worked out from the old rate.
      if (rated.timer !== undefined) this.#look(rated);
    }
  }

  /** Ends all timers. What is paused stays so: the receivers are being closed. */
  stop(): void {
    this.#stopped = true;
    for (const input of this.#inputs.values()) {
      input.timer?.cancel();
      input.timer = undefined;
    }
  }

  /** The events that an input may give in an interval. */
  #allowed(limiter: RateLimiter): number {
    return (limiter.rate * this.#settings.batchMs) / 1000;
  }

  /** The rate that follows from a batch; undefined: the batch says nothing of this input. */
  #estimate({ input, limiter, estimator }: RatedInput, batch: ProcessedBatch): number | undefined {
    const { batchMs, rates } = this.#settings;
    const events = batch.eventsByInput.get(input.id) ?? 0;
    const { processingMs, schedulingDelayMs, endedAt } = batch;
    if (events < this.#allowed(limiter) * TELLING_PART && processingMs < batchMs) return undefined;
    if (events < (batch.events / this.#inputs.size) * GUILTY_PART) return undefined;
    // Spark's late batches stand in a queue, each with its own data. Ours are cut when they are run: all that waited is in
    // this one, so that being late by many ticks is no greater backlog than being late by one.
    const late = Math.min(schedulingDelayMs, batchMs);
    // A batch too quick for the clock to see still tells that the job could do more.
    const estimate = estimator.compute(endedAt, events, Math.max(1, processingMs), late);
    if (estimate === undefined) return undefined;
    const keepsUp = processingMs + schedulingDelayMs < batchMs;
    return Math.min(keepsUp ? Math.max(estimate, limiter.rate) : estimate, rates.maxRate);
  }

  /** Pauses an input that is in debt, until it is not. */
  #look(rated: RatedInput): void {
    const { clock, reading } = this.#settings;
    rated.timer?.cancel();
    const wait = rated.limiter.waitMs();
    rated.timer = wait === 0 ? undefined : clock.after(wait, () => this.#look(rated));
    for (const receiver of rated.input.receivers) reading.set(receiver, 'rate', wait > 0);
  }
}

function invalid(name: string, value: number, wanted: string): StreamjobError {
  return new StreamjobError('CONFIG_INVALID', `backpressure.${name} cannot be ${value}`, {
    where: 'backpressure',
    hint: `give ${wanted}; or backpressure: false for none at all`,
  });
}
