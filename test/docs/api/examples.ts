/**
 * What the examples of the docstrings use without saying where it is from: each example is type-checked with these names around it. Those
 * of DStream and RDD are run by test/unit/graph/examples.test.ts.
 */
export const AROUND = `
import type * as pg from 'pg';
import { interval } from 'rxjs';
import { expect, test } from 'vitest';
import {
  type Accumulator, defineJob, type DStream, type EventWindowDStream, exactlyOnce, exactlyOncePartition, type MapWithStateDStream,
  type OutputPartition, sqlStore, type State,
  StateSpec, StreamingContext, StreamjobError, TelemetryRegistry, type TransactionalStore,
} from 'streamjob';
import {
  Agent, type Channel, type Charset, bool, choice, defineChannel, defineInterceptor, defineSelector, defineSerializer, defineSink,
  defineSource, deliver, EmbeddedAgent, type EventInit, type EventValidator, finish, giveBack, int, ManualClock, map, names,
  type Transaction,
  type OwnChannel, type OwnInterceptor, type OwnSelector, type OwnSerializer, type OwnSink, type OwnSource, type PlainEvent, RpcClient,
  silentLogger, sleep, takeBatch, text, type Clock,
} from 'streamjob/agent';
import {
  type BuildSimulated, type ChannelBounds, channelContract, interceptorContract, runBatches, selectorContract, serializerContract, simulate, simulateSeeds,
  type SimulatedRun, type SimulatedWorld, sinkContract, sourceContract, type TestJob, testJob,
} from 'streamjob/testing';
declare const ssc: StreamingContext;
declare const a: DStream<number>;
declare const b: DStream<number>;
declare const numbers: DStream<number>;
declare const lines: DStream<string>;
declare const stream: DStream<string>;
declare const windows: EventWindowDStream<string>;
declare const counts: MapWithStateDStream<string, number, [string, number]>;
declare const store: TransactionalStore<pg.PoolClient>;
declare const pool: pg.Pool;
declare const spec: StateSpec<string, number, number | { count: number }, string>;
declare function acknowledge(outcome: unknown): void;
declare function makeContext(): StreamingContext;
declare const client: RpcClient;
declare const event: PlainEvent;
declare function retryLater(event: PlainEvent): void;
declare const queue: { readonly events: number };
declare const agent: Agent;
declare const channel: Channel;
declare const Ring: new (clock: Clock) => Channel;
declare const ring: OwnChannel;
declare const stage: OwnInterceptor;
declare const bySize: OwnSelector;
declare const lengths: OwnSerializer;
declare const print: OwnSink;
declare const ticks: OwnSource;
declare const run: SimulatedRun;
declare const world: SimulatedWorld;
declare const words: readonly EventInit[];
declare function totals(run: SimulatedRun): unknown;
declare const expected: unknown;
declare const buildJob: BuildSimulated;
declare const job: TestJob<{ counts: [string, number] }>;
`;

/** An example as a module of its own. */
export function exampleModule(example: string): string {
  return `${AROUND}\nexport async function example() {\n${example.replace('export default ', 'const exported = ')}\n}\n`;
}
