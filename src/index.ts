/** The main door of the package: what jobs and programs import. */
export type { FlumeEvent } from './avro/event-block.ts';
export type { ContextState, StopOptions, StreamingContextOptions } from './context.ts';
export { StreamingContext } from './context.ts';
export type { DurationLike } from './core/duration.ts';
export type { ErrorCode } from './core/errors.ts';
export { StreamjobError } from './core/errors.ts';
export type { BatchSummary, OutputSummary, StreamEvent } from './core/events.ts';
export type { Logger } from './core/log.ts';
export type { FlumePullOptions } from './flow/receive/flume-pull.ts';
export type { FlumePushOptions } from './flow/receive/flume-push.ts';
export type { DStream } from './graph/dstream.ts';
export type { RDD } from './graph/rdd.ts';
export type { BuildJob, Job, JobOptions } from './job.ts';
export { defineJob } from './job.ts';
