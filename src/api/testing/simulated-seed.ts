/**
 * One seed of a user's job: the job on a host, its peers on theirs, a database, faults for a while; then the world gets well, and all that
 * was sent must be acknowledged in bounded time, and the job must stop gracefully.
 */
import { describeError, errorLine, messageOf, StreamjobError } from '../../core/errors.ts';
import { type Host, type HostProcess, type Random, Simulation } from '../../simulation/machine/index.ts';
import { Database } from '../../simulation/world/database.ts';
import { type Fault, FaultDriver, type Users } from '../../simulation/world/faults.ts';
import { heal, RECOVERY_MS, STOP_MS } from '../../simulation/world/heal.ts';
import { Story } from '../../simulation/world/story.ts';
import { Supervisor } from '../../simulation/world/supervisor.ts';
import { StreamingContext } from '../streaming-context.ts';
import { OPTION_NAMES_OF_JOB, type SeedSettings } from './simulate-table.ts';
import { SIMULATED_FAULTS } from './simulated-faults.ts';
import { DEAD_LETTERS, deadLettersOf, FILES_DIR, filesOf } from './simulated-files.ts';
import { SimulatedPeers } from './simulated-peers.ts';
import { type BrokenPromise, SimulatedRun, type WrittenBatch } from './simulated-run.ts';
import { type SimulatedWorld, simulatedStore } from './simulated-world.ts';

/** Builds the job; called for each of its runs, as a start of its file does. */
export type BuildSimulated = (ssc: StreamingContext, world: SimulatedWorld) => void | Promise<void>;

/** A job to be simulated. */
export interface SimulatedJob {
  readonly name: string;
  readonly build: BuildSimulated;
}

/** More of what is broken tells nobody anything new. */
const MOST_BROKEN = 20;
const CHECKPOINT_DIR = '/data/checkpoint';

/** Of these the job itself is the cause: it would fail the same way at every start. */
const MISTAKES: readonly string[] = [
  'CONFIG_INVALID',
  'CONFIG_UNKNOWN',
  'JOB_INVALID',
  'NO_OUTPUT',
  'ASYNC_FUNCTION',
  'VALUE_NOT_PLAIN',
];
/** No fault of a simulation may lead to these. */
const DAMAGES: readonly string[] = ['LOG_CORRUPT', 'CHECKPOINT_INCOMPATIBLE'];

/** A start of the job. */
interface Running {
  readonly context: StreamingContext;
  readonly process: HostProcess;
}

/** Runs a seed. @throws what the job's build threw; StreamjobError NOT_SIMULATED, and what is the job's own mistake */
export async function runSeed(seed: number, settings: SeedSettings, job: SimulatedJob): Promise<SimulatedRun> {
  return await new SimulatedSeed(seed, settings, job).run();
}

class SimulatedSeed {
  readonly #seed: number;
  readonly #settings: SeedSettings;
  readonly #job: SimulatedJob;
  readonly #simulation: Simulation;
  readonly #random: Random;
  readonly #story: Story;
  readonly #supervisor: Supervisor;
  readonly #database: Database;
  readonly #faults: ReadonlySet<Fault>;
  readonly #users: Users = { throws: false, hangs: false, databaseIsAway: false };
  readonly #host: Host;
  readonly #peers: SimulatedPeers;
  readonly #stores = new Set<string>();
  readonly #broken: BrokenPromise[] = [];
  #running: Running | undefined;
  #starts = 0;
  #printed = '';
  #lastFailure: unknown;
  /** What ends the simulation at once. */
  #mistake: { readonly error: unknown } | undefined;

