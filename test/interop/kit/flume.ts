/** Real Flume 1.11 agents and Flume's RPC client, as processes of a scene. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, isListening } from '../../kit/ports.ts';
import { flumeCommand, flumeJars, readMetric } from './flume-command.ts';
import { confDirectory } from './peers.ts';
import type { Actor, Scene } from './scene.ts';

/** A real agent. */
export interface FlumeAgent {
  readonly actor: Actor;
  /** FLUME_WORK. */
  readonly work: string;
  /** A counter of its monitoring, e.g. `CHANNEL.c1`, `ChannelSize`; undefined before the agent shows it. */
  metric(component: string, name: string): Promise<number | undefined>;
}

/** Options of a real agent. */
export interface FlumeOptions {
  /** Names it and its directory. */
  readonly name: string;
  /** Files in conf/, or elsewhere by their absolute paths, the later laid over the earlier. */
  readonly confs: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts an agent named a1. A second one of the same name finds the files and the channel of the first. */
export async function startFlume(scene: Scene, { name, confs, env }: FlumeOptions): Promise<FlumeAgent> {
  const work = path.join(scene.directory, name);
  for (const directory of ['spool', 'out', 'channel']) mkdirSync(path.join(work, directory), { recursive: true });
  const monitor = await freePort();
  const actor = scene.start(name, {
    ...flumeCommand(
      confs.map((conf) => path.resolve(confDirectory, conf)),
      monitor,
    ),
    env: { FLUME_WORK: work, ...env },
  });
  return { actor, work, metric: (component, metric) => readMetric(monitor, component, metric) };
}

/** Starts an agent with collect.conf on a port, and waits for its source. */
export async function startCollector(
  scene: Scene,
  port: number,
  confs: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<FlumeAgent> {
  const agent = await startFlume(scene, {
    name: 'flume',
    confs: ['collect.conf', ...confs],
    env: { FLUME_SOURCE_PORT: String(port), ...env },
  });
  await scene.until(() => isListening(port), `the Avro source listens on ${port}`);
  return agent;
}

/** The lines of the files that the agent of collect.conf has written. */
export function collectedLines({ work }: Pick<FlumeAgent, 'work'>): string[] {
  const out = path.join(work, 'out');
  return readdirSync(out).flatMap((name) => readFileSync(path.join(out, name), 'utf8').split('\n').slice(0, -1));
}

/** What RpcLoad reported. */
export interface LoadResult {
  /** Events whose batch was acknowledged. */
  readonly acked: number;
  /** Connections that failed. */
  readonly failed: number;
}

/** Runs RpcLoad to its end. */
export async function sendLoad(
  scene: Scene,
  port: number,
  connections: number,
  batch: number,
  batches: number,
  client: { readonly version?: '1.9' | '1.11'; readonly properties?: Readonly<Record<string, string>> } = {},
): Promise<LoadResult> {
  const classes = client.version === '1.9' ? flumeJars('client-1.9/*', 'load') : flumeJars('lib/*', 'load');
  const args = ['-Xmx1g', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-cp', classes, 'RpcLoad'];
  const properties = Object.entries(client.properties ?? {}).map(([name, value]) => `${name}=${value}`);
  const actor = scene.start('RpcLoad', {
    command: 'java',
    args: [...args, String(port), String(connections), String(batch), String(batches), ...properties],
  });
  await actor.finish();
  const last = /^acked=(\d+) failed=(\d+)$/.exec(actor.stdout.at(-1) ?? '');
  if (last === null) throw new Error('RpcLoad reported nothing');
  return { acked: Number(last[1]), failed: Number(last[2]) };
}
