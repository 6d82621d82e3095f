/** The job of a simulation: push and pull receivers, counts in state and window, outputs into the simulated database and text files. */

import { StreamingContext } from '../../../src/api/streaming-context.ts';
import type { FlumeEvent } from '../../../src/avro/event-block.ts';
import type { Logger } from '../../../src/core/log.ts';
import type { TelemetryRegistry } from '../../../src/core/telemetry.ts';
import type { DStream } from '../../../src/graph/dstream.ts';
import { exactlyOnce } from '../../../src/graph/outputs/exactly-once.ts';
import type { RDD } from '../../../src/graph/rdd.ts';
import type { HostProcess } from '../../../src/simulation/machine/host.ts';
import type { Database, Transaction } from '../../../src/simulation/world/database.ts';
import type { JobPlan } from './plan.ts';

export const JOB_PORT = 41_414;
export const CHECKPOINT_DIR = '/data/checkpoint';
/** Where files with lines of text come to be. */
export const LINES_DIR = '/data/in';
/** Dead letters. */
export const LETTERS = '/data/letters.jsonl';
export const FILES_PREFIX = '/data/out/events';

/** What a run of the job is made with. */
export interface JobSettings {
  readonly plan: JobPlan;
  readonly process: HostProcess;
  readonly database: Database;
  /** Addresses of Spark sinks. */
  readonly sinks: readonly string[];
  readonly log: Logger;
  readonly telemetry: TelemetryRegistry;
  /** Called by a user's function for each event; may throw. */
  readonly onEvent: (id: string) => void;
  /** Awaited by an output before it writes. */
  readonly beforeWrite: () => Promise<void>;
}

/** A row of the output `events`. */
export type EventRow = readonly [id: string, key: string];
/** A row of the outputs `counts` and `window`. */
export type CountRow = readonly [key: string, count: number];

/** Makes the context; it is not started. */
export function makeJob(settings: JobSettings): StreamingContext {
  const { database, log, plan, process, sinks, telemetry } = settings;
  const ssc = new StreamingContext({
    name: 'simulated',
    batchInterval: plan.batchInterval,
    cut: plan.cut,
    batchesInFlight: plan.batchesInFlight,
    reliability: plan.reliability,
    checkpointDir: plan.isVolatile ? false : CHECKPOINT_DIR,
    maxBacklogBytes: plan.maxBacklogBytes,
    maxLogBytes: plan.maxLogBytes,
    parallelism: plan.parallelism,
    onPoison: plan.poison ? 'skip' : 'fail',
    deadLetterFile: LETTERS,
    log,
    telemetry,
    write: () => {},
  });
  const dedupe = plan.ids ? { dedupe: { header: 'id', remember: 100_000 } } : {};
  const inputs: DStream<FlumeEvent>[] = [
    ssc.flumeStream({ host: '0.0.0.0', port: JOB_PORT, peerRequestTimeout: plan.peerTimeout, ...dedupe }),
  ];
  if (sinks.length > 0) {
    inputs.push(
      ssc.flumePollingStream({ addresses: sinks, maxBatchSize: 20, sinkTimeout: plan.sinkTimeout, ...dedupe }),
    );
  }
  const row = (id: string, key: string): EventRow => {
    settings.onEvent(id);
    return [id, key];
  };
  const sent = ssc.union(inputs).map(({ headers: { id = '', key = '' } }) => row(id, key));
  const rows = plan.lines ? sent.union(linesOf(ssc, row)) : sent;
  const writes = <T>(kind: string) =>
    exactlyOnce<T, Transaction>(database.storeFor(process, kind), async (rdd: RDD<T>, _, tx) => {
      await settings.beforeWrite();
      tx.rows.push(...(await rdd.collect()));
    });
  rows.foreachRDD(writes('events'));
  const pairs = rows.map(([, key]) => [key, 1] as const);
  if (plan.window !== undefined) {
    const { isReduced, length, slide } = plan.window;
    const add = (a: number, b: number): number => a + b;
    const counts = isReduced
      ? pairs.reduceByKeyAndWindow(add, length, slide)
      : pairs.window(length, slide).reduceByKey(add);
    counts.foreachRDD(writes('window'));
  }
  // The last of its kind: outputs are known by their number across restarts, and one version of the job may be without it.
  if (plan.counts) {
    pairs
      .updateStateByKey((ones: readonly number[], sum: number | undefined) => (sum ?? 0) + ones.length)
      .foreachRDD(writes('counts'));
  }
  if (plan.files) rows.map(([id]) => id).saveAsTextFiles(FILES_PREFIX);
  return ssc;
}

function linesOf(ssc: StreamingContext, row: (id: string, key: string) => EventRow): DStream<EventRow> {
  return ssc.textFileStream(LINES_DIR, { newFilesOnly: false }).map((line) => {
    const [id = '', key = ''] = line.split(' ');
    return row(id, key);
  });
}
