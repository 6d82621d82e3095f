/**
 * How many events a second a job can process, estimated from its last batches by a PID controller: what it is wrong by now
 * (proportional), what has piled up (integral), where it is heading (derivative). Source: Spark's PIDRateEstimator.
 */
import { StreamjobError } from '../../core/errors.ts';

/** What the estimate is tuned by. */
export interface PIDOptions {
  readonly batchIntervalMs: number;
  /** Weight of the difference between the last rate and what was processed. Default 1. */
  readonly proportional?: number;
  /** Weight of what waited longer than it should have. Default 0.2. */
  readonly integral?: number;
  /** Weight of the difference's change. Default 0. */
  readonly derivative?: number;
  /** Events per second below which no estimate goes. Default 100. */
  readonly minRate?: number;
}

/**
 * Estimates the rate that a job can process, from how its batches went.
 *
 * @example
 * const estimator = new PIDRateEstimator({ batchIntervalMs: 1000 });
 * estimator.compute(1000, 500, 1000, 0); // undefined: the first batch is only learnt from
 * estimator.compute(2000, 500, 500, 0); // 1000 events per second
 */
export class PIDRateEstimator {
  readonly #options: Required<PIDOptions>;
  #latestTime = Number.NEGATIVE_INFINITY;
  #latestRate: number | undefined;
  #latestError = 0;

  /** @throws StreamjobError CONFIG_INVALID when the interval or minRate is not above 0, or a weight is below 0 */
  constructor(options: PIDOptions) {
    const { batchIntervalMs, proportional = 1, integral = 0.2, derivative = 0, minRate = 100 } = options;
    this.#options = { batchIntervalMs, proportional, integral, derivative, minRate };
    for (const name of ['batchIntervalMs', 'minRate'] as const) {
      if (!(this.#options[name] > 0)) throw outOfRange(name, this.#options[name], 'greater than 0');
    }
    for (const name of ['proportional', 'integral', 'derivative'] as const) {
      if (!(this.#options[name] >= 0)) throw outOfRange(name, this.#options[name], '0 or greater');
    }
  }

  /**
   * Learns from a batch.
   * @param time when it ended, in ms since the epoch; one that is not after the last one is ignored
   * @param numElements its events @param processingDelay in ms @param schedulingDelay in ms
   * @returns events per second that can be taken in, or undefined when nothing can be said
   */
  compute(time: number, numElements: number, processingDelay: number, schedulingDelay: number): number | undefined {
    if (!(time > this.#latestTime && numElements > 0 && processingDelay > 0)) return undefined;
    const { batchIntervalMs, proportional, integral, derivative, minRate } = this.#options;
    const processingRate = (numElements / processingDelay) * 1000;
    const latestRate = this.#latestRate;
    const sinceS = (time - this.#latestTime) / 1000;
    this.#latestTime = time;
    if (latestRate === undefined) {
      this.#latestRate = processingRate;
      return undefined;
    }
    const error = latestRate - processingRate;
    const historicalError = (schedulingDelay * processingRate) / batchIntervalMs;
    const dError = (error - this.#latestError) / sinceS;
    const rate = latestRate - proportional * error - integral * historicalError - derivative * dError;
    this.#latestRate = Math.max(rate, minRate);
    this.#latestError = error;
    return this.#latestRate;
  }
}

function outOfRange(name: string, value: number, range: string): StreamjobError {
  return new StreamjobError('CONFIG_INVALID', `${name} must be ${range}, not ${value}`, { where: 'PIDRateEstimator' });
}
