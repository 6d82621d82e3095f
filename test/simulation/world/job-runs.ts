/** The runs of the job of a simulation, one after the other, each in a process of its own; a run may be of another version of the job. */
import type { StreamingContext } from '../../../src/api/streaming-context.ts';
import type { Logger } from '../../../src/core/log.ts';
import { TelemetryRegistry } from '../../../src/core/telemetry.ts';
import { readSegment } from '../../../src/durable/segment.ts';
import { replaceCheckpointSizes } from '../../../src/flow/commit/sizes.ts';
import type { Host, HostProcess } from '../../../src/simulation/machine/host.ts';
import type { Random } from '../../../src/simulation/machine/random.ts';
import type { Simulation } from '../../../src/simulation/machine/simulation.ts';
import type { Database } from '../../../src/simulation/world/database.ts';
import type { Users } from '../../../src/simulation/world/faults.ts';
import { CHECKPOINT_DIR, FILES_PREFIX, makeJob } from './job.ts';
import { isPoison, type JobPlan, type Plan } from './plan.ts';

/** What runs are made with. */
export interface JobRunsSettings {
  readonly plan: Plan;
  readonly simulation: Simulation;
  readonly host: Host;
  readonly database: Database;
  readonly users: Users;
  readonly log: Logger;
  /** Told when another version than before is started. */
  readonly tell: (what: string) => void;
}

/** Files of a checkpoint that are cleared up after some kB. */
const SMALL_FILES = { smallJournal: 4096, journalSegment: 2048, blockFile: 4096, leastTidied: 256 };

/** The runs of the job. */
export class JobRuns {
  readonly #settings: JobRunsSettings;
  readonly #random: Random;
  /** The run that is up. */
  #context: StreamingContext | undefined;
  #telemetry = new TelemetryRegistry();
  #version: JobPlan;

  constructor(settings: JobRunsSettings) {
    this.#settings = settings;
    this.#version = settings.plan.job;
    this.#random = settings.simulation.random.fork('versions');
  }

  /** Sets what is not a run's own. @returns sets it back */
  install(): () => void {
    return this.#settings.plan.smallFiles ? replaceCheckpointSizes(SMALL_FILES) : () => {};
  }

  /** Runs until the job was stopped; in a process of its own. @param sinks addresses of Spark sinks @throws always */
  async run(sinks: readonly string[]): Promise<void> {
    const { database, log, plan, simulation, tell, users } = this.#settings;
    const process = simulation.scheduler.current as HostProcess;
    this.#telemetry = new TelemetryRegistry();
    const context = makeJob({
      plan: this.#version,
      process,
      database,
      sinks,
      log,
      telemetry: this.#telemetry,
      onEvent: (id) => {
        if (users.throws || (plan.job.poison && isPoison(id))) {
          throw new Error(`the function does not like ${id} today`);
        }
      },
      beforeWrite: () => this.#hang(process),
    });
    this.#context = context;
    await context.start();
    // The next run may be one of the other version; one that could not start is tried again.
    if (plan.other !== undefined && this.#random.chance(0.5)) {
      this.#version = this.#version === plan.job ? plan.other : plan.job;
      tell('the next run is one of the other version of the job');
    }
    await context.awaitTermination();
    throw new Error('the job was stopped');
  }

  /** Waits while users' functions hang. */
  async #hang(process: HostProcess): Promise<void> {
    const { users } = this.#settings;
    while (users.hangs) await new Promise<void>((resolve) => void process.after(50, 'user-hangs', resolve));
  }

  /**
   * Asks the run that is up to stop.
   * @param timeout in ms; left out: the default
   * @returns whether there is one, and its stop, which may never settle when it is killed first
   */
  stop(timeout?: number): { readonly process: HostProcess; readonly stopped: Promise<void> } | undefined {
    const context = this.#context;
    const [process] = this.#settings.host.processes;
    if (context === undefined || process === undefined) return undefined;
    const stopped = process.run(() => context.stop(timeout === undefined ? {} : { timeout }));
    return { process, stopped };
  }

  /** Events that wait in the run that is up. */
  get waitingEvents(): number {
    return this.#context?.waitingEvents ?? 0;
  }

  /** Bytes of received data that the run that is up holds in memory. */
  get heldBytes(): number {
    return this.#telemetry.samples().find(({ name }) => name === 'held_bytes')?.value ?? 0;
  }

  /** Files that remember something, and how many bytes at the front of each are proven to be on disk. */
  keptFiles(): (readonly [file: string, bytes: number])[] {
    const { disk } = this.#settings.host;
    const files = disk.paths().filter((file) => file.startsWith(CHECKPOINT_DIR) && /\.(log|avro)$/.test(file));
    const proven = files.map((file): readonly [string, number] => {
      const bytes = disk.durableBytes(file);
      return [file, file.endsWith('.log') ? provenIn(bytes, file) : bytes.length];
    });
    return proven.filter(([, bytes]) => bytes > 0);
  }

  /** The ids in all parts of all batches that are whole. */
  idsInFiles(): string[] {
    const { disk } = this.#settings.host;
    return disk
      .paths()
      .filter((path) => path.startsWith(FILES_PREFIX) && /\/part-\d+$/.test(path) && !path.includes('_temporary'))
      .flatMap((path) => disk.text(path).split('\n'))
      .filter((line) => line !== '');
  }
}

/** 0 where the file is damaged already. */
function provenIn(bytes: Buffer, file: string): number {
  try {
    return readSegment(bytes, file, undefined, () => {}).proven;
  } catch {
    return 0;
  }
}
