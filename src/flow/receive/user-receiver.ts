/** What a receiver of the user is: the interface that it implements, and the handle that it gets. */
import type { OnSettled } from './values.ts';

/** What a user's receiver gets. Source: Spark's Receiver. */
export interface ReceiverHandle<T> {
  /**
   * Stores one value. After the receiver has stopped nothing is stored: that counts as given up.
   * @param onSettled told 'committed', or 'given-up': then the source is to send it again
   */
  store(value: T, onSettled?: OnSettled): void;
  /** Stores values that belong together: they are never in two batches. */
  storeMany(values: readonly T[], onSettled?: OnSettled): void;
  /** Resolves when the job can take more; a receiver that does not wait for it is bounded by memory only. */
  room(): Promise<void>;
  /**
   * Stops the receiver, waits, and starts it again. A second call in the same run does nothing.
   * @param delayMs default: 2000, doubled each time that the receiver did not deliver or run for 60 s before, at most 60,000
   */
  restart(reason: string, error?: unknown, delayMs?: number): void;
  /** Tells of an error that the receiver goes on after. */
  reportError(message: string, error?: unknown): void;
  /** Aborts when the receiver is to stop. */
  readonly signal: AbortSignal;
}

/** A user's receiver. */
export interface UserReceiver<T> {
  /** Begins to receive; must not wait for data. */
  onStart(handle: ReceiverHandle<T>): void | Promise<void>;
  /** Ends what onStart began. */
  onStop?(): void | Promise<void>;
}
