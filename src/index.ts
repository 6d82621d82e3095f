/// <reference types="node" preserve="true" />
/** The main door of the package: what jobs and programs import. */

export type { BuildJob, Job, JobOptions } from './api/job.ts';
export { defineJob } from './api/job.ts';
export type { ContextState, StopOptions, StreamingContextOptions } from './api/streaming-context.ts';
export { StreamingContext } from './api/streaming-context.ts';
export type { FlumeEvent } from './avro/event-block.ts';
export type { DurationLike } from './core/duration.ts';
export type { ErrorCode } from './core/errors.ts';
export { StreamjobError } from './core/errors.ts';
export type { BatchSummary, OutputSummary, StreamEvent } from './core/events.ts';
export type { Log, Logger } from './core/log.ts';
export type { Reliability } from './core/reliability.ts';
export { Milliseconds, Minutes, Seconds } from './core/time.ts';
export type { BackpressureOptions } from './flow/batch/rate-control.ts';
export type { DeadLetter } from './flow/output/dead-letters.ts';
export type { FileStreamOptions } from './flow/receive/files.ts';
export type { FlumePullOptions } from './flow/receive/flume-pull.ts';
export type { FlumePushOptions } from './flow/receive/flume-push.ts';
export type { FromObservableOptions, ObservableSource } from './flow/receive/observable.ts';
export type { DedupeOptions, ReceiverState } from './flow/receive/receiver.ts';
export type { ReceiverFailure, ReceiverInfo } from './flow/receive/receiver-states.ts';
export type { ReceiverHandle, UserReceiver } from './flow/receive/user.ts';
export type { DStream, EventTimeOptions, EventWindowDStream, MapWithStateDStream } from './graph/dstream.ts';
export type { OutputBatch } from './graph/node.ts';
export type { EventWindow } from './graph/operators/event-window.ts';
export type { MapAsyncOptions } from './graph/operators/map-async.ts';
export type { UpdateStateOptions } from './graph/operators/update-state-by-key.ts';
export type { Compare } from './graph/order.ts';
export type { SqlOptions, TransactionalStore } from './graph/outputs/exactly-once.ts';
export { exactlyOnce, sqlStore } from './graph/outputs/exactly-once.ts';
export type { Partitioner, Partitioning } from './graph/partitioner.ts';
export { hashPartitioner } from './graph/partitioner.ts';
export type { RDD } from './graph/rdd.ts';
export type { Accumulator, Broadcast, CollectionAccumulator, NumberAccumulator } from './graph/shared.ts';
export type { State } from './graph/state/state-spec.ts';
export { StateSpec } from './graph/state/state-spec.ts';
export type { Stats } from './graph/stats.ts';
