/** When batches are cut: the port of the two ways. Times are ms since the epoch, and rise from batch to batch. */

/** What waits; asked for only when it matters. */
export interface WaitingState {
  /** Whether a batch that is cut now would hold something. */
  readonly somethingWaits: () => boolean;
  /** Whether no tick from now on has anything to do before new data comes. */
  readonly nothingDue: () => boolean;
}

/** When batches are cut. */
export interface Cutting {
  /** The time of the last batch that was cut; before the first one, of the last one before the start. */
  readonly last: number;
  /** Cuts a batch if it is time to. @returns its time; undefined: it is not */
  take(state: WaitingState): number | undefined;
  /** Whether no batch is due that was due at `time`, in ms since the epoch. */
  isCutTo(time: number): boolean;
  /** Calls `wake` when `take` is to be asked again, though nothing new has come. */
  onDue(wake: () => void, state: WaitingState): void;
  stop(): void;
}
