/** What the workers of a cluster have started: executors, and the tasks of ours that run on them. */
import { execFileSync } from 'node:child_process';
import type { Actor } from '../../interop/kit/stage.ts';

/** Processes, by their ids. */
export interface Executing {
  readonly executors: readonly number[];
  /** Each with the executor that has started it, and the worker that has started that. */
  readonly tasks: readonly { readonly pid: number; readonly executor: number; readonly worker: Actor }[];
}

/** Looks at the processes of this machine. Those of a worker are of its process group. */
export function executing(workers: readonly Actor[]): Executing {
  const groups = new Map(workers.map((worker) => [worker.pid, worker]));
  const processes = execFileSync('ps', ['-eo', 'pid,ppid,pgid,args'], { encoding: 'utf8', maxBuffer: 1 << 26 })
    .split('\n')
    .flatMap((line) => {
      const [, pid, parent, group, args = ''] = /^ *(\d+) +(\d+) +(\d+) (.*)$/.exec(line) ?? [];
      const worker = groups.get(Number(group));
      return worker === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), args, worker }];
    });
  const executors = processes.filter(({ args }) => args.includes('.executor.CoarseGrainedExecutorBackend'));
  // What an executor has started for a task brings rows to a kept worker and back, or is a worker itself.
  const isTask = /^(?:cat|bash \S+\/streamjob-\w+\.sh .*|node \S+\/streamjob-\w+\.mjs task)$/;
  return {
    executors: executors.map(({ pid }) => pid),
    tasks: processes
      .filter(({ args, parent }) => isTask.test(args) && executors.some(({ pid }) => pid === parent))
      .map(({ parent, pid, worker }) => ({ pid, executor: parent, worker })),
  };
}
