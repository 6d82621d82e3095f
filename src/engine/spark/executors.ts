/** The executors that tasks have run on, for whoever watches the job: each is a member, by the order in which they were seen. */
import type { Logger } from '../../core/log.ts';
import type { Counter, Telemetry } from '../../core/telemetry.ts';
import type { TaskEnd } from './work.ts';

/** Of more executors none is told apart. */
const MOST_EXECUTORS = 1000;

interface Executor {
  readonly member: number;
  readonly tasks: Counter;
  readonly busySeconds: Counter;
}

/** The executors that tasks have run on. */
export class Executors {
  readonly #telemetry: Telemetry;
  readonly #log: Logger;
  readonly #known = new Map<string, Executor>();
  readonly #takeBack: () => void;

  constructor(telemetry: Telemetry, log: Logger) {
    this.#telemetry = telemetry;
    this.#log = log;
    const help = 'executors of the cluster that have run tasks of this job';
    this.#takeBack = telemetry.gauge('executors', { help }, () => this.#known.size);
  }

  /** A task is at its end. @returns which member its executor is */
  ended({ executor: name, partitions, written: _, wrote }: TaskEnd): number {
    const executor = this.#executor(name);
    executor.tasks.add();
    executor.busySeconds.add(partitions.reduce((sum, [, durationMs]) => sum + durationMs, 0) / 1000);
    for (const line of wrote.lines) this.#log.info({ executor: name }, line);
    if (wrote.more > 0) {
      this.#log.warn(
        { executor: name, lines: wrote.more },
        `functions of a task wrote ${wrote.more} lines more, which are left out`,
      );
    }
    return executor.member;
  }

  close(): void {
    this.#takeBack();
  }

  #executor(name: string): Executor {
    const key = this.#known.has(name) || this.#known.size < MOST_EXECUTORS ? name : 'others';
    let executor = this.#known.get(key);
    if (executor === undefined) {
      const labels = { executor: key };
      executor = {
        member: this.#known.size,
        tasks: this.#telemetry.counter('executor_tasks', { help: 'tasks that an executor has run', labels }),
        busySeconds: this.#telemetry.counter('executor_busy_seconds', {
          help: 'how long its tasks took, in s',
          labels,
        }),
      };
      this.#known.set(key, executor);
    }
    return executor;
  }
}
