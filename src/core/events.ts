/**
 * What the steps of the flow tell the world: one typed stream of events, in the order in which they happen. Users and
 * the command line listen; no step listens to another one this way. All times are ms since the epoch.
 */
// The one class, not the 200 files of the whole library: they would take a tenth of a job's start.
import type { Observer, Operator, TeardownLogic } from 'rxjs';
import { Observable } from 'rxjs/internal/Observable';
import { Subject } from 'rxjs/internal/Subject';
import { Subscriber } from 'rxjs/internal/Subscriber';
import type { Subscription } from 'rxjs/internal/Subscription';

/** What an output did in a batch. */
export interface OutputSummary {
  /** Stable for a job: kind and number. */
  readonly id: string;
  /** `print`, `foreachRDD`, `saveAsTextFiles` and so on. */
  readonly kind: string;
  /** What `print` shows; empty for other kinds. */
  readonly elements: readonly unknown[];
  /** How many elements there are beyond `elements`. */
  readonly more: number;
  /** What `print` was told to call it. */
  readonly label?: string;
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
  /** From its time to its commit, in ms. */
  readonly totalDelayMs: number;
  /** What each output did, in their order. */
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

/**
 * The stream that steps publish to. A listener that throws is told of in the log, and ends neither the job nor the other listeners: rxjs
 * would throw its error where nobody can catch it.
 */
export class EventBus extends Subject<StreamEvent> {
  /** @param onError takes what a listener threw */
  listenable(onError: (error: unknown) => void): Observable<StreamEvent> {
    return new ListenedStream<StreamEvent>((subscriber) => this.subscribe(subscriber), onError);
  }
}

type Listener<T> = Partial<Observer<T>> | ((value: T) => void) | null | undefined;

/** An Observable that catches what its listeners throw, behind operators too. */
class ListenedStream<T> extends Observable<T> {
  readonly #onError: (error: unknown) => void;

  constructor(
    subscribe: ((subscriber: Subscriber<T>) => TeardownLogic) | undefined,
    onError: (error: unknown) => void,
  ) {
    super(subscribe);
    this.#onError = onError;
  }

  override lift<R>(operator?: Operator<T, R>): Observable<R> {
    const lifted = new ListenedStream<R>(undefined, this.#onError);
    lifted.source = this;
    lifted.operator = operator as Operator<unknown, R> | undefined;
    return lifted;
  }

  override subscribe(listener?: Listener<T>, ...others: readonly unknown[]): Subscription {
    if (listener instanceof Subscriber) return super.subscribe(listener);
    const given: Partial<Observer<T>> = typeof listener === 'function' ? { next: listener } : (listener ?? {});
    const [error = given.error?.bind(given), complete = given.complete?.bind(given)] = others as [
      Observer<T>['error']?,
      Observer<T>['complete']?,
    ];
    return super.subscribe({
      next: (value) => this.#guard(() => given.next?.(value)),
      error: (thrown) => this.#guard(() => (error === undefined ? this.#onError(thrown) : error(thrown))),
      complete: () => this.#guard(() => complete?.()),
    });
  }

  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#onError(error);
    }
  }
}
