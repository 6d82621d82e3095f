/**
 * The spark engine: stages run on the executors of a Spark cluster, through Spark Connect; outputs are in the driver, which is this process.
 * With a storage that all see, the driver knows of data and states only where they lie; without one they are its own.
 */
import { createHash } from 'node:crypto';
import { StoredEvents } from '../../avro/stored-events.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { Graph } from '../../graph/graph.ts';
import type { PackedChange } from '../../state/store.ts';
import type { BatchReport, Engine, EngineSettings, InputPieces, JobProgram, StageBatch } from '../engine.ts';
import { InlineEngine } from '../inline.ts';
import type { Runner } from '../run/runner.ts';
import { pieceOf, StoredChunk } from '../stored-chunk.ts';
import { BRIDGE } from './bridge.ts';
import { type Relation, SparkSession } from './connect/client.ts';
import { Executors } from './executors.ts';
import { graphHash } from './graph-hash.ts';
import { LastStages } from './last-stage.ts';
import { type NodeArchive, nodeArchive } from './node-archive.ts';
import { membersOf } from './node-work.ts';
import { ProgramPlaces } from './places.ts';
import { SparkRunner } from './runner.ts';
import { SharedData } from './shared-data.ts';
import { RunStorage } from './storage.ts';
import { warmUp } from './warm-up.ts';

/** As of EngineKind. @throws StreamjobError CONFIG_INVALID, CONNECT_FAILED, SPARK_FAILED, JOB_INVALID */
export async function openSpark(settings: EngineSettings): Promise<Engine> {
  const cluster = new Cluster(settings);
  const { accumulators, graph, log, numPartitions, skipPolicy } = settings;
  const executors = new Executors(settings.telemetry, log);
  const description = graphHash(graph);
  let shared: SharedData | undefined;
  try {
    await cluster.connect();
    await warmUp({
      ...{ batchMs: graph.batchMs, overlaps: overlaps(graph), log, graph: description },
      command: () => cluster.command(),
      run: (plan, signal) => cluster.run(plan, signal),
      look: (ends) => membersOf(ends, { executors, places: () => cluster.places }, undefined),
    });
    shared = await sharedData(settings);
  } catch (error) {
    executors.close();
    await cluster.close();
    throw error;
  }
  const keeping = (local: Runner): SparkRunner =>
    new SparkRunner({
      ...{
        local,
        description,
        numPartitions,
        accumulators,
        skipPolicy,
        graph: graph.nodes,
        functions: graph.functions,
        storage: shared,
      },
      ...{ executors, lastStages: new LastStages() },
      isCounting: () => settings.telemetry.isCounting === true,
      command: () => cluster.command(),
      run: (plan) => cluster.run(plan),
      places: () => cluster.places,
    });
  // Values on executors are not looked at.
  const own = { ...settings, taps: undefined, openStore: shared?.openStore ?? settings.openStore };
  const engine = new SparkEngine(own, keeping, { cluster, shared, executors });
  try {
    await engine.begin();
    return engine;
  } catch (error) {
    // Nobody else knows of it: what it has in the cluster and in the storage would stay.
    await engine.close().catch(() => {});
    throw error;
  }
}

async function sharedData(settings: EngineSettings): Promise<SharedData | undefined> {
  const { graph, log, numPartitions, recovery, storage } = settings;
  if (storage === undefined) return undefined;
  const opened = await RunStorage.open(storage, log);
  return new SharedData({ storage: opened, graph, numPartitions, durable: recovery !== undefined });
}

/** What ends with the engine. */
interface SparkParts {
  readonly cluster: Cluster;
  readonly shared: SharedData | undefined;
  readonly executors: Executors;
}

/** The inline engine, with a cluster and a storage that end when it does. */
class SparkEngine extends InlineEngine {
  readonly #parts: SparkParts;
  readonly overlaps: boolean;

  constructor(settings: EngineSettings, keepingOf: (local: Runner) => SparkRunner, parts: SparkParts) {
    super(settings, keepingOf);
    this.#parts = parts;
    this.overlaps = overlaps(settings.graph);
  }

  protected override get holdsPast(): boolean {
    return this.#parts.shared === undefined;
  }

