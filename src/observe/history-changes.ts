/** What becomes of the record of a batch when something is told of it. */
import type { StreamEvent } from '../core/events.ts';
import type { Span } from '../core/telemetry.ts';
import type { BatchRecord, OutputOfBatch } from './batch-record.ts';

/** One span for all of a name, so that what the time of the batch was spent on stays known. */
export function sumsOf(spans: readonly Span[]): Span[] {
  const sums = new Map<string, Span>();
  for (const { durationMs, name, startedAt } of spans) {
    const sum = sums.get(name) ?? { name, startedAt, durationMs: 0, labels: { operator: 'all stages' }, parts: [] };
    sums.set(name, { ...sum, durationMs: sum.durationMs + durationMs });
  }
  return [...sums.values()];
}

/** The last try of each output counts. */
export function withOutput(batch: BatchRecord, output: OutputOfBatch): Partial<BatchRecord> {
  return { outputs: [...batch.outputs.filter(({ id }) => id !== output.id), output] };
}

/** An output has ended. @param now in ms since the epoch */
export function outputEnded(
  batch: BatchRecord,
  { durationMs, failureReason, id, kind }: Extract<StreamEvent, { type: 'outputOperationCompleted' }>,
  now: number,
): Partial<BatchRecord> {
  const startedAt = batch.outputs.find((output) => output.id === id)?.startedAt ?? now - durationMs;
  return withOutput(batch, { id, kind, startedAt, endedAt: startedAt + durationMs, failureReason });
}
