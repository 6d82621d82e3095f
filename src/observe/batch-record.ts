/** A batch as its history keeps it. All times are ms since the epoch, all durations ms. */
import type { Span } from '../core/telemetry.ts';

/** Spark's names of where a batch is. */
export type BatchStatus = 'QUEUED' | 'PROCESSING' | 'COMPLETED';

/** What an input gave to a batch. */
export interface InputOfBatch {
  readonly id: number;
  readonly events: number;
}

/** An output of a batch. */
export interface OutputOfBatch {
  readonly id: string;
  readonly kind: string;
  readonly startedAt: number;
  /** Undefined while it runs. */
  readonly endedAt: number | undefined;
  readonly failureReason: string | undefined;
}

/** An attempt that failed. */
export interface FailureOfBatch {
  readonly attempt: number;
  readonly time: number;
  readonly code: string | undefined;
  readonly message: string;
  /** The user's file and line, where the error has one. */
  readonly where: string | undefined;
  readonly hint: string | undefined;
}

/** A batch. */
export interface BatchRecord {
  /** It is also what names the batch. */
  readonly time: number;
  readonly submittedAt: number;
  readonly startedAt: number | undefined;
  /** When it committed or was given up. */
  readonly endedAt: number | undefined;
  readonly status: BatchStatus;
  readonly events: number;
  readonly inputs: readonly InputOfBatch[];
  /** The last try of each. */
  readonly outputs: readonly OutputOfBatch[];
  readonly failures: readonly FailureOfBatch[];
  /** Why it was given up; undefined: it was not. */
  readonly givenUp: string | undefined;
  /** How many events were acknowledged to where they came from; undefined while that is not known. */
  readonly acknowledged: number | undefined;
  /** When that was known. */
  readonly acknowledgedAt: number | undefined;
  /** Stages, outputs and the commit, with their tasks; none while it runs. */
  readonly spans: readonly Span[];
}

/** How long a batch waited for its turn; undefined while it waits. Spark's term. */
export function schedulingDelayOf({ startedAt, time }: BatchRecord): number | undefined {
  return startedAt === undefined ? undefined : Math.max(0, startedAt - time);
}

/** From its turn to its end; undefined while it runs. */
export function processingTimeOf({ endedAt, startedAt }: BatchRecord): number | undefined {
  return startedAt === undefined || endedAt === undefined ? undefined : Math.max(0, endedAt - startedAt);
}

/** From its time to its end; undefined while it runs. */
export function totalDelayOf(record: BatchRecord): number | undefined {
  const processing = processingTimeOf(record);
  return processing === undefined ? undefined : (schedulingDelayOf(record) ?? 0) + processing;
}

/** What a batch's time was spent on, in the order of the way of an event. */
export interface Segments {
  /** For its turn. */
  readonly waited: number;
  readonly stages: number;
  readonly outputs: number;
  readonly commit: number;
  /** Pauses between attempts, and what else is no step. */
  readonly other: number;
  /** From its end until its peers had their answers. */
  readonly acknowledged: number;
}

/** What the time of a batch that is over was spent on. */
export function segmentsOf(record: BatchRecord): Segments {
  const sum = (name: string): number =>
    record.spans.filter((span) => span.name === name).reduce((all, { durationMs }) => all + durationMs, 0);
  const [stages, outputs, commit] = [sum('stage'), sum('output'), sum('commit')];
  const processing = processingTimeOf(record) ?? 0;
  const { acknowledgedAt, endedAt } = record;
  return {
    waited: schedulingDelayOf(record) ?? 0,
    stages,
    outputs,
    commit,
    other: Math.max(0, processing - stages - outputs - commit),
    acknowledged: acknowledgedAt === undefined || endedAt === undefined ? 0 : Math.max(0, acknowledgedAt - endedAt),
  };
}

/** What failed first in a batch, in words; undefined: nothing has. */
export function firstFailureOf({ failures, givenUp, outputs }: BatchRecord): string | undefined {
  const output = outputs.find(({ failureReason }) => failureReason !== undefined);
  return output?.failureReason ?? failures[0]?.message ?? givenUp;
}

/** How many outputs of a batch have been begun, and what became of them. */
export interface OutputCounts {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
}

/** Counts them. */
export function outputCountsOf({ outputs }: BatchRecord): OutputCounts {
  const failed = outputs.filter(({ failureReason }) => failureReason !== undefined).length;
  const ended = outputs.filter(({ endedAt }) => endedAt !== undefined).length;
  return { total: outputs.length, succeeded: ended - failed, failed };
}