  override async run(batch: StageBatch): Promise<BatchReport> {
    try {
      return await super.run({
        ...batch,
        blocks: new Map([...batch.blocks].map(([id, pieces]) => [id, readable(pieces)])),
      });
    } catch (error) {
      await this.#parts.shared?.lookAt(error);
      throw error;
    }
  }

  override async bucket(state: string, index: number): Promise<PackedChange> {
    try {
      return await super.bucket(state, index);
    } catch (error) {
      await this.#parts.shared?.lookAt(error);
      throw error;
    }
  }

  override async complete(time: number): Promise<void> {
    await super.complete(time);
    this.#parts.shared?.tidy(time);
  }

  override async close(): Promise<void> {
    await super.close();
    this.#parts.executors.close();
    await this.#parts.cluster.close();
    await this.#parts.shared?.close();
  }
}

/** Windows and states take in one batch after the other. */
function overlaps(graph: Graph): boolean {
  return graph.nodes.every((node) => node.state === undefined && graph.rememberMs(node) === 0);
}

/** What came by reference can be read by whoever wants it, here or there. */
function readable(pieces: InputPieces): InputPieces {
  return pieces.map((piece) =>
    piece.events instanceof StoredEvents ? { ...piece, events: new StoredChunk(pieceOf(piece.events)) } : piece,
  );
}

/** The way to the cluster: a session in which the job's program is shipped. */
class Cluster {
  readonly #settings: EngineSettings;
  #session: SparkSession | undefined;
  #program: Program | undefined;
  /** Undefined: executors have one. */
  #node: NodeArchive | undefined;

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
    await session.addFile(BRIDGE_NAME, Buffer.from(BRIDGE));
    if (this.#settings.shipNode === true) {
      this.#node ??= await nodeArchive();
      await session.addArchive(this.#node.name, this.#node.bytes);
    }
    this.#session = session;
    return session;
  }

  async command(): Promise<string> {
    await this.connect();
    const directory = this.#session?.serverSideId;
    // Read by the shell that Spark starts for a task: another one takes some milliseconds.
    return `. ${directory}/${BRIDGE_NAME} ${directory}/${this.#program?.name} ${this.#nodePath()}`;
  }

  /** Of what runs the program, on an executor. */
  #nodePath(): string {
    const node = this.#node;
    return node === undefined ? 'node' : `${this.#session?.serverSideId}/${node.name}/${node.program}`;
  }

  get places(): ProgramPlaces | undefined {
    return this.#program?.places;
  }

  /** @param until ends the plan, beside the engine's own signal */
  async run(plan: Relation, until?: AbortSignal): Promise<Uint8Array[]> {
    const session = await this.connect();
    const { signal } = this.#settings;
    // A signal of its own: what listens to it does not stop when the plan is over.
    const own = new AbortController();
    const abort = (): void => own.abort();
    signal.addEventListener('abort', abort);
    until?.addEventListener('abort', abort);
    try {
      return await session.run(plan, own.signal);
    } catch (error) {
      if (isSessionLost(error) && this.#session === session) {
        // The next attempt begins another one. Where the server knows it still, it lets it go.
        this.#session = undefined;
        void session.close();
      }
      throw error;
    } finally {
      signal.removeEventListener('abort', abort);
      until?.removeEventListener('abort', abort);
    }
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }
}

/**
 * Whether a server that was started again, or another one, knows nothing of the session. After any other failure it stays: in another one the
 * program would be shipped again, and each executor would start workers beside those that it has.
 */
function isSessionLost(error: unknown): boolean {
  if (!(error instanceof StreamjobError)) return true;
  return error.code === 'CONNECT_FAILED' || /INVALID_HANDLE/.test(error.message);
}

const BRIDGE_NAME = `streamjob-${hashOf(BRIDGE)}.sh`;

/** The job as it is shipped. */
interface Program {
  readonly name: string;
  readonly text: Uint8Array;
  readonly places: ProgramPlaces;
}

function programOf({ map, text }: JobProgram): Program {
  // The name says what is in it: a session refuses other bytes under a name that it has.
  const name = `streamjob-${hashOf(text)}.mjs`;
  return { name, text, places: new ProgramPlaces(name, map) };
}

function hashOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}
