/** What an output of a batch brings to the RDDs that it gets. */
import type { Logger } from '../core/log.ts';
import type { Actions } from './actions.ts';
import type { OutputBatch } from './output-batch.ts';

/** What an output of a batch brings to the RDDs that it gets. */
export interface OutputScope {
  /** Takes note of the actions that run on them. */
  readonly actions: Actions;
  readonly batch: OutputBatch;
  /** The job's. */
  readonly parallelism: number;
  /** Aborts when the run ends at once: the output may go on, but the data of its batch is forgotten. */
  readonly stop: AbortSignal;
  readonly log: Logger;
}
