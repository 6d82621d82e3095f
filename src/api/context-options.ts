/** What a StreamingContext is made from, and what its stop takes: as users see them. The table in options.ts checks them. */

import type { Clock } from '../core/clock.ts';
import type { DurationLike } from '../core/duration.ts';
import type { Files } from '../core/files.ts';
import type { Log } from '../core/log.ts';
import type { SizeLike } from '../core/options.ts';
import type { Reliability } from '../core/reliability.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { JobModule } from '../engine/engine.ts';
import type { BackpressureOptions } from '../flow/batch/rate-control.ts';

/** What a context is made from. */
export interface StreamingContextOptions {
  /** ms, or a text such as '250ms', '1s', '5m'. */
  readonly batchInterval: DurationLike;
  /**
   * When batches are cut: at multiples of the interval (default), or 'eager': as soon as something waits and the engine is idle, so
   * that a peer with one request in flight waits for the processing, not for the interval. Windows slide on multiples of the interval
   * in both.
   */
  readonly cut?: 'interval' | 'eager';
  /** With `cut: 'eager'`, from one cut to the next at least: it bounds the batches per second. ms or a text, default 2. */
  readonly linger?: DurationLike;
  /**
   * How many batches may be at work at a time. 2 (default): while the outputs and the commit of one are waited for, the stages of the
   * next one run, where order allows it: not with state, accumulators, ids, dead letters, or inputs that read by themselves. Nothing of
   * it is put out before its turn; stages whose deliveries are taken back meanwhile run again. 1: functions see a batch only when the
   * one before has committed.
   */
  readonly batchesInFlight?: 1 | 2;
  /** For logs. Default 'streamjob'. */
  readonly name?: string;
  /**
   * Where states are kept while the job runs: in 'memory' (default), or in an embedded database ('lmdb'), for states that are larger
   * than memory. What outlives a crash is the checkpoint in both cases.
   */
  readonly stateStore?: 'memory' | 'lmdb';
  /** With 'lmdb', how many keys of each operator are kept in memory beside what a batch changes. Default 100,000. */
  readonly stateCache?: number;
  /** With 'lmdb', a directory of its own. Default: `state` in the checkpoint directory, or one among the machine's temporary files. */
  readonly stateDir?: string;
  /** What happens when a batch fails: it is run again with backoff ('retry', the default), or the context stops ('stop'). */
  readonly onFailure?: 'retry' | 'stop';
  /** How often a failed batch is run again before the context stops. Default: without limit. */
  readonly maxRetries?: number;
  /**
   * What happens when a function of an operator throws on a value: its batch fails ('fail', the default), or the value is left
   * out and written to `deadLetterFile` before the batch commits ('skip'). Outputs (foreachRDD), functions over whole partitions
   * or over all values of a key, and the combining of partial results fail the batch in any case.
   */
  readonly onPoison?: 'fail' | 'skip';
  /** The file to which left out values are appended, one JSON object a line. Default `dead-letters.jsonl`. */
  readonly deadLetterFile?: string;
  /**
   * Partitions of batches and shuffles unless an operator says otherwise. Default: 1 with the inline engine, which has one thread;
   * with threads as many as the machine has cores.
   */
  readonly parallelism?: number;
  /**
   * Who computes: 'inline' (the default), this thread; or 'threads', as many worker threads as there are partitions, at most one per
   * core. Each builds the job again from `job`: what its functions capture is then a variable of each thread.
   */
  readonly engine?: string;
  /**
   * Where worker threads find the job: a module whose default export is a job (defineJob), or a function that gets a context and
   * `data` and builds the same graph on it. Needed for engine 'threads'.
   */
  readonly job?: JobModule;
  /** The embedded agent feeds the job: unlike Flume's, its sinks have many requests in flight. `streamjob run` says so. */
  readonly embeddedAgent?: boolean;
  /** Stop after so many batches that held data. Default: without limit. */
  readonly maxBatches?: number;
  /** The most memory for received data that waits or is processed: bytes, or a text such as '256MiB', the default. */
  readonly maxBacklogBytes?: SizeLike;
  /** The most disk for received data that waits in the write-ahead log: bytes, or a text such as '8GiB', the default. */
  readonly maxLogBytes?: SizeLike;
  /** How strong the promise to peers is. Default 'end-to-end': they are told "delivered" after the commit. */
  readonly reliability?: Reliability;
  /** Where state, windows and received data outlive a crash; false or left out: nowhere. */
  readonly checkpointDir?: string | false;
  /**
   * Whether windows of a checkpoint are taken over by a job whose batch interval is a divisor of the old one. Once a batch has committed
   * there is no way back to the old interval with what they remember, so that it has to be asked for. Default false.
   */
  readonly allowIntervalChange?: boolean;
  /** The directory of a job that needs one and does not name it: what `streamjob run` gives. */
  readonly standardCheckpointDir?: string;
  /** The file system of the checkpoint, for tests. Default: this machine's. */
  readonly files?: Files;
  /**
   * How fast each input is read, in events per second: from `initialRate` (100,000) on, then at the rate that the batches show
   * the job can process, between `minRate` (100) and `maxRate` (no limit). false: as fast as it gives.
   * Files and queues, which are looked at when a batch is cut, are not limited.
   */
  readonly backpressure?: BackpressureOptions | false;
  /** Where lines go. A pino logger fits, and so does `console`. Default: warnings and errors to stderr. */
  readonly log?: Log;
  /** Takes what `print` prints. Default: stdout. */
  readonly write?: (text: string) => void;
  /** Takes counters, gauges and spans of the job: what it did, and what took time. Default: nobody. */
  readonly telemetry?: Telemetry;
  /** Default: the machine's. */
  readonly clock?: Clock;
}

/** How `stop` goes. */
export interface StopOptions {
  /** Runs and commits what was received (the default), or gives it back to where it came from. */
  readonly graceful?: boolean;
  /** After this a graceful stop gives the rest back. Default: 10 batch intervals, at least 30 s. */
  readonly timeout?: DurationLike;
}
