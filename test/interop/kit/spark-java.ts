/** How a program is started on real Spark. */
import path from 'node:path';
import { peersDirectory } from './places.ts';

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

/** The same as options of a JVM. */
export const OPENED_TO_SPARK: readonly string[] = OPENED.flatMap((name) => [
  '--add-opens',
  `java.base/${name}=ALL-UNNAMED`,
]);

/** A program, by its class and the directory of its class files below the peers'. */
export interface SparkProgram {
  readonly classes: string;
  readonly main: string;
  readonly args: readonly string[];
  /** Options of the JVM, e.g. its heap. */
  readonly jvm: readonly string[];
}

/** Command, arguments and environment of a process. */
export function sparkCommand({ classes, main, args, jvm }: SparkProgram): {
  command: string;
  args: string[];
  env: Record<string, string>;
} {
  const at = (name: string): string => path.join(peersDirectory, name);
  // Spark's own job directory is on it too: the relocated classes that the connector calls are there.
  const places = ['spark/lib/*', 'spark/libext/*', 'spark/job', classes];
  const classPath = [...new Set(places)].map(at).join(path.delimiter);
  return {
    command: 'java',
    args: [...jvm, ...OPENED_TO_SPARK, '-cp', classPath, main, ...args],
    env: { SPARK_LOCAL_IP: '127.0.0.1' },
  };
}
