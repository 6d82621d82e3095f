/**
 * A world: the job, its database, fake Flumes, embedded agents with their applications, all on hosts of a simulation; faults for a
 * while; then it gets well, and all that was sent must come through in bounded time.
 */
import { messageOf, StreamjobError } from '../../../src/core/errors.ts';
import type { Host, HostProcess } from '../../../src/simulation/machine/host.ts';
import type { Random } from '../../../src/simulation/machine/random.ts';
import { Simulation } from '../../../src/simulation/machine/simulation.ts';
import { Database } from '../../../src/simulation/world/database.ts';
import { Events } from '../../../src/simulation/world/events.ts';
import { type Fault, FaultDriver, type Users } from '../../../src/simulation/world/faults.ts';
import { Feed } from '../../../src/simulation/world/feed.ts';
import { runFlumeSink } from '../../../src/simulation/world/flume-sink.ts';
import { heal, RECOVERY_MS, STOP_MS } from '../../../src/simulation/world/heal.ts';
import { runSparkSink } from '../../../src/simulation/world/spark-sink.ts';
import { Supervisor } from '../../../src/simulation/world/supervisor.ts';
import { confOf, idsOnDisk, runAgent, runApplication } from './agent.ts';
import { Invariants, type Violation } from './invariants.ts';
import { JOB_PORT, LETTERS, LINES_DIR } from './job.ts';
import { JobRuns } from './job-runs.ts';
import { DeadLetters } from './letters.ts';
import { type AgentPlan, type Plan, planOf } from './plan.ts';
import { CountedStory } from './reached.ts';
import { withSteps } from './steps.ts';

/** What a seed led to. */
export interface Outcome {
  readonly seed: number;
  readonly plan: Plan;
  readonly hash: string;
  readonly violations: readonly Violation[];
  /** Events of the scheduler. */
  readonly steps: number;
  readonly simulatedMs: number;
  readonly made: number;
  readonly batches: number;
  readonly injected: ReadonlyMap<Fault, number>;
  /** What it came by, and how often (reached.ts). */
  readonly reached: ReadonlyMap<string, number>;
  /** What happened, in lines, where it was asked for. */
  readonly story: readonly string[];
}

/** How a seed is run. */
export interface RunOptions {
  /** Switches about half of the faults off, by the seed. Default true. */
  readonly swarm?: boolean;
  /** The faults that may come. Default: all. */
  readonly only?: readonly Fault[];
  /** Another plan than the seed's, to make a story smaller. */
  readonly change?: (plan: Plan) => Plan;
  /** Keeps the story: every step with `steps`, else what matters. */
  readonly story?: 'none' | 'short' | 'steps';
}

/** How long an answer may be under way, in ms. */
const ANSWERS_MS = 150_000;
/** How often it is looked whether all is through, in ms: all events are gone through for it. */
const LOOK_MS = 1000;
const SPARK_PORT = 41_415;
/** Beyond its bound, what requests in flight may take. */
const SLACK_BYTES = 200_000;

/** Runs a seed. */
export async function runSeed(seed: number, options: RunOptions = {}): Promise<Outcome> {
  return await new World(seed, options).run();
}

class World {
  readonly #seed: number;
  readonly #plan: Plan;
  readonly #simulation: Simulation;
  readonly #events: Events;
  readonly #database: Database;
  readonly #invariants: Invariants;
  readonly #users: Users = { throws: false, hangs: false, databaseIsAway: false };
  readonly #job: Host;
  readonly #feeds: Feed[] = [];
  readonly #agents = new Map<Host, AgentPlan>();
  readonly #peers: Host[] = [];
  /** When each agent was killed last, in ms of simulated time. */
  readonly #killedAt = new Map<string, number>();
  readonly #sinks: string[] = [];
  readonly #story: CountedStory;
  readonly #supervisor: Supervisor;
  readonly #runs: JobRuns;
  /** A bit of the job's checkpoint has turned over. */
  #isRotten = false;
  /** The job has found that, and does not start. */
  #isRotFound = false;
  #isOver = false;
  /** When it is looked whether all is through. */
  #lookAt = 0;

