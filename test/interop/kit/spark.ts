/** Real Spark Streaming, polling a Spark sink: PollingJob as a process of a scene. */
import path from 'node:path';
import { peersDirectory } from './peers.ts';
import type { Actor, Scene } from './scene.ts';

/** What Spark opens for itself from Java 17 on when it is started by its own scripts. */
const OPENED = [
  'lang',
  'lang.invoke',
  'lang.reflect',
  'io',
  'net',
  'nio',
  'util',
  'util.concurrent',
  'util.concurrent.atomic',
]
  .map((name) => `java.${name}`)
  .concat('sun.nio.ch', 'sun.nio.cs', 'sun.security.action', 'sun.util.calendar');

/** Starts the job; each event's body is a line of its stdout. */
export function startPollingJob(scene: Scene, port: number, batchMs: number, maxBatchSize: number): Actor {
  const at = (name: string): string => path.join(peersDirectory, 'spark', name);
  const classPath = [at('lib/*'), at('libext/*'), at('job')].join(path.delimiter);
  return scene.start('Spark', {
    command: 'java',
    args: [
      '-Xmx1g',
      '-XX:TieredStopAtLevel=1',
      ...OPENED.flatMap((name) => ['--add-opens', `java.base/${name}=ALL-UNNAMED`]),
      '-cp',
      classPath,
      'PollingJob',
      ...[port, batchMs, maxBatchSize].map(String),
    ],
    env: { SPARK_LOCAL_IP: '127.0.0.1' },
  });
}
