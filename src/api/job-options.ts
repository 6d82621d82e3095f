/** The options of a job, as users see them. The table in options.ts checks them. */

import type { DurationLike } from '../core/duration.ts';
import type { Reliability } from '../core/reliability.ts';
import type { BackpressureOptions } from '../flow/batch/rate-control.ts';

/** Options of a job. Each has a flag of `streamjob run` (kebab case) and an environment variable (`STREAMJOB_BATCH_INTERVAL`). */
export interface JobOptions {
  /** Names the job in logs. */
  readonly name: string;
  /** ms, or a text such as '250ms', '1s', '5m'. */
  readonly batchInterval: DurationLike;
  /** 'interval' (default): batches are cut at multiples of the interval; 'eager': as soon as something waits and the engine is idle. */
  readonly cut?: 'interval' | 'eager';
  /** With 'eager', from one cut to the next at least. Default 2 ms. */
  readonly linger?: DurationLike;
  /** 2 (default): the stages of the next batch run while outputs are waited for, where order allows it; 1: one after the other. */
  readonly batchesInFlight?: 1 | 2;
  /** A flume.conf, relative to the job file, whose agent `a1` (or `name`) runs in this process. */
  readonly agent?: string | { readonly conf: string; readonly name?: string };
  /** 'retry' (default) runs a failed batch again with backoff; 'stop' stops with exit code 3. */
  readonly onFailure?: 'retry' | 'stop';
  /** How often a failed batch is run again before the job stops. Default: without limit. */
  readonly maxRetries?: number;
  /** 'fail' (default) fails the batch when an operator's function throws on a value; 'skip' leaves the value out. */
  readonly onPoison?: 'fail' | 'skip';
  /** Where values that were left out go, relative to the working directory. Default `dead-letters.jsonl`. */
  readonly deadLetterFile?: string;
  /** How fast each input is read, as of StreamingContext; as a flag or in the environment: JSON, or `false`. */
  readonly backpressure?: BackpressureOptions | false;
  /** Partitions of batches and shuffles. Default: 1 with the inline engine, with threads as many as there are cores. */
  readonly parallelism?: number;
  /** Who computes: 'inline' (default), the main thread; or 'threads', a worker thread per partition, at most one per core. */
  readonly engine?: string;
  /** Where states are kept while the job runs: 'memory' (default), or 'lmdb', an embedded database, for more than memory holds. */
  readonly stateStore?: 'memory' | 'lmdb';
  /** With 'lmdb', how many keys of each operator are kept in memory. Default 100,000. */
  readonly stateCache?: number;
  /** What peers are told, and when: see docs/reliability.md. Default 'end-to-end'. */
  readonly reliability?: Reliability;
  /**
   * Where state, windows and received data outlive a crash. Default: `.streamjob/NAME` below the working directory, for a job that
   * needs one. false (as a flag: `none`): nowhere.
   */
  readonly checkpointDir?: string | false;
  /**
   * Whether windows of a checkpoint are taken over by a job whose batch interval is a divisor of the old one. Once a batch has committed
   * there is no way back to the old interval with what they remember, so that it has to be asked for. Default false.
   */
  readonly allowIntervalChange?: boolean;
}