  constructor(seed: number, settings: SeedSettings, job: SimulatedJob) {
    this.#seed = seed;
    this.#settings = settings;
    this.#job = job;
    const simulation = new Simulation({
      seed,
      keepLines: 0,
      onCrash: (process, error) => this.#crashed(process, error),
    });
    this.#simulation = simulation;
    this.#random = simulation.random.fork('plan');
    this.#story = new Story(() => simulation.now);
    this.#supervisor = new Supervisor(simulation, (process, error) => this.#ended(process, error));
    this.#peers = new SimulatedPeers(simulation, this.#supervisor);
    this.#faults = this.#chooseFaults();
    this.#database = new Database(
      simulation,
      this.#faults.size > 0,
      () => this.#users.databaseIsAway,
      ({ output, rows, time }) => this.#story.tell('store', `${rows.length} rows of ${output} for batch ${time}`),
    );
    this.#host = simulation.host('job');
    this.#host.disk.makeDirectory(FILES_DIR);
  }

  async run(): Promise<SimulatedRun> {
    const simulation = this.#simulation;
    this.#peers.start(this.#host, this.#settings);
    this.#supervisor.keepUp(this.#host, 'job', () => this.#runJob());
    const driver = this.#startFaults();
    try {
      await simulation.runUntil(() => this.#mistake !== undefined, this.#settings.duration);
    } finally {
      driver.stop();
    }
    heal([this.#host, ...this.#peers.hosts], this.#users);
    this.#story.tell('world', 'is well from now on');
    const well = await simulation.runUntil(() => this.#mistake !== undefined || this.#isThrough, RECOVERY_MS);
    if (this.#mistake === undefined && !well) this.#breaks('wedge', this.#whatIsMissing());
    if (this.#mistake === undefined) await this.#stop();
    if (this.#mistake !== undefined) throw this.#mistake.error;
    return this.#result(driver.injected);
  }

  /** Where the test does not choose them, a seed leaves about half of them out, so that rare ones get their turn. */
  #chooseFaults(): ReadonlySet<Fault> {
    const { faults, flumeSinks, sparkSinks } = this.#settings;
    const chosen = faults ?? SIMULATED_FAULTS.filter(() => this.#random.chance(0.5));
    const needPeers: readonly Fault[] = ['cut-connection', 'partition', 'slow-network'];
    return new Set(chosen.filter((fault) => flumeSinks + sparkSinks > 0 || !needPeers.includes(fault)));
  }

  #startFaults(): FaultDriver {
    const drawn = this.#random.pick([1000, 3000, 8000]);
    return new FaultDriver(
      {
        simulation: this.#simulation,
        job: this.#host,
        agents: [],
        peers: this.#peers.hosts,
        users: this.#users,
        stopJob: (timeout) => this.#stopJob(timeout),
        killed: () => {},
        kept: () => [],
        rotted: () => {},
        tell: (what) => this.#story.tell('fault', what),
      },
      this.#faults,
      this.#settings.faultInterval ?? drawn,
    );
  }

  async #runJob(): Promise<void> {
    const process = this.#simulation.running as HostProcess;
    this.#story.tell('job', `start ${++this.#starts}`);
    const context = await this.#buildJob(process);
    context.events$.subscribe((event) => {
      if (event.type === 'batchFailed') this.#lastFailure = event.error;
    });
    this.#running = { context, process };
    await context.start();
    await context.awaitTermination();
    throw new Error('the job was stopped');
  }

  /** What the build throws, it throws at every start. */
  async #buildJob(process: HostProcess): Promise<StreamingContext> {
    try {
      const context = this.#makeContext();
      await this.#job.build(context, {
        port: this.#settings.port,
        sinks: this.#peers.sinks,
        directory: FILES_DIR,
        store: (name) => {
          this.#stores.add(name);
          return simulatedStore(this.#database, name, process, this.#users);
        },
      });
      return context;
    } catch (error) {
      this.#mistake ??= { error };
      throw error;
    }
  }

  #makeContext(): StreamingContext {
    const { batchInterval, maxBacklogBytes, ...others } = this.#settings;
    const ofContext = Object.entries(others).filter(([name]) => OPTION_NAMES_OF_JOB.includes(name));
    return new StreamingContext({
      ...Object.fromEntries(ofContext),
      batchInterval,
      maxBacklogBytes,
      name: this.#job.name,
      // As `streamjob run` does: a job that needs none has none.
      standardCheckpointDir: CHECKPOINT_DIR,
      deadLetterFile: DEAD_LETTERS,
      log: this.#story.logOf('job'),
      write: (text) => {
        this.#printed += text;
      },
    });
  }

  #stopJob(timeout: number): void {
    const running = this.#running;
    if (running?.process.alive !== true) return;
    void running.process.run(() => running.context.stop({ timeout })).catch((error: unknown) => this.#judge(error));
  }

  #ended(process: HostProcess, error: unknown): void {
    this.#story.tell(process.name, `ended: ${errorLine(error)}`);
    if (process.host === this.#host) this.#judge(error);
  }

  /** Some errors are the job's own mistake, and some no fault may lead to. */
  #judge(error: unknown): void {
    for (let at = error; at instanceof Error; at = at.cause) {
      if (!(at instanceof StreamjobError)) continue;
      if (MISTAKES.includes(at.code)) this.#mistake ??= { error };
      if (DAMAGES.includes(at.code)) this.#breaks('damage', describeError(at));
    }
  }

  #crashed(process: HostProcess, error: unknown): void {
    this.#story.tell(process.name, `crashed: ${messageOf(error)}`);
    this.#breaks('crash', `${process.name}: ${error instanceof Error ? error.stack : messageOf(error)}`);
  }

  #breaks(promise: BrokenPromise['promise'], what: string): void {
    if (this.#broken.length >= MOST_BROKEN) return;
    this.#broken.push({ promise, what, at: this.#simulation.now });
    this.#story.tell('broken', `${promise}: ${what}`);
  }

  /** Whether every peer was told of all that it had, and the job has processed what it holds, as far as it can be seen. */
  get #isThrough(): boolean {
    if (!this.#peers.areTold) return false;
    const running = this.#running;
    return (
      running?.process.alive === true && running.context.getState() === 'active' && running.context.waitingEvents === 0
    );
  }

  #whatIsMissing(): string {
    const minutes = RECOVERY_MS / 60_000;
    const { events } = this.#peers;
    const [first, ...others] = events.filter(({ deliveredAt }) => deliveredAt === undefined);
    const left = first === undefined ? 'none' : `${others.length + 1}`;
    const state = this.#running === undefined ? 'has not started' : `is ${this.#running.context.getState()}`;
    const failure =
      this.#lastFailure === undefined ? '' : `; the last batch that failed: ${errorLine(this.#lastFailure)}`;
    return (
      `${minutes} minutes after all faults were over ${left} of ${events.length} events were not acknowledged` +
      `${first === undefined ? '' : ` (event ${first.number} first)`}; the job ${state}${failure}`
    );
  }

  /** The job stops gracefully, which commits what it holds. */
  async #stop(): Promise<void> {
    this.#supervisor.stop();
    const running = this.#running;
    if (running?.process.alive !== true) return;
    const { context, process } = running;
    let ended = false;
    void process
      .run(() => context.stop())
      .then(
        () => {
          ended = true;
        },
        (error: unknown) => {
          ended = true;
          this.#breaks('stop', errorLine(error));
        },
      );
    if (await this.#simulation.runUntil(() => ended || !process.alive, STOP_MS)) return;
    this.#breaks('stop', `a graceful stop has not ended after ${STOP_MS / 1000} s`);
  }

  #result(injected: ReadonlyMap<Fault, number>): SimulatedRun {
    const written = new Map<string, WrittenBatch<unknown>[]>([...this.#stores].map((store) => [store, []]));
    for (const { at, output, rows, time } of this.#database.written)
      written.get(output)?.push({ time, values: rows, at });
    return new SimulatedRun({
      seed: this.#seed,
      events: this.#peers.events,
      written,
      files: filesOf(this.#host.disk),
      deadLetters: deadLettersOf(this.#host.disk),
      printed: this.#printed,
      starts: this.#starts,
      faults: Object.fromEntries(injected),
      simulatedMs: this.#simulation.now,
      hash: this.#simulation.traceHash(),
      story: this.#story.lines,
      broken: this.#broken,
    });
  }
}
