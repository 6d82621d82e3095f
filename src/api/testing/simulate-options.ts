/** What `simulate` and `simulateSeeds` take, as users see it. The tables in simulate-table.ts check it. */
import type { DurationLike } from '../../core/duration.ts';
import type { EventInit } from '../../core/event.ts';
import type { SizeLike } from '../../core/options.ts';
import type { Reliability } from '../../core/reliability.ts';
import type { BackpressureOptions } from '../../flow/batch/rate-control.ts';
import type { SimulatedFault } from './simulated-faults.ts';
import type { SimulatedRun } from './simulated-run.ts';

/** What `simulate` and `simulateSeeds` have in common. */
export interface SimulationOptions {
  /**
   * From one batch to the next, e.g. '250ms' or '1s'. At most half of `peerRequestTimeout` and of `sinkTimeout`. In ms,
   * or a text such as '250ms', '1s', '5m'. Default: the job's own; a function has none, and needs it.
   */
  readonly batchInterval?: DurationLike;
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
   * How fast each input is read: rates such as {"maxRate": 5000}, as a flag in JSON; or false: as fast as it gives.
   * Each input is read at the rate that its batches show the job can process, between `minRate` and `maxRate`; the
   * first batch after a start is bounded by `initialRate`. Files and queues, which are looked at when a batch is cut,
   * are not limited. Default: those of the rates.
   */
  readonly backpressure?: BackpressureOptions | false;
  /** Partitions of batches and shuffles, unless an operator says otherwise. Default: 2. */
  readonly parallelism?: number;
  /**
   * What peers are told, and when: end-to-end, store-on-failure, best-effort. At `end-to-end` they are told "delivered"
   * after the commit. See docs/reliability.md. Default: 'end-to-end'.
   */
  readonly reliability?: Reliability;
  /**
   * The most memory for received data that waits or is processed. In bytes, or a text such as '64MiB'. Default: 256MiB.
   */
  readonly maxBacklogBytes?: SizeLike;
  /**
   * What the peers send: a list of events, or a function from the number of an event (from 0) to it. An event is `{
   * headers, body }`, or its body as a text. Each is of one peer; all have theirs in turn.
   */
  readonly events: readonly (EventInit | string)[] | ((number: number) => EventInit | string);
  /** How many events there are in all. Default: 100; of a list, as many as it has. */
  readonly numEvents?: number;
  /**
   * How long events come and faults happen, in simulated time. Then the world gets well, and all that was sent has to
   * come through. In ms, or a text such as '250ms', '1s', '5m'. Default: 20s.
   */
  readonly duration?: DurationLike;
  /** How many Flumes with an Avro sink send to the job's flumeStream. Default: 1. */
  readonly flumeSinks?: number;
  /** How many Flumes with a Spark sink the job's flumePollingStream asks. Default: 0. */
  readonly sparkSinks?: number;
  /** The most events in one request of an Avro sink. Default: 10. */
  readonly batchSize?: number;
  /** The port of the job that Avro sinks send to. Default: 41,414. */
  readonly port?: number;
  /**
   * The `request-timeout` of the Avro sinks: what flumeStream has as its own `peerRequestTimeout`. In ms, or a text
   * such as '250ms', '1s', '5m'. Default: 20s.
   */
  readonly peerRequestTimeout?: DurationLike;
  /**
   * The `timeout` of the Spark sinks: what flumePollingStream has as its own `sinkTimeout`. In ms, or a text such as
   * '250ms', '1s', '5m'. Default: 60s.
   */
  readonly sinkTimeout?: DurationLike;
  /**
   * Which kinds of fault may come; an empty list: nothing goes wrong. They are `kill-job`, `power-job`, `pause-job`,
   * `cut-connection`, `partition`, `slow-network`, `disk-error`, `disk-full`, `slow-disk`, `clock-jump`, `user-hangs`,
   * `store-away`, `stop-job`, `kill-at-point`, `power-at-point`, `kill-at-await`, `power-at-await`. Default: all, of
   * which each seed leaves out about half.
   */
  readonly faults?: readonly SimulatedFault[];
  /**
   * From one fault to the next on average, in simulated time. In ms, or a text such as '250ms', '1s', '5m'. Default:
   * 1s, 3s or 8s, as the seed says.
   */
  readonly faultInterval?: DurationLike;
  /**
   * What must hold at the end: it gets the run, and throws. What it throws is told with the seed, and with what
   * happened.
   */
  readonly check?: (run: SimulatedRun) => void | Promise<void>;
  /**
   * What to do with a run that broke a promise, or whose check threw: 'throw' it as an error, or 'return' it, with
   * `broken`. Default: 'throw'.
   */
  readonly onBroken?: 'throw' | 'return';
}

/** What `simulate` takes. */
export interface SimulateOptions extends SimulationOptions {
  /** Everything that happens follows from it. Default: 1. */
  readonly seed?: number;
}

/** What `simulateSeeds` takes. */
export interface SimulateSeedsOptions extends SimulationOptions {
  /** How many seeds are run, one after the other. */
  readonly seeds: number;
  /** The first seed. Default: 1. */
  readonly from?: number;
}
