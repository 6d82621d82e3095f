/** What the endpoints of a job answer, as far as the page reads it; /openapi.json describes all of it. Times are ms since the epoch. */

import type { Bottleneck } from './view-types.ts';

export type * from './view-types.ts';

export type VerdictKind = 'starting' | 'keeping-up' | 'falling-behind' | 'catching-up' | 'failing' | 'idle' | 'stopped';

export type StepName = 'receive' | 'block' | 'batch' | 'stage' | 'output' | 'commit' | 'acknowledge';

export interface Step {
  readonly step: StepName;
  readonly events: number;
  readonly oldestMs: number | null;
}

export interface Overview {
  readonly name: string;
  readonly state: string;
  readonly now: number;
  readonly startedAt: number | null;
  readonly batchIntervalMs: number;
  readonly verdict: { readonly kind: VerdictKind; readonly text: string; readonly delayPerMinuteMs: number };
  readonly steps: readonly Step[];
  readonly bottleneck: Bottleneck | null;
  readonly heldEvents: number;
  readonly totals: Totals;
}

export interface Totals {
  readonly batches: number;
  readonly receivedEvents: number;
  readonly processedEvents: number;
  readonly acknowledgedEvents: number;
  readonly givenUpBatches: number;
  readonly failedAttempts: number;
  readonly skippedValues: number;
}

/** What the time of a batch was spent on, in ms. */
export interface Segments {
  readonly waited: number;
  readonly stages: number;
  readonly outputs: number;
  readonly commit: number;
  readonly other: number;
  readonly acknowledged: number;
}

export interface TimelineBatch {
  readonly time: number;
  readonly status: 'QUEUED' | 'PROCESSING' | 'COMPLETED';
  readonly events: number;
  readonly failures: number;
  readonly givenUp: boolean;
  readonly acknowledged: number | null;
  readonly schedulingDelayMs: number | null;
  readonly processingMs: number | null;
  readonly totalDelayMs: number | null;
  readonly outputs: { readonly total: number; readonly succeeded: number; readonly failed: number };
  /** What failed first, in words. */
  readonly error: string | null;
  readonly segments: Segments;
}

/** Of durations, in ms. */
export interface Spread {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
}

export interface Minute {
  readonly time: number;
  readonly batches: number;
  readonly events: number;
  readonly failures: number;
  readonly givenUp: number;
  readonly schedulingDelayMs: Spread;
  readonly processingMs: Spread;
  readonly totalDelayMs: Spread;
  readonly slowest: { readonly time: number; readonly events: number; readonly segments: Segments };
}

export interface WaitingPeer {
  readonly receiver: number;
  readonly name: string;
  readonly peer: string;
  readonly requests: number;
  readonly events: number;
  readonly oldestMs: number;
  readonly leftMs: number;
  readonly timeoutMs: number;
}

export interface Receiver {
  readonly id: number;
  readonly name: string;
  readonly state: 'starting' | 'running' | 'restarting' | 'stopped';
  readonly lastError: { readonly time: number; readonly message: string } | null;
  readonly events: number | null;
  readonly bytes: number | null;
  readonly rateLimit: number | null;
  readonly openDeliveries: number | null;
  readonly connections: number | null;
}

export interface Stage {
  readonly operator: string;
  readonly site: string | null;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly tasks: readonly { readonly partition: number; readonly member: number; readonly durationMs: number }[];
}

export interface OutputRun {
  readonly id: string;
  readonly kind: string;
  readonly site: string | null;
  readonly startedAt: number;
  readonly durationMs: number | null;
  readonly failureReason: string | null;
}

export interface Failure {
  readonly attempt: number;
  readonly time: number;
  readonly code: string | null;
  readonly message: string;
  readonly where: string | null;
  readonly hint: string | null;
}

export interface BatchDetail {
  readonly time: number;
  readonly status: TimelineBatch['status'];
  readonly events: number;
  readonly submittedAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly acknowledgedAt: number | null;
  readonly acknowledged: number | null;
  readonly givenUp: string | null;
  readonly schedulingDelayMs: number | null;
  readonly processingMs: number | null;
  readonly totalDelayMs: number | null;
  readonly segments: Segments;
  readonly inputs: readonly { readonly id: number; readonly name: string; readonly events: number }[];
  readonly stages: readonly Stage[];
  readonly outputs: readonly OutputRun[];
  readonly failures: readonly Failure[];
  readonly previous: number | null;
  readonly next: number | null;
}

export interface Operator {
  readonly id: number;
  readonly name: string;
  readonly site: string | null;
  readonly parents: readonly number[];
  readonly windowMs: number;
  readonly slideMs: number;
  readonly input: number | null;
  readonly isStateful: boolean;
  readonly isKept: boolean;
}

export interface GraphOutput {
  readonly id: string;
  readonly kind: string;
  readonly operator: number;
  readonly site: string | null;
}

export interface Graph {
  readonly operators: readonly Operator[];
  readonly outputs: readonly GraphOutput[];
}

/** Spark's …/streaming/receivers, as far as the page reads it. */
export interface SparkReceiver {
  readonly streamId: number;
  readonly eventRates: readonly (readonly [number, number])[];
}

/** What an operator keeps of keys. Times are ms since the epoch. */
export interface StateOfOperator {
  /** What names the state across restarts. */
  readonly operator: string;
  readonly kind: string;
  readonly site: string | null;
  readonly keys: number;
  readonly keysPerMinute: number | null;
  readonly growth: readonly (readonly [time: number, keys: number])[];
  /** Of windows by event time; null for all others. */
  readonly watermark: number | null;
  readonly watermarkGapMs: number | null;
  readonly lateValues: number | null;
  readonly wrongTimes: number | null;
}

/** A window by arrival. */
export interface WindowOfOperator {
  readonly id: number;
  readonly name: string;
  readonly site: string | null;
  readonly windowMs: number;
  readonly slideMs: number;
  readonly batches: number;
}

/** A function as it was called by those above it. */
export interface FlameNode {
  readonly name: string;
  /** As file:line; empty where it is of the machine itself. */
  readonly place: string;
  readonly selfMs: number;
  readonly totalMs: number;
  readonly children: readonly FlameNode[];
}

/** What a thread spent its time on. */
export interface ThreadProfile {
  readonly thread: string;
  readonly durationMs: number;
  readonly idleMs: number;
  readonly root: FlameNode;
}
