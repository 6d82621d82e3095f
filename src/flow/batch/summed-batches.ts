/**
 * What batches say of the job's speed, summed up over an interval: of batches that are cut as soon as something waits each
 * is too small to say anything.
 */
import type { ProcessedBatch } from './rate-control.ts';

/** What batches say of the job's speed, summed up over an interval. */
export class SummedBatches {
  readonly #intervalMs: number;
  #since: number | undefined;
  #sum: ProcessedBatch | undefined;

  /** @param intervalMs over which batches are summed up; 0: each speaks for itself */
  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** @returns the sum, when the interval is over */
  add(batch: ProcessedBatch): ProcessedBatch | undefined {
    if (this.#intervalMs === 0) return batch;
    this.#since ??= batch.endedAt - batch.processingMs;
    this.#sum = this.#sum === undefined ? batch : sumOf(this.#sum, batch);
    if (batch.endedAt - this.#since < this.#intervalMs) return undefined;
    const sum = this.#sum;
    this.#since = undefined;
    this.#sum = undefined;
    return sum;
  }
}

function sumOf(a: ProcessedBatch, b: ProcessedBatch): ProcessedBatch {
  const eventsByInput = new Map(a.eventsByInput);
  for (const [input, events] of b.eventsByInput) eventsByInput.set(input, (eventsByInput.get(input) ?? 0) + events);
  return {
    events: a.events + b.events,
    eventsByInput,
    endedAt: b.endedAt,
    processingMs: a.processingMs + b.processingMs,
    schedulingDelayMs: Math.max(a.schedulingDelayMs, b.schedulingDelayMs),
  };
}
