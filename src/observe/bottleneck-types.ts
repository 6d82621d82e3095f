/** What holds a job up, and what that is worked out of. */
import type { BatchRecord, FailureOfBatch } from './batch-record.ts';
import type { ObservedOperator, ObservedOutput } from './observed.ts';

/** Why the part is what it is. */
export type Cause =
  | 'nothing'
  | 'failing'
  | 'rate-limit'
  | 'one-thread'
  | 'skew'
  | 'few-workers'
  | 'states'
  | 'function'
  | 'output'
  | 'commit'
  | 'pauses';

/** What holds a job up. */
export interface Bottleneck {
  readonly cause: Cause;
  /** Whether the job is held up by it; false: it keeps up, and this is what takes most of its time. */
  readonly isHolding: boolean;
  /** What it is, in a sentence. */
  readonly text: string;
  /** What would change it, in a sentence. */
  readonly advice: string;
  /** The options of docs/options.md that the advice names. */
  readonly settings: readonly string[];
  /** The number of the operator; null: it is none. */
  readonly operator: number | null;
  /** The id of the output; null: it is none. */
  readonly output: string | null;
  /** Of the batches' processing time, from 0 to 1. */
  readonly share: number;
}

/** What a receiver may give, and what it gave. */
export interface InputRate {
  readonly name: string;
  /** Events per second that it may give now. */
  readonly limit: number;
  /** Events per second that it gave in the time that is looked at. */
  readonly given: number;
}

/** The batch whose turn it is. */
export interface RunningNow {
  readonly step: 'stage' | 'output' | 'commit';
  /** The id of the output that runs. */
  readonly output: string | undefined;
  /** Since its turn, in ms. */
  readonly forMs: number;
  /** Its last attempt that failed, while it waits to be run again. */
  readonly failure: FailureOfBatch | undefined;
}

/** What it is worked out of. */
export interface BottleneckInput {
  /** Those that are over and were run lately, oldest first. */
  readonly batches: readonly BatchRecord[];
  /** Undefined: none runs, or it is not asked for now. */
  readonly running?: RunningNow | undefined;
  readonly batchIntervalMs: number;
  readonly operators: readonly ObservedOperator[];
  readonly outputs: readonly ObservedOutput[];
  readonly inputs: readonly InputRate[];
  /** The largest rate that an input may be given (backpressure.maxRate); undefined: there is none. */
  readonly maxRate: number | undefined;
  readonly engine: string;
  readonly parallelism: number;
  readonly batchesInFlight: number;
  readonly stateStore: string;
  readonly cores: number;
}
