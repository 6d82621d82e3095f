/** What an observer is given of a job that runs: nothing here changes the job, and nothing is done before somebody looks. */
import type { Observable } from 'rxjs';
import type { Clock } from '../core/clock.ts';
import type { StreamEvent } from '../core/events.ts';
import type { SettingText } from '../core/options.ts';
import type { TelemetryRegistry } from '../core/telemetry.ts';
import type { Taps } from '../engine/taps.ts';
import type { FlowInspection } from '../flow/inspection.ts';
import type { HeldOfPeer } from '../flow/receive/receiver.ts';
import type { ReceiverInfo } from '../flow/receive/receiver-states.ts';

/** An operator of the job's graph. */
export interface ObservedOperator {
  readonly id: number;
  readonly name: string;
  /** The user's line that made it, as file:line:column. */
  readonly site: string | undefined;
  /** Operators whose data it reads. */
  readonly parents: readonly number[];
  /** In ms; 0: it reads the present only. */
  readonly windowMs: number;
  readonly slideMs: number;
  /** For an input: its number. */
  readonly input: number | undefined;
  readonly isStateful: boolean;
  /** Whether its values are kept: a stage ends with it. */
  readonly isKept: boolean;
}

/** An output of the job. */
export interface ObservedOutput {
  /** Stable for a job, e.g. `print-0`. */
  readonly id: string;
  readonly kind: string;
  readonly site: string | undefined;
  /** The operator whose data it takes. */
  readonly operator: number;
}

/** What the peers of a receiver wait for. */
export interface ObservedPeers {
  /** The number of its stream. */
  readonly receiver: number;
  readonly name: string;
  /** How long a peer waits for an answer, in ms. */
  readonly timeoutMs: number;
  readonly peers: readonly HeldOfPeer[];
}

/** Options that say how fast a job can be. */
export interface Tuning {
  readonly engine: string;
  readonly parallelism: number;
  readonly batchesInFlight: number;
  readonly stateStore: string;
  /** Events per second that an input may be given at most; undefined: there is no limit. */
  readonly maxRate: number | undefined;
}

/** An operator that keeps something of keys. */
export interface ObservedState {
  /** What names it across restarts. */
  readonly name: string;
  /** The number of its operator. */
  readonly operator: number;
  /** What keeps it: `mapWithState` say. */
  readonly kind: string;
}

/** A key with what is kept of it, as a checkpoint stores it, and the time of the batch that changed it last, in ms since the epoch. */
export type ObservedEntry = readonly [key: unknown, state: unknown, updated: number];

/** A job that runs. */
export interface Observed {
  readonly name: string;
  readonly batchIntervalMs: number;
  /** Names and values of the job's options, as texts. */
  readonly settings: readonly SettingText[];
  readonly tuning: Tuning;
  readonly clock: Clock;
  readonly events$: Observable<StreamEvent>;
  readonly telemetry: TelemetryRegistry;
  readonly operators: readonly ObservedOperator[];
  readonly outputs: readonly ObservedOutput[];
  /** Where values go that functions threw on; undefined: such values fail their batch. */
  readonly deadLetterFile: string | undefined;
  state(): 'initialized' | 'active' | 'stopped';
  receivers(): readonly ReceiverInfo[];
  peers(): readonly ObservedPeers[];
  /** Undefined before the start and after the end. */
  flow(): FlowInspection | undefined;
  /** Where to say what values are looked at. */
  readonly taps: Taps;
  states(): readonly ObservedState[];
  /**
   * All keys of a bucket, what the batch that runs has changed included.
   * @returns them, and how many bytes they take in a checkpoint
   * @throws StreamjobError CONTEXT_STATE
   */
  readState(
    name: string,
    bucket: number,
  ): Promise<{ readonly entries: readonly ObservedEntry[]; readonly bytes: number }>;
  /** For each operator with a window: of how many batches it remembers values. */
  remembered(): readonly { readonly operator: number; readonly batches: number }[];
}
