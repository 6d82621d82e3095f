/**
 * The spark engine: stages run on the executors of a Spark cluster, through Spark Connect; states, windows and outputs are in the driver, which
 * is this process.
 */
import { createHash } from 'node:crypto';
import { StreamjobError } from '../../core/errors.ts';
import type { Engine, EngineSettings, JobProgram } from '../engine.ts';
import { InlineEngine } from '../inline.ts';
import type { Runner } from '../run/runner.ts';
import { type Relation, SparkSession } from './connect/client.ts';
import { graphHash } from './graph-hash.ts';
import { ProgramPlaces } from './places.ts';
import { SparkRunner } from './runner.ts';

/** As of EngineKind. @throws StreamjobError CONFIG_INVALID, CONNECT_FAILED, SPARK_FAILED, JOB_INVALID */
export async function openSpark(settings: EngineSettings): Promise<Engine> {
  const cluster = new Cluster(settings);
  await cluster.connect();
  const { accumulators, graph, numPartitions, skipPolicy } = settings;
  const keeping = (local: Runner): SparkRunner =>
    new SparkRunner({
      ...{ local, description: graphHash(graph), numPartitions, accumulators, skipPolicy, graph: graph.nodes },
      isCounting: () => settings.telemetry.isCounting === true,
      command: () => cluster.command(),
      run: (plan) => cluster.run(plan),
      places: () => cluster.places,
    });
  // Values on executors are not looked at.
  const engine = new SparkEngine({ ...settings, taps: undefined }, keeping, cluster);
  await engine.begin();
  return engine;
}

/** The inline engine, with a cluster that ends when it does. */
class SparkEngine extends InlineEngine {
  readonly #cluster: Cluster;

  constructor(settings: EngineSettings, keepingOf: (local: Runner) => SparkRunner, cluster: Cluster) {
    super(settings, keepingOf);
    this.#cluster = cluster;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#cluster.close();
  }
}

/** The way to the cluster: a session in which the job's program is shipped. */
class Cluster {
  readonly #settings: EngineSettings;
  #session: SparkSession | undefined;
  #program: Program | undefined;

  constructor(settings: EngineSettings) {
    this.#settings = settings;
  }

  /** @throws StreamjobError CONFIG_INVALID, CONNECT_FAILED, SPARK_FAILED */
  async connect(): Promise<SparkSession> {
    if (this.#session !== undefined) return this.#session;
    const { job, master } = this.#settings;
    if (master === undefined || job?.program === undefined) {
      throw new StreamjobError('CONFIG_INVALID', "engine 'spark' needs a master and a job that is a file", {
        where: 'master',
        hint: 'streamjob run JOB.ts --engine spark --master sc://HOST:15002',
      });
    }
    this.#program ??= programOf(await job.program());
    const session = new SparkSession(master);
    await session.addFile(this.#program.name, this.#program.text);
    this.#session = session;
    return session;
  }

  async command(): Promise<string> {
    await this.connect();
    return `exec node ${this.#session?.serverSideId}/${this.#program?.name}`;
  }

  get places(): ProgramPlaces | undefined {
    return this.#program?.places;
  }

  async run(plan: Relation): Promise<Uint8Array[]> {
    const session = await this.connect();
    try {
      return await session.run(plan, this.#settings.signal);
    } catch (error) {
      // A server that was started again knows nothing of the session: the next attempt begins another one.
      this.#session = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }
}

/** The job as it is shipped. */
interface Program {
  readonly name: string;
  readonly text: Uint8Array;
  readonly places: ProgramPlaces;
}

function programOf({ map, text }: JobProgram): Program {
  // The name says what is in it: a session refuses other bytes under a name that it has.
  const name = `streamjob-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.mjs`;
  return { name, text, places: new ProgramPlaces(name, map) };
}
