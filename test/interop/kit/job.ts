/** A job in this process that counts by id and by word what a stream brings. */

import type { BatchSummary, DStream, FlumeEvent, StreamEvent } from '../../../src/index.ts';
import { StreamingContext, TelemetryRegistry } from '../../../src/index.ts';
import { WatchedJob } from '../../../src/observe/index.ts';
import type { Scene } from './scene.ts';
import { Tally } from './tally.ts';

const PAGE = { host: '127.0.0.1', port: 0, tries: 0, readyLimitMs: 30_000, version: '0' } as const;

/** What the job does. */
export interface JobSettings {
  readonly batchInterval: number;
  readonly source: (ssc: StreamingContext) => DStream<FlumeEvent>;
  /** Called by the output with a batch's ids, before they are counted: it may wait, and it may throw. */
  readonly before?: (ids: readonly string[]) => void | Promise<void>;
  /** Whether its page is served. */
  readonly page?: boolean;
}

/** A job that runs. */
export interface RunningJob {
  /** The first word of each event. */
  readonly ids: Tally;
  /** The other words of all events, counted by the job. */
  readonly words: ReadonlyMap<string, number>;
  /** Everything that the context told. */
  readonly told: readonly StreamEvent[];
  /** The batches that have committed. */
  readonly batches: readonly BatchSummary[];
  /** Events acknowledged. */
  readonly acked: () => number;
  /** Where its page is, if it has one. */
  readonly url: string | undefined;
  stop(): Promise<void>;
}

/** Starts the job; it ends with the scene at the latest. */
export async function startJob(
  scene: Scene,
  { batchInterval, source, before, page = false }: JobSettings,
): Promise<RunningJob> {
  const telemetry = new TelemetryRegistry();
  const ssc = new StreamingContext({ batchInterval, log: scene.log, telemetry });
  const ids = new Tally();
  const words = new Map<string, number>();
  const told: StreamEvent[] = [];
  const batches: BatchSummary[] = [];
  const events = source(ssc).map((event) => event.text().split(' '));
  events.foreachRDD(async (rdd) => {
    const own = (await rdd.collect()).map(([id]) => id as string);
    if (own.length > 0) await before?.(own);
    ids.add(own);
  });
  events
    .flatMap(([, ...rest]) => rest)
    .map((word) => [word, 1] as const)
    .reduceByKey((a, b) => a + b)
    .foreachRDD(async (rdd) => {
      for (const [word, count] of await rdd.collect()) words.set(word, (words.get(word) ?? 0) + count);
    });
  ssc.events$.subscribe((event) => {
    told.push(event);
    if (event.type === 'batchCompleted') batches.push(event.batch);
  });
  scene.defer(() => ssc.stop({ graceful: false }));
  const watched = page ? new WatchedJob(StreamingContext.observe(ssc, telemetry)) : undefined;
  scene.defer(async () => watched?.close());
  const url = await watched?.serve({ ...PAGE, log: scene.log });
  await ssc.start();
  return {
    ids,
    words,
    told,
    batches,
    url,
    acked: () => batches.reduce((sum, { acked }) => sum + acked, 0),
    stop: () => ssc.stop(),
  };
}
