/** The flume.conf of a scene's agent, for the embedded one and for the real one: spooldir -> channel -> Avro sink or Spark's sink. */
import path from 'node:path';
import type { SceneOptions } from './scene.ts';

/** Where things are. */
export interface Places {
  /** The directory that the source reads. */
  readonly input: string;
  /** What the agent keeps on disk. */
  readonly store: string;
  /** Where its sink sends, or listens. */
  readonly port: number;
}

/** Events per request of a sink. */
const BATCH_SIZE = 50;

/** The text of the file; its agent is a1. */
export function agentConf(options: SceneOptions, { input, store, port }: Places): string {
  const { level, receiver, realFlume = false, capacity = 10_000 } = options;
  const sink =
    receiver === 'pull'
      ? [`type = ${realFlume ? 'org.apache.spark.streaming.flume.sink.SparkSink' : 'spark'}`, 'timeout = 2']
      : ['type = avro', `batch-size = ${BATCH_SIZE}`, 'request-timeout = 2000', 'connect-timeout = 2000'];
  const channel =
    level === 'end-to-end'
      ? [
          'type = file',
          `checkpointDir = ${path.join(store, 'checkpoint')}`,
          `dataDirs = ${path.join(store, 'data')}`,
          'minimumRequiredSpace = 1048576',
        ]
      : ['type = memory'];
  const uuid = realFlume
    ? ['type = org.apache.flume.sink.solr.morphline.UUIDInterceptor$Builder', 'headerName = id']
    : ['type = uuid'];
  return [
    'a1.sources = r1',
    'a1.channels = c1',
    'a1.sinks = k1',
    ...(realFlume ? [] : levelOf(options, store)),
    'a1.sources.r1.type = spooldir',
    `a1.sources.r1.spoolDir = ${input}`,
    `a1.sources.r1.batchSize = ${BATCH_SIZE}`,
    'a1.sources.r1.deserializer.maxLineLength = 10000',
    'a1.sources.r1.deletePolicy = immediate',
    'a1.sources.r1.channels = c1',
    'a1.sources.r1.interceptors = i1',
    ...uuid.map((line) => `a1.sources.r1.interceptors.i1.${line}`),
    `a1.channels.c1.capacity = ${capacity}`,
    ...channel.map((line) => `a1.channels.c1.${line}`),
    `a1.channels.c1.transactionCapacity = ${Math.min(1000, capacity)}`,
    ...[...sink, 'hostname = 127.0.0.1', `port = ${port}`, 'channel = c1'].map((line) => `a1.sinks.k1.${line}`),
    '',
  ].join('\n');
}

function levelOf({ level }: SceneOptions, store: string): string[] {
  if (level !== 'store-on-failure') return [`a1.reliability = ${level}`];
  return [
    `a1.reliability = ${level}`,
    `a1.reliability.directory = ${path.join(store, 'spill')}`,
    'a1.reliability.minimumRequiredSpace = 1048576',
    'a1.reliability.maxBytes = 8388608',
    'a1.reliability.backoff = 200',
  ];
}
