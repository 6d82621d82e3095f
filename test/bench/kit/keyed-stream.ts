/** A count that is kept for each key, on Spark's Structured Streaming: KeyedStream.java as an application on a cluster. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { peersDirectory, repository } from '../../interop/kit/places.ts';
import { OPENED_TO_SPARK } from '../../interop/kit/spark-java.ts';
import type { Actor, Scene } from '../../interop/kit/stage.ts';
import type { Cluster } from '../../spark/kit/cluster.ts';

const JARS = path.join(peersDirectory, 'cluster/jars/*');

/** How Spark keeps the states. */
export interface KeyedStreamOptions {
  readonly how: 'mapGroupsWithState' | 'transformWithState' | 'aggregate';
  readonly provider: 'HDFSBackedStateStoreProvider' | 'RocksDBStateStoreProvider';
  readonly numPartitions: number;
  /** Each a batch, in the order of their times. */
  readonly files: string;
  readonly checkpoint: string;
  readonly executorMemory: string;
  readonly settings?: Readonly<Record<string, string>>;
}

/** A batch that has committed, as it tells it. */
export interface KeyedBatch {
  readonly batch: number;
  readonly events: number;
  readonly processingMs: number;
  readonly parts: string;
}

/** Starts it. @param directory for what is compiled */
export function startKeyedStream(
  scene: Scene,
  { address }: Cluster,
  directory: string,
  { checkpoint, executorMemory, files, how, numPartitions, provider, settings }: KeyedStreamOptions,
): Actor {
  const classes = path.join(directory, 'classes');
  const jar = path.join(directory, 'keyed-stream.jar');
  mkdirSync(classes, { recursive: true });
  execFileSync('javac', [
    ...['-nowarn', '-cp', JARS, '-d', classes],
    path.join(repository, 'test/bench/peers/KeyedStream.java'),
  ]);
  execFileSync('jar', ['cf', jar, '-C', classes, '.']);
  const properties = Object.entries({
    'spark.master': address,
    'spark.app.name': 'keyed-stream',
    'spark.jars': jar,
    'spark.executor.memory': executorMemory,
    'spark.executor.cores': '1',
    'spark.driver.host': '127.0.0.1',
    'spark.driver.bindAddress': '127.0.0.1',
    'spark.ui.enabled': 'false',
    'spark.sql.shuffle.partitions': String(numPartitions),
    'spark.sql.streaming.stateStore.providerClass': `org.apache.spark.sql.execution.streaming.state.${provider}`,
    'spark.sql.warehouse.dir': path.join(directory, 'warehouse'),
    ...settings,
  }).map(([name, value]) => `-D${name}=${value}`);
  return scene.start('KeyedStream', {
    command: 'java',
    args: [
      ...['-Xmx1g', ...properties, ...OPENED_TO_SPARK, '-cp', `${jar}${path.delimiter}${JARS}`],
      ...['KeyedStream', files, checkpoint, how],
    ],
    env: { SPARK_LOCAL_IP: '127.0.0.1' },
  });
}

/** The batches that it has told of. */
export function keyedBatches({ stdout }: Actor): KeyedBatch[] {
  return stdout.filter((line) => line.startsWith('{"batch"')).map((line) => JSON.parse(line) as KeyedBatch);
}
