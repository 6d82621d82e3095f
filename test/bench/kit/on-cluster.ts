/** A cluster under measurement, and batches on it. */
import path from 'node:path';
import { Scene } from '../../interop/kit/stage.ts';
import { type Cluster, type ClusterOptions, startCluster } from '../../spark/kit/cluster.ts';
import { type CpuShare, cpuShare } from '../../spark/kit/cpu-share.ts';
import { withDirectory } from './case.ts';
import { cpuSecondsBelow } from './proc.ts';
import { NotRun } from './side.ts';

/** Executors that have room for what Spark keeps of a benchmark. */
export const EXECUTOR_MEMORY = '1500m';
export const SIZE: ClusterOptions = { workerMemory: '2g', executorMemory: EXECUTOR_MEMORY, connectMemory: '1g' };

const REMOVE_TRIES = 100;
const REMOVE_MS = 100;

/** What a batch cost. */
export interface BatchCost {
  readonly ms: number;
  /** Of the cluster and of this process. */
  readonly cpuMs: number;
}

/** What it takes to measure on a cluster. */
export interface OnCluster {
  readonly scene: Scene;
  readonly cluster: Cluster;
  /** Its own, and gone at the end. */
  readonly directory: string;
  /** CPU time of the cluster and of this process, in ms. */
  readonly cpuMs: () => number;
}

/** How large it is. */
export interface ClusterSize extends ClusterOptions {
  /** How much of a core each worker has with its executor. Default: as much as there is. */
  readonly cores?: number | undefined;
}

/** Starts a cluster, and ends it. @throws NotRun with what was said last, when something fails */
export function onCluster<T>({ cores, ...size }: ClusterSize, use: (on: OnCluster) => Promise<T>): Promise<T> {
  return withDirectory(async (directory) => {
    const scene = new Scene();
    const shares = cores === undefined ? [] : sharesOf(path.basename(directory), size.workers ?? 2, cores);
    try {
      const groups = shares.map(({ processes }) => processes);
      const cluster = await startCluster(scene, { ...SIZE, ...size, groups });
      const cpuMs = (): number => {
        const { user, system } = process.cpuUsage();
        // Workers that are kept on executors are of no group that this process has started.
        return (user + system) / 1000 + cpuSecondsBelow(scene.directory) * 1000;
      };
      return await use({ scene, cluster, directory, cpuMs });
    } catch (error) {
      process.stderr.write(`${scene.report()}${error instanceof Error ? error.stack : error}\n`);
      throw error instanceof NotRun ? error : new NotRun(String(error));
    } finally {
      await scene.close();
      for (const share of shares) await removed(share);
    }
  });
}

/** @throws NotRun where only root could do it */
function sharesOf(name: string, workers: number, cores: number): CpuShare[] {
  return Array.from({ length: workers }, (_, worker) => {
    const share = cpuShare(`${name}-${worker}`, cores);
    if (share === undefined) throw new NotRun('part of a core is given by control groups, which cannot be made here');
    return share;
  });
}

/** Workers that are kept on executors end a moment after these. */
async function removed(share: CpuShare): Promise<void> {
  for (let tries = 0; tries < REMOVE_TRIES; tries++) {
    try {
      return share.remove();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, REMOVE_MS));
    }
  }
}

/** Who runs batches, and where. */
export interface Side {
  readonly on: OnCluster;
  readonly batch: () => Promise<void>;
}

/**
 * Runs batches of several in turn, one of each, and measures those behind the first ones: a minute in which the machine is slow is slow for all.
 * @returns what the batches of each cost, round by round
 */
export async function measured(
  { batches, warmup }: { readonly batches: number; readonly warmup: number },
  sides: readonly Side[],
): Promise<BatchCost[][]> {
  const costs = sides.map((): BatchCost[] => []);
  for (let batch = 0; batch < warmup + batches; batch++) {
    for (const [index, { batch: run, on }] of sides.entries()) {
      const { cpuMs } = on;
      const [began, before] = [performance.now(), cpuMs()];
      await run();
      if (batch >= warmup) costs[index]?.push({ ms: performance.now() - began, cpuMs: cpuMs() - before });
    }
  }
  return costs;
}
