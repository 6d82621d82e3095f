/**
 * What the steps of the flow tell the world: one typed stream of events, in the order in which they happen. Users and
 * the command line listen; no step listens to another one this way. All times are ms since the epoch.
 */
// The one class, not the 200 files of the whole library: they would take a tenth of a job's start.
import { Subject } from 'rxjs/internal/Subject';

/** What an output did in a batch. */
export interface OutputSummary {
  /** Stable for a job: kind and number. */
  readonly id: string;
  readonly kind: string;
  /** What `print` shows; empty for other kinds. */
  readonly elements: readonly unknown[];
  /** How many elements there are beyond `elements`. */
  readonly more: number;
}

/** How a batch went. */
export interface BatchSummary {
  /** The batch's time. */
  readonly time: number;
  /** How many events it held. */
  readonly events: number;
  /** From its time to the start of its processing, in ms. */
  readonly schedulingDelayMs: number;
  /** From the start of its processing to its commit, in ms. */
  readonly processingMs: number;
  readonly totalDelayMs: number;
  readonly outputs: readonly OutputSummary[];
  /** How many events have been acknowledged to where they came from. */
  readonly acked: number;
}

/** Everything that is told. */
export type StreamEvent =
  | { readonly type: 'streamingStarted'; readonly time: number }
  | { readonly type: 'streamingStopped'; readonly time: number }
  | {
      readonly type: 'receiverStarted';
      readonly receiver: number;
      readonly name: string;
    }
  | {
      readonly type: 'receiverStopped';
      readonly receiver: number;
      readonly name: string;
    }
  | {
      /** A receiver has come into another state; `ssc.receivers` lists them all. */
      readonly type: 'receiverState';
      readonly receiver: number;
      readonly name: string;
      readonly state: 'starting' | 'running' | 'restarting' | 'stopped';
      /** What it reported last, or why it was started again last. */
      readonly lastError: string | undefined;
    }
  | { readonly type: 'receiverError'; readonly receiver: number; readonly name: string; readonly message: string }
  | { readonly type: 'readingPaused'; readonly reason: string }
  | { readonly type: 'readingResumed' }
  | {
      readonly type: 'rateChanged';
      readonly receiver: number;
      readonly name: string;
      /** Events per second that are read from now on. */
      readonly rate: number;
    }
  | {
      readonly type: 'batchSubmitted';
      readonly time: number;
      readonly events: number;
      /** Events of each input, by its number. */
      readonly eventsByInput: ReadonlyMap<number, number>;
    }
  | {
      readonly type: 'batchStarted';
      readonly time: number;
      readonly events: number;
    }
  | { readonly type: 'outputOperationStarted'; readonly time: number; readonly id: string; readonly kind: string }
  | {
      readonly type: 'outputOperationCompleted';
      readonly time: number;
      readonly id: string;
      readonly kind: string;
      /** In ms. */
      readonly durationMs: number;
      /** Why it failed; undefined: it did not. */
      readonly failureReason: string | undefined;
    }
  | {
      readonly type: 'batchFailed';
      readonly time: number;
      readonly attempt: number;
      readonly error: Error;
    }
  | {
      readonly type: 'batchGivenUp';
      readonly time: number;
      readonly events: number;
      readonly reason: string;
    }
  | {
      /** Values that functions threw on were left out of a batch, and are in the dead-letter file now. */
      readonly type: 'valuesSkipped';
      readonly time: number;
      readonly values: number;
      readonly file: string;
    }
  | {
      /** The context stopped before all that it had received was committed: the rest goes back to where it came from. */
      readonly type: 'givenBack';
      readonly reason: string;
      /** Events of batches that were given up, and of no batch yet. */
      readonly events: number;
      /** Batches that had begun, and were given up. */
      readonly batches: number;
    }
  | { readonly type: 'batchCompleted'; readonly batch: BatchSummary };

/** The stream that steps publish to. */
export class EventBus extends Subject<StreamEvent> {}
