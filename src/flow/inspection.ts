/** Where the events are that are in the flow, for those who look from outside. */
import type { Held } from './receive/on-the-way.ts';

/** The batch whose turn it is. */
export interface RunningBatch extends Held {
  /** In ms since the epoch. */
  readonly time: number;
  /** When its turn came, in ms since the epoch. */
  readonly startedAt: number;
  readonly step: 'stage' | 'output' | 'commit';
  /** The output that runs. */
  readonly output: string | undefined;
  /** How often it has failed, while it waits to be run again. */
  readonly failedAttempts: number;
}

/** Where the events are that are on their way now. */
export interface FlowInspection {
  /** On their way to the write-ahead log. */
  readonly receiving: Held;
  /** In no batch yet. */
  readonly waiting: Held;
  /** In a batch that waits for its turn. */
  readonly cut: Held;
  readonly running: RunningBatch | undefined;
  /** In batches that are over, while their peers are told. */
  readonly settling: Held;
}
