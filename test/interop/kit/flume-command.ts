/** How a real Flume 1.11 is started and asked. */
import path from 'node:path';
import { peersDirectory } from './peers.ts';

/** A class path of directories of the part `flume`. */
export function flumeJars(...directories: string[]): string {
  return directories.map((directory) => path.join(peersDirectory, 'flume', directory)).join(path.delimiter);
}

/** The command of the agent a1. @param confs files, the later laid over the earlier @param monitorPort of its metrics @param more options */
export function flumeCommand(
  confs: readonly string[],
  monitorPort: number,
  more: readonly string[] = [],
): { command: string; args: string[] } {
  return {
    command: 'java',
    args: [
      '-Xmx512m',
      // Short-lived: what the second compiler would gain it does not live to give back.
      '-XX:TieredStopAtLevel=1',
      '-Dflume.monitoring.type=http',
      `-Dflume.monitoring.port=${monitorPort}`,
      '-cp',
      flumeJars('lib/*', 'libext/*'),
      'org.apache.flume.node.Application',
      '-n',
      'a1',
      ...confs.flatMap((conf) => ['-f', conf]),
      ...more,
    ],
  };
}

/** A counter of its monitoring; undefined before the agent shows it. */
export async function readMetric(port: number, component: string, name: string): Promise<number | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    const all = (await response.json()) as Record<string, Record<string, string> | undefined>;
    const value = all[component]?.[name];
    return value === undefined ? undefined : Number(value);
  } catch {
    // Not up yet. An agent that is gone is the scene's matter.
    return undefined;
  }
}
