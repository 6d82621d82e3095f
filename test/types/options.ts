/**
 * Type tests: compiled by `npm run types`, never run. The interfaces of options that users see are what the tables check: the same names, the
 * same types of values, the same that must be given. And what has a default is always there in what a table makes of an options object.
 */
import type { RPC_CLIENT_OPTIONS, RpcClientOptions } from '../../src/agent/rpc-client/options.ts';
import type { AGENT_OPTIONS, AgentOptions } from '../../src/agent/runtime/agent-options.ts';
import type { StopOptions, StreamingContextOptions } from '../../src/api/context-options.ts';
import type { JobOptions } from '../../src/api/job-options.ts';
import type { CONTEXT_OPTIONS, JOB_MODULE_OPTIONS, JOB_OPTIONS, STOP_OPTIONS } from '../../src/api/options.ts';
import type { KIT_MODULE_OPTIONS, KitModule } from '../../src/api/testing/kit-graph.ts';
import type { RUN_BATCHES_OPTIONS, RunBatchesOptions } from '../../src/api/testing/run-batches.ts';
import type { TEST_JOB_OPTIONS, TestJobOptions } from '../../src/api/testing/test-job.ts';
import type { ServerTls } from '../../src/avro/layers.ts';
import type { Given, Resolved } from '../../src/core/options.ts';
import type { JobModule } from '../../src/engine/engine.ts';
import type { BACKPRESSURE_OPTIONS, BackpressureOptions } from '../../src/flow/batch/rate-control.ts';
import type { FILE_STREAM_OPTIONS, FileStreamOptions } from '../../src/flow/receive/files.ts';
import type { FlumePullOptions, PULL_OPTIONS } from '../../src/flow/receive/flume-pull.ts';
import type { DEDUPE_OPTIONS, DedupeOptions } from '../../src/flow/receive/input.ts';
import type { FROM_OBSERVABLE_OPTIONS, FromObservableOptions } from '../../src/flow/receive/observable.ts';
import type { FlumePushOptions, PUSH_OPTIONS, TLS_OPTIONS } from '../../src/flow/receive/push-options.ts';
import type { EVENT_TIME_OPTIONS, EventTimeOptions } from '../../src/graph/dstream.ts';
import type { MAP_ASYNC_OPTIONS, MapAsyncOptions } from '../../src/graph/operators/map-async.ts';
import type { UPDATE_STATE_OPTIONS, UpdateStateOptions } from '../../src/graph/operators/update-state-by-key.ts';
import type { SQL_OPTIONS, SqlOptions } from '../../src/graph/outputs/exactly-once.ts';

type Both<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
/** Node's interfaces say `?: T | undefined`; with exactOptionalPropertyTypes that is not the same as `?: T`. */
type Exact<V> = V extends readonly unknown[] | ((...parameters: never) => unknown)
  ? V
  : V extends object
    ? { [K in keyof V]: Exclude<V[K], undefined> }
    : V;
/** Of which kind a field is: whether it must be given, and what fits. */
type Field<O, K> = K extends keyof O
  ? [Record<never, never> extends Pick<O, K> ? 'optional' : 'required', Exact<Exclude<O[K], undefined>>]
  : 'there is no such field';
/** The names of the fields that are not the same in both. */
type Differing<A, B> = keyof {
  [K in keyof A | keyof B as Both<Field<A, K>, Field<B, K>> extends true ? never : K]: K;
};
/** Compiles when the interface is what the table checks; the message of tsc has the names of the fields that differ. */
function same<T, O extends object>(
  _: [Differing<Given<T>, O>] extends [never] ? true : { readonly differing: Differing<Given<T>, O> },
): void {}

same<typeof JOB_OPTIONS, JobOptions>(true);
same<typeof CONTEXT_OPTIONS, StreamingContextOptions>(true);
same<typeof STOP_OPTIONS, StopOptions>(true);
same<typeof JOB_MODULE_OPTIONS, JobModule>(true);
same<typeof BACKPRESSURE_OPTIONS, BackpressureOptions>(true);
same<typeof PUSH_OPTIONS, FlumePushOptions>(true);
same<typeof TLS_OPTIONS, ServerTls>(true);
same<typeof PULL_OPTIONS, FlumePullOptions>(true);
same<typeof DEDUPE_OPTIONS, DedupeOptions>(true);
same<typeof FILE_STREAM_OPTIONS, FileStreamOptions>(true);
same<typeof FROM_OBSERVABLE_OPTIONS, FromObservableOptions>(true);
same<typeof MAP_ASYNC_OPTIONS, MapAsyncOptions>(true);
same<typeof SQL_OPTIONS, SqlOptions<unknown>>(true);
same<typeof AGENT_OPTIONS, AgentOptions>(true);
same<typeof RPC_CLIENT_OPTIONS, RpcClientOptions>(true);
same<typeof TEST_JOB_OPTIONS, TestJobOptions>(true);
same<typeof RUN_BATCHES_OPTIONS, RunBatchesOptions<unknown>>(true);
same<typeof KIT_MODULE_OPTIONS, KitModule>(true);
same<typeof EVENT_TIME_OPTIONS, EventTimeOptions<unknown>>(true);
same<typeof UPDATE_STATE_OPTIONS, UpdateStateOptions<unknown, unknown>>(true);

// What differs does not compile.
// @ts-expect-error a name is not in the interface
same<typeof STOP_OPTIONS, Omit<StopOptions, 'timeout'>>(true);
// @ts-expect-error a name is not in the table
same<typeof STOP_OPTIONS, StopOptions & { readonly now?: boolean }>(true);
// @ts-expect-error a value is of another type
same<typeof STOP_OPTIONS, Omit<StopOptions, 'graceful'> & { readonly graceful?: boolean | string }>(true);
// @ts-expect-error an option must be given here, and may be left out there
same<typeof STOP_OPTIONS, Required<StopOptions>>(true);

// What has a default is always there; what has none may not be.
declare const push: Resolved<typeof PUSH_OPTIONS>;
const host: string = push.host;
const timeoutMs: number = push.peerRequestTimeout;
const remembered: number | undefined = push.dedupe?.remember;
// @ts-expect-error nobody may have given it, and it has no default
const rules: string = push.ipFilter;
export const used = [host, timeoutMs, remembered, rules];
