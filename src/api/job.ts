/** A job: what a file such as jobs/wordcount.ts exports, and its options, compiled once from all places they come from. */

import type { JobOptions } from './job-options.ts';
import type { StreamingContext } from './streaming-context.ts';

/** Makes the graph of a job; may be async, must be deterministic. */
export type BuildJob = (ssc: StreamingContext) => void | Promise<void>;

/** A job as its file exports it. */
export interface Job {
  /** By this a job is told from other exports. */
  readonly kind: 'streamjob.job';
  /** As `defineJob` was given them. */
  readonly options: JobOptions;
  /** Makes the graph. */
  readonly build: BuildJob;
}

/**
 * Defines a job; the job file exports the result as its default.
 *
 * @param build adds streams and outputs to the context; called at start, and again in each worker
 * @example
 * export default defineJob({ name: 'count', batchInterval: '1s' }, (ssc) => {
 *   ssc.flumeStream({ port: 41414 }).count().print();
 * });
 */
export function defineJob(options: JobOptions, build: BuildJob): Job {
  return { kind: 'streamjob.job', options, build };
}
