/** Real Spark Streaming, polling a Spark sink: PollingJob as a process of a scene. */
import type { Actor, Scene } from './scene.ts';
import { sparkCommand } from './spark-java.ts';

/** Starts the job; each event's body is a line of its stdout. */
export function startPollingJob(scene: Scene, port: number, batchMs: number, maxBatchSize: number): Actor {
  const start = sparkCommand({
    classes: 'spark/job',
    main: 'PollingJob',
    args: [port, batchMs, maxBatchSize].map(String),
    jvm: ['-Xmx1g', '-XX:TieredStopAtLevel=1'],
  });
  return scene.start('Spark', start);
}
