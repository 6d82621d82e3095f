/**
 * A look at the values that operators give, while a job runs. Whoever watches says which operators and how many values of a batch are wanted;
 * engines ask before each batch, and do nothing at all for operators that nobody looks at.
 */

/** What is wanted of an operator's values. Plain data. */
export interface TapRequest {
  /** The operator's number in the graph. */
  readonly node: number;
  /** How many values of each batch and partition are shown, about; 0: they are only counted. */
  readonly values: number;
}

/** What was seen of an operator's values in one batch, by one member. Plain data. */
export interface TapReport {
  readonly node: number;
  /** How many values it gave. */
  readonly count: number;
  /** Some of them, from all over the batch where that costs nothing, as boundedJson makes them. */
  readonly values: readonly unknown[];
}

/** Who takes what was seen. */
export interface TapWatcher {
  /** Asked before each batch. */
  readonly wanted: () => readonly TapRequest[];
  /** @param time the batch's; one that is run again is told again */
  readonly take: (time: number, reports: readonly TapReport[]) => void;
}

/** The place where a watcher and the engine of a job meet. */
export class Taps {
  #watcher: TapWatcher | undefined;

  /** What is to be looked at in the batch that begins. */
  get wanted(): readonly TapRequest[] {
    return this.#watcher?.wanted() ?? [];
  }

  /** A watcher: the one before sees nothing any more. */
  watch(watcher: TapWatcher | undefined): void {
    this.#watcher = watcher;
  }

  /** Tells the watcher, if there is something to tell. */
  take(time: number, reports: readonly TapReport[]): void {
    if (reports.length > 0) this.#watcher?.take(time, reports);
  }
}
