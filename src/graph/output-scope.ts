/** What an output of a batch brings to the RDDs that it gets. */
import type { Logger } from '../core/log.ts';
import type { Actions } from './actions.ts';
import type { OutputBatch } from './output-batch.ts';

/** What an output of a batch brings to the RDDs that it gets. */
export interface OutputScope {
  /** Takes note of the actions that run on them. */
  readonly actions: Actions;
  readonly batch: OutputBatch;
  readonly log: Logger;
}
