/** One measurement: a driver and all that it talks to, each in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { repository } from '../../interop/kit/places.ts';
import type { SeenPlan } from './connect-server.ts';
import type { DriverBatch, Load } from './load.ts';

/** What was found. */
export interface Found {
  readonly load: Omit<Load, 'storage'>;
  /** Medians of the batches. */
  readonly cpuMs: number;
  readonly wallMs: number;
  /** The most memory of the process, from its start on. */
  readonly peakBytes: number;
  /** Of the process when it had started and nothing had come. */
  readonly startBytes: number;
  readonly plan: SeenPlan | undefined;
}

interface Message {
  readonly type: string;
  readonly port: number;
  readonly rssBytes: number;
  readonly plan: SeenPlan;
  readonly batches: readonly DriverBatch[];
  readonly peakBytes: number;
}

function start(file: string, args: readonly string[], execArgv: readonly string[]): ChildProcess {
  return fork(path.join(repository, 'test/bench/driver', file), args, {
    execArgv: ['--conditions=streamjob-source', '--import', 'tsx', ...execArgv],
    cwd: repository,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

function next(child: ChildProcess, type: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const take = (message: unknown): void => {
      if ((message as Message).type !== type) return;
      child.off('message', take);
      resolve(message as Message);
    };
    child.on('message', take);
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it said "${type}"`)));
  });
}

const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;

/** @param execArgv for the driver's Node, e.g. --cpu-prof */
export async function measure(
  wanted: Omit<Load, 'storage'>,
  parent: string,
  execArgv: readonly string[] = [],
): Promise<Found> {
  const storage = mkdtempSync(path.join(parent, 'driver-'));
  const load = JSON.stringify({ ...wanted, storage });
  const peers = start('peers.ts', [load], ['--max-old-space-size=8000']);
  let driver: ChildProcess | undefined;
  try {
    const { port: connect } = await next(peers, 'listening');
    driver = start('driver.ts', [load, `sc://127.0.0.1:${connect}`], execArgv);
    const started = await next(driver, 'started');
    let plan: SeenPlan | undefined;
    peers.on('message', (message) => {
      plan = (message as Message).plan ?? plan;
    });
    const attached = next(peers, 'attached');
    const measured = next(driver, 'measured');
    peers.send({ type: 'start', port: started.port });
    await attached;
    driver.send('attached');
    const { batches, peakBytes } = await measured;
    return {
      load: wanted,
      cpuMs: median(batches.map(({ cpuMs }) => cpuMs)),
      wallMs: median(batches.map(({ wallMs }) => wallMs)),
      ...{ peakBytes, startBytes: started.rssBytes, plan },
    };
  } finally {
    if (execArgv.length > 0) {
      driver?.send('end');
      await new Promise((resolve) => driver?.once('exit', resolve));
    }
    driver?.kill('SIGKILL');
    peers.kill('SIGKILL');
    rmSync(storage, { recursive: true, force: true });
  }
}
