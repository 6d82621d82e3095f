/** Part of a core for some processes and all that they start: a control group of Linux, which only root may make. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = '/sys/fs/cgroup';
/** Short, so that a task that has used its share does not wait long. In µs. */
const PERIOD_US = 20_000;

/** A control group. */
export interface CpuShare {
  /** A process that writes its number there is in the group, with all that it starts. */
  readonly processes: string;
  /** Its processes have ended. */
  remove(): void;
}

/**
 * @param name of the group @param cores e.g. 0.5
 * @returns undefined: nobody makes groups here
 */
export function cpuShare(name: string, cores: number): CpuShare | undefined {
  // Groups of version 1 have a tree for each kind of limit.
  const isFirst = existsSync(path.join(ROOT, 'cpu'));
  const directory = path.join(ROOT, isFirst ? 'cpu' : '', name);
  const quota = Math.round(PERIOD_US * cores);
  try {
    mkdirSync(directory);
    if (isFirst) {
      writeFileSync(path.join(directory, 'cpu.cfs_period_us'), String(PERIOD_US));
      writeFileSync(path.join(directory, 'cpu.cfs_quota_us'), String(quota));
    } else writeFileSync(path.join(directory, 'cpu.max'), `${quota} ${PERIOD_US}`);
  } catch {
    if (existsSync(directory)) rmdirSync(directory);
    return undefined;
  }
  return { processes: path.join(directory, 'cgroup.procs'), remove: () => rmdirSync(directory) };
}
