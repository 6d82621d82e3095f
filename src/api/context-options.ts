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
  /**
   * From one batch to the next, e.g. '250ms' or '1s'. With peers that wait for the commit, half of their time limit at
   * most. In ms, or a text such as '250ms', '1s', '5m'.
   */
  readonly batchInterval: DurationLike;
  /**
   * When batches are cut: 'interval', at its multiples, or 'eager', as soon as something waits and the engine is idle.
   * With the latter a peer with one request in flight waits for the processing, not for the interval. Windows slide on
   * multiples of the interval in both. See docs/speed.md. Default: 'interval'.
   */
  readonly cut?: 'interval' | 'eager';
  /**
   * With cut 'eager', from one cut to the next at least. It bounds the batches per second. In ms, or a text such as
   * '250ms', '1s', '5m'. Default: 2ms.
   */
  readonly linger?: DurationLike;
  /**
   * 2: stages of the next batch run while outputs are waited for; 1: one batch after the other. With 2 they run where
   * order allows it: not with state, accumulators, ids, dead letters, or inputs that read by themselves. Nothing of the
   * next batch is put out before its turn; stages whose deliveries are taken back meanwhile run again. With 1 functions
   * see a batch only when the one before has committed. See docs/speed.md. Default: 2.
   */
  readonly batchesInFlight?: 1 | 2;
  /** The job's name in logs. Default: 'streamjob'. */
  readonly name?: string;
  /**
   * Where states are kept while the job runs: in memory, or with 'lmdb' in an embedded database, for more than memory
   * holds. What outlives a crash is the checkpoint in both cases. When the disk of the states is full, batches wait for
   * room and then go on. Default: 'memory'.
   */
  readonly stateStore?: 'memory' | 'lmdb';
  /**
   * With stateStore 'lmdb', how many keys of each operator are kept in memory beside what a batch changes. Default:
   * 100,000.
   */
  readonly stateCache?: number;
  /**
   * With stateStore 'lmdb', a directory of its own for the database. Default: `state` in the checkpoint directory, or
   * one among the machine's temporary files.
   */
  readonly stateDir?: string;
  /**
   * What to do when a batch fails: run it again with backoff, or stop. `streamjob run` then ends with exit code 3.
   * Default: 'retry'.
   */
  readonly onFailure?: 'retry' | 'stop';
  /** How often a failed batch is run again before the job stops. Default: no limit. */
  readonly maxRetries?: number;
  /**
   * What to do when a function of an operator throws on a value: fail the batch, or leave the value out. A value that
   * is left out is in `deadLetterFile`, synced, before the batch commits. Outputs, functions over a whole partition or
   * over all values of a key, and the combining of partial results fail the batch in any case. Default: 'fail'.
   */
  readonly onPoison?: 'fail' | 'skip';
  /**
   * Where values that were left out are written, a line of JSON each. Relative to the working directory: `{"time",
   * "operator", "where", "error", "event"}`. Default: 'dead-letters.jsonl'.
   */
  readonly deadLetterFile?: string;
  /**
   * Partitions of batches and shuffles, unless an operator says otherwise. Default: 1 with engine 'inline'; as many as
   * there are cores with 'threads'.
   */
  readonly parallelism?: number;
  /**
   * Who computes: 'inline', the main thread; 'threads', a worker thread per partition, at most one per core; or
   * 'spark', the executors of a Spark cluster. Each worker thread builds the job again: what its functions capture is
   * then a variable of each thread. A program names the module of the job with `job`. See docs/speed.md. Default:
   * 'inline'.
   */
  readonly engine?: string;
  /** With engine 'spark', where the Spark Connect server of the cluster is. */
  readonly master?: string;
  /**
   * With engine 'spark', where executors read and write data and states themselves. A directory, or
   * `s3://BUCKET/PREFIX`. What is in it is of use while the job runs only: what outlives a crash is the checkpoint.
   * Default: all data goes through the driver, and states are in it.
   */
  readonly storage?: string;
  /**
   * Where `streamjob receive` on other hosts reaches this driver; then Flume streams are received there, and not by
   * this process. It needs a `storage`, which those hosts see too. Default: this process receives.
   */
  readonly receiversAt?: string;
  /**
   * A secret by which this driver and the hosts that receive for it encrypt what they say, and know each other.
   * Default: none: only this machine is talked to.
   */
  readonly secretFile?: string;
  /**
   * In place of a secret, the certificate that this driver, or this host that receives, shows the other side. The
   * driver's names the host by which it is reached. It is read again when it is renewed. Default: no certificates; see
   * `secretFile`.
   */
  readonly tlsCertFile?: string;
  /** The key of that certificate, without a passphrase. */
  readonly tlsKeyFile?: string;
  /** The authorities whose certificates the other side may show: who shows none of them is not talked to. */
  readonly tlsCaFile?: string;
  /**
   * With engine 'spark', whether this process's Node is brought to executors that have none. They must be of the same
   * kind: operating system, C library, processor. Default: false.
   */
  readonly shipNode?: boolean;
  /**
   * With engine 'spark', variables of the environment that executors get as they are here. Functions of the job find no
   * others of this machine there. Their values are in the program that is shipped.
   */
  readonly executorEnv?: string;
  /**
   * Where worker threads find the job; needed for engine 'threads'. A module whose default export is a job (defineJob),
   * or a function that gets a context and `data` and builds the same graph on it.
   */
  readonly job?: JobModule;
  /**
   * Whether the embedded agent feeds the job: unlike Flume's, its sinks have many requests in flight. `streamjob run`
   * says so. Default: false.
   */
  readonly embeddedAgent?: boolean;
  /** Stop after so many batches that held data. Default: no limit. */
  readonly maxBatches?: number;
  /**
   * The most memory for received data that waits or is processed. In bytes, or a text such as '64MiB'. Default: 256MiB.
   */
  readonly maxBacklogBytes?: SizeLike;
  /**
   * The most disk for received data that waits in the write-ahead log. In bytes, or a text such as '64MiB'. Default:
   * 8GiB.
   */
  readonly maxLogBytes?: SizeLike;
  /**
   * What peers are told, and when: end-to-end, store-on-failure, best-effort. At `end-to-end` they are told "delivered"
   * after the commit. See docs/reliability.md. Default: 'end-to-end'.
   */
  readonly reliability?: Reliability;
  /** Where state, windows and received data outlive a crash; false: nowhere. Default: nowhere. */
  readonly checkpointDir?: string | false;
  /**
   * Take over windows of a checkpoint with a smaller batch interval, although there is no way back. The interval must
   * be a divisor of the old one. Once a batch has committed there is no way back to the old interval with what the
   * windows remember, so that it has to be asked for. Default: false.
   */
  readonly allowIntervalChange?: boolean;
  /** The checkpoint directory of a job that needs one and does not name it: what `streamjob run` gives. */
  readonly standardCheckpointDir?: string;
  /** The file system of the checkpoint, for tests. Default: this machine's. */
  readonly files?: Files;
  /**
   * How fast each input is read: rates such as {"maxRate": 5000}, as a flag in JSON; or false: as fast as it gives.
   * Each input is read at the rate that its batches show the job can process, between `minRate` and `maxRate`; the
   * first batch after a start is bounded by `initialRate`. Files and queues, which are looked at when a batch is cut,
   * are not limited. Default: those of the rates.
   */
  readonly backpressure?: BackpressureOptions | false;
  /** Where lines go: a pino logger fits, and so does `console`. Default: warnings and errors to stderr. */
  readonly log?: Log;
  /** Takes what `print` prints. Default: stdout. */
  readonly write?: (text: string) => void;
  /** Takes counters, gauges and spans of the job: what it did, and what took time. Default: nobody. */
  readonly telemetry?: Telemetry;
  /** What time it is, and timers. Default: the machine's. */
  readonly clock?: Clock;
}

/** How `stop` goes. */
export interface StopOptions {
  /** Whether what was received is run and committed, or given back to where it came from. Default: true. */
  readonly graceful?: boolean;
  /**
   * After this a graceful stop gives the rest back. In ms, or a text such as '250ms', '1s', '5m'. Default: 10 batch
   * intervals, at least 30 s.
   */
  readonly timeout?: DurationLike;
}