  constructor(seed: number, { change, only, story = 'none', swarm = true }: RunOptions) {
    this.#seed = seed;
    this.#simulation = new Simulation({
      seed,
      keepLines: story === 'steps' ? 1_000_000 : 0,
      onCrash: (process, error) => this.#onCrash(process, error),
    });
    this.#story = new CountedStory(() => this.#simulation.now, story !== 'none');
    this.#supervisor = new Supervisor(this.#simulation, ({ name }, error) => {
      this.#story.tell(name, `ended: ${messageOf(error)}`);
      this.#judge(name, error);
    });
    const plan = planOf(this.#simulation.random.fork('plan'), swarm, only);
    this.#plan = change?.(plan) ?? plan;
    this.#job = this.#simulation.host('job');
    this.#events = new Events(
      () => this.#simulation.now,
      (made) => this.#invariants.acknowledged(made),
      this.#plan.bodyBytes,
    );
    const letters = new DeadLetters(this.#job.disk, LETTERS);
    this.#invariants = new Invariants(this.#plan, this.#events, letters, () => this.#simulation.now);
    this.#database = new Database(
      this.#simulation,
      this.#plan.faults.size > 0,
      () => this.#users.databaseIsAway,
      (written) => {
        this.#story.tell('database', `${written.output} of batch ${written.time}: ${written.rows.length} rows`);
        this.#invariants.written(written);
      },
    );
    this.#runs = new JobRuns({
      plan: this.#plan,
      simulation: this.#simulation,
      host: this.#job,
      database: this.#database,
      users: this.#users,
      log: this.#story.logOf('job'),
      tell: (what) => this.#story.tell('world', what),
    });
  }

  async run(): Promise<Outcome> {
    const back = this.#runs.install();
    try {
      return await this.#run();
    } finally {
      back();
    }
  }

  async #run(): Promise<Outcome> {
    this.#build();
    const { calmMs, faults, feedMs } = this.#plan;
    const simulation = this.#simulation;
    const driver = new FaultDriver(
      {
        simulation,
        job: this.#job,
        agents: [...this.#agents.keys()],
        peers: this.#peers,
        users: this.#users,
        stopJob: (timeout) => this.#stopJob(timeout),
        killed: (host) => this.#killed(host),
        kept: () => this.#runs.keptFiles(),
        rotted: () => {
          this.#isRotten = true;
        },
        tell: (what) => this.#story.tell('fault', what),
      },
      faults,
      calmMs,
    );
    await simulation.runFor(feedMs);
    driver.stop();
    heal([this.#job, ...this.#peers], this.#users);
    this.#story.tell('world', 'is well from now on');
    const well = await simulation.runUntil(() => this.#isThrough || this.#isRotFound, RECOVERY_MS);
    if (!well) this.#invariants.violated('wedge', this.#whatIsMissing());
    await this.#end();
    // Who finds damage does not start: what was put out until then is right, and nothing more is promised.
    if (!this.#isRotFound) this.#invariants.atEnd(this.#plan.job.files && well ? this.#runs.idsInFiles() : undefined);
    const { now, scheduler } = simulation;
    return {
      seed: this.#seed,
      plan: this.#plan,
      hash: simulation.traceHash(),
      violations: this.#invariants.violations,
      steps: scheduler.trace.events,
      simulatedMs: now,
      made: this.#events.all.size,
      batches: new Set(this.#database.written.map(({ batch }) => batch)).size,
      injected: driver.injected,
      reached: this.#story.reached,
      story: withSteps(this.#story.lines, simulation.trace.lines),
    };
  }

  #build(): void {
    const { agents, eventsPerPeer, feedMs, flumeSinks, job, sinksPerFlume, sparkSinks } = this.#plan;
    const random = this.#simulation.random.fork('feeds');
    const feed = (name: string): Feed => {
      const made = new Feed(name, this.#events);
      this.#feeds.push(made);
      for (let i = 0; i < eventsPerPeer; i++) {
        this.#simulation.world.after(random.between(0, feedMs), 'event', () => made.add());
      }
      return made;
    };
    const atJob = { host: this.#job.address, port: JOB_PORT };
    for (let i = 0; i < flumeSinks; i++) {
      const host = this.#peer(`flume${i}`);
      const own = feed(host.name);
      const settings = { ...atJob, batchSize: 10, timeout: job.peerTimeout };
      for (let sink = 0; sink < sinksPerFlume; sink++) {
        this.#supervisor.keepUp(host, `sink${sink}`, () => runFlumeSink(own, this.#events, settings));
      }
    }
    for (let i = 0; i < sparkSinks; i++) {
      const host = this.#peer(`spark${i}`);
      const own = feed(host.name);
      this.#sinks.push(`${host.address}:${SPARK_PORT}`);
      const settings = { port: SPARK_PORT, timeout: job.sinkTimeout, threads: 10 };
      this.#supervisor.keepUp(host, 'sink', () => runSparkSink(own, this.#events, settings));
    }
    if (job.lines) this.#writeLines(random);
    for (const agent of agents) {
      const host = this.#peer(agent.name);
      this.#agents.set(host, agent);
      const conf = confOf(agent, atJob, job.peerTimeout);
      this.#supervisor.keepUp(host, 'agent', () => runAgent(conf, this.#story.logOf(agent.name)));
      const application = this.#simulation.host(`app-${agent.name}`);
      const own = feed(application.name);
      this.#supervisor.keepUp(application, 'app', () =>
        runApplication(own, host.address, (ids) => this.#taken(agent, ids)),
      );
    }
    this.#watchMemory();
    this.#supervisor.keepUp(this.#job, 'job', () => this.#runs.run(this.#sinks));
  }

  /** Somebody moves files into a directory of the job's disk. */
  #writeLines(random: Random): void {
    const { eventsPerPeer, feedMs } = this.#plan;
    let number = 0;
    for (let file = 0; file * 3 < eventsPerPeer; file++) {
      this.#simulation.world.after(random.between(0, feedMs), 'file', () => {
        const made = Array.from({ length: 3 }, () => this.#events.make('lines', number++));
        this.#job.disk.put(`${LINES_DIR}/${file}.txt`, made.map(({ id, key }) => `${id} ${key}\n`).join(''));
      });
    }
  }

  #peer(name: string): Host {
    const host = this.#simulation.host(name);
    this.#peers.push(host);
    return host;
  }

  #stopJob(timeout: number): void {
    void this.#runs.stop(timeout)?.stopped.catch((error: unknown) => this.#judge('stop', error));
  }

  /** An agent told its application that it has events. */
  #taken(agent: AgentPlan, ids: readonly string[]): void {
    for (const id of ids) {
      const made = this.#events.all.get(id);
      if (made === undefined) continue;
      made.takenBy = agent.name;
      // The answer was under way when the agent was killed.
      const killedAt = this.#killedAt.get(agent.name) ?? Number.NEGATIVE_INFINITY;
      if (agent.channel !== 'file' && this.#simulation.now - killedAt < ANSWERS_MS) made.forfeited = true;
    }
  }

  /** What lies in the memory of an agent, and not on its disk, goes with it: nobody promised it. */
  #killed(host: Host): void {
    const agent = this.#agents.get(host);
    if (agent === undefined || agent.channel === 'file') return;
    this.#killedAt.set(agent.name, this.#simulation.now);
    const onDisk = idsOnDisk(host);
    for (const made of this.#events.all.values()) {
      if (made.takenBy === agent.name) made.forfeited = !onDisk.has(made.id);
    }
  }

  #onCrash(process: HostProcess, error: unknown): void {
    this.#story.tell(process.name, `crashed: ${messageOf(error)}`);
    this.#invariants.violated('crash', `${process.name}: ${error instanceof Error ? error.stack : messageOf(error)}`);
  }

  /** Some errors no fault of this world may lead to. */
  #judge(who: string, error: unknown): void {
    if (!(error instanceof StreamjobError)) return;
    if (['LOG_CORRUPT', 'CHANNEL_CORRUPT', 'CHECKPOINT_INCOMPATIBLE', 'CONFIG_INVALID'].includes(error.code)) {
      if (this.#isRotten && error.code === 'LOG_CORRUPT') {
        this.#isRotFound = true;
        return;
      }
      this.#invariants.violated('damage', `${who}: ${error.message} (${error.where ?? ''})`);
    }
  }

  /** Whether all that was sent is through, and everybody who waits was told. All events are gone through: not at every step. */
  get #isThrough(): boolean {
    const { now } = this.#simulation;
    if (now < this.#lookAt) return false;
    this.#lookAt = now + LOOK_MS;
    if (this.#feeds.some(({ waiting }) => waiting > 0)) return false;
    for (const { acknowledgedAt, forfeited, id, takenBy } of this.#events.all.values()) {
      if (forfeited) continue;
      if (!this.#invariants.isOut(id)) return false;
      if (takenBy === undefined && acknowledgedAt === undefined && isAnswered(id)) return false;
    }
    return this.#filesAreThrough;
  }

  /** Files are the last output of a batch. */
  get #filesAreThrough(): boolean {
    if (!this.#plan.job.files) return true;
    const inFiles = new Set(this.#runs.idsInFiles());
    return [...this.#events.all.values()].every(
      ({ forfeited, id }) => forfeited || !this.#invariants.put.has(id) || inFiles.has(id),
    );
  }

  #whatIsMissing(): string {
    const missing = [...this.#events.all.values()].filter(
      ({ forfeited, id }) => !forfeited && !this.#invariants.isOut(id),
    );
    const untold = [...this.#events.all.values()].filter(
      ({ acknowledgedAt, forfeited, id }) => !forfeited && acknowledgedAt === undefined && isAnswered(id),
    );
    const waiting = this.#feeds.filter((feed) => feed.waiting > 0).map(({ name, waiting }) => `${name} ${waiting}`);
    const inFiles = new Set(this.#plan.job.files ? this.#runs.idsInFiles() : []);
    const notInFiles = this.#plan.job.files ? [...this.#invariants.put.keys()].filter((id) => !inFiles.has(id)) : [];
    return `${missing.length} events are in no output, ${notInFiles.length} in no file (${notInFiles.slice(0, 5).join(', ')}), ${untold.length} were not acknowledged, waiting: ${waiting.join(', ') || 'none'}, the job has ${this.#runs.waitingEvents} waiting`;
  }

  /** The job stops gracefully, and its stop comes to an end. */
  async #end(): Promise<void> {
    this.#isOver = true;
    this.#supervisor.stop();
    const stop = this.#runs.stop();
    if (stop === undefined) return;
    let ended = false;
    stop.stopped.then(
      () => {
        ended = true;
      },
      (error: unknown) => this.#invariants.violated('wedge', `stop: ${messageOf(error)}`),
    );
    if (!(await this.#simulation.runUntil(() => ended || !stop.process.alive, STOP_MS))) {
      this.#invariants.violated('wedge', 'a graceful stop has not ended');
    }
  }

  /** Looks again and again whether more is held in memory than may be. */
  #watchMemory(): void {
    const { bodyBytes, flumeSinks, job, sinksPerFlume } = this.#plan;
    const most = job.maxBacklogBytes + SLACK_BYTES + flumeSinks * sinksPerFlume * 10 * bodyBytes;
    const look = (): void => {
      if (this.#isOver) return;
      const held = this.#runs.heldBytes;
      if (held > most) this.#invariants.violated('memory', `${held} bytes are held, and ${most} may be`);
      this.#simulation.world.after(LOOK_MS, 'look', look);
    };
    look();
  }
}

/** Whether the job answers who sends an event: not an agent's application, and not who writes a file. */
function isAnswered(id: string): boolean {
  return !id.startsWith('app-') && !id.startsWith('lines');
}
