/** What names the run of an output on a batch. */

/**
 * What names a batch to an output, so that it can tell whether it has taken it in already. A batch that is run again after a
 * crash with the same contents has the same names; one that was cut anew at the same time has another `batch`.
 */
export interface OutputBatch {
  /** The job's name. */
  readonly job: string;
  /** The output's id: stable for a job. */
  readonly output: string;
  /** ms since the epoch */
  readonly time: number;
  /** A name of just this cut of the batch. */
  readonly batch: string;
}
