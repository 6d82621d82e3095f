/**
 * The threads engine: worker threads run the stages, the main thread never looks at an event. Each worker builds the job's graph
 * again, so that no function has to be sent; all of them run each batch together (run/runner.ts), and keep what is remembered of
 * their partitions. Outputs run in the main thread and fetch what they ask for.
 */
import { availableParallelism } from 'node:os';
import { toBytes } from '../../avro/stored-values.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { Node } from '../../graph/node.ts';
import { RDD } from '../../graph/rdd.ts';
import type { PackedChange } from '../../graph/state/store.ts';
import type { Engine, EngineKind, EngineSettings, StageBatch } from '../engine.ts';
import { fromMessage } from '../run/codecs.ts';
import { Runner } from '../run/runner.ts';
import type { Slice } from '../slices.ts';
import { Windows } from '../windows.ts';
import { Crew } from './crew.ts';
import { describeGraph } from './graph-description.ts';
import { ownerOfBucket } from './member.ts';
import type { RunReport } from './messages.ts';
import { packInputs } from './packing.ts';
import { RemoteState } from './remote-state.ts';

/** The engine's entry in the list. */
export const threadsEngine: EngineKind = {
  type: 'threads',
  shared: true,
  open: (settings) => new ThreadsEngine(settings),
};

/** Data of a node at a time, in the workers. */
interface KeptData {
  readonly owners: readonly number[];
  readonly nonEmpty: boolean;
  /** What outputs have fetched. */
  readonly fetched: Map<number, Promise<readonly unknown[]>>;
}

class ThreadsEngine implements Engine {
  readonly #settings: EngineSettings;
  readonly #job: NonNullable<EngineSettings['job']>;
  readonly #members: number;
  readonly #windows: Windows;
  /** How long the data of each node is remembered, by its id. */
  readonly #rememberMs: readonly number[];
  readonly #runner: Runner;
  readonly #states = new Map<Node<unknown>, RemoteState>();
  /** Slices that are put back before the workers are there. */
  #restored: { readonly slice: Slice; readonly time: number }[] = [];
  readonly #kept = new Map<number, Map<number, KeptData>>();
  #crew: Crew | undefined;
  /** Batches that have run and are not over, by their times: what windows will read of them. */
  readonly #ran = new Map<number, readonly Slice[]>();
  #hasCommitted = false;

  constructor(settings: EngineSettings) {
    this.#settings = settings;
    const { graph, job, names, numPartitions, signal } = settings;
    if (job === undefined) {
      throw new StreamjobError('CONFIG_INVALID', "engine 'threads' needs to know where workers find the job", {
        where: 'engine',
        hint: "run the job with 'streamjob run', or give the context job: { module: import.meta.url } of a module that exports the job",
      });
    }
    this.#job = job;
    // On a machine with one core still two, so that a job is run there as it is elsewhere.
    this.#members = Math.min(numPartitions, Math.max(2, availableParallelism()));
    this.#windows = new Windows(graph, names);
    this.#rememberMs = graph.nodes.map((node) => graph.rememberMs(node));
    this.#runner = new Runner({ signal: () => signal });
    for (const node of graph.nodes) {
      if (node.store === undefined) continue;
      this.#states.set(node, new RemoteState(node, node.store, (bucket) => this.#askBucket(node, bucket)));
    }
    signal.addEventListener('abort', () => this.#crew?.abort(stopped()));
  }

  stateOf(node: Node<unknown>): RemoteState | undefined {
    return this.#states.get(node);
  }

  async start(): Promise<void> {
    const { graph, numPartitions, signal } = this.#settings;
    const settings = { job: this.#job, numPartitions, members: this.#members, graph: describeGraph(graph) };
    this.#crew = await Crew.open(settings, signal);
    for (const state of this.#states.values()) this.#handOver(state);
    for (const { slice, time } of this.#restored) this.#sendSlice(slice, time);
    this.#restored = [];
  }

  async run(batch: StageBatch): Promise<void> {
    const { isDurable, log, numPartitions, poison, signal } = this.#settings;
    if (signal.aborted) throw stopped();
    const { lost } = this.#crew ?? {};
    // An earlier batch may be waiting for its outputs: it must learn that its data is gone, and not find none.
    if (lost !== undefined && [...this.#ran.keys()].some((time) => time < batch.time)) throw lost;
    if (lost !== undefined) await this.#startAgain();
    if (this.#ran.has(batch.time)) return;
    const crew = this.#crew as Crew;
    const inputs = packInputs(batch.blocks, numPartitions, this.#members);
    const common = { time: batch.time, skips: poison?.active === true, durable: isDurable() };
    let reports: RunReport[];
    try {
      reports = await crew.run(inputs.map((each) => ({ ...common, inputs: each })));
    } catch (error) {
      // One worker may have ended its part: what is run again is run again by all.
      if (crew.lost === undefined) crew.broadcast({ type: 'forget', time: batch.time });
      else log.warn({ err: crew.lost }, `${crew.lost.message}: the batch is run again by new workers`);
      throw error;
    }
    this.#take(batch.time, reports);
  }

  rddOf<T>(node: Node<T>, time: number): RDD<T> | undefined {
    const data = this.#kept.get(node.id)?.get(time);
    if (data === undefined) return undefined;
    return new RDD<T>(
      {
        kind: 'remote',
        numPartitions: data.owners.length,
        load: (partition, limit) => this.#fetch(node.id, time, data, partition, limit) as Promise<readonly T[]>,
      },
      this.#runner,
    );
  }

  timesOf(node: Node<unknown>, after: number, upTo: number): readonly number[] {
    return [...this.#byTime(node.id).keys()].filter((time) => time > after && time <= upTo).sort((a, b) => a - b);
  }

  complete(time: number): void {
    this.#hasCommitted = true;
    this.#crew?.broadcast({ type: 'complete', time });
    for (const state of this.#states.values()) state.completed(time);
    for (const [id, byTime] of this.#kept) {
      const oldest = time - (this.#rememberMs[id] ?? 0);
      for (const [at, { fetched }] of byTime) {
        if (at <= oldest) byTime.delete(at);
        else fetched.clear();
      }
    }
    this.#ran.delete(time);
  }

  forget(time: number): void {
    this.#crew?.broadcast({ type: 'forget', time });
    for (const byTime of this.#kept.values()) byTime.delete(time);
    this.#ran.delete(time);
  }

  async slices(time: number): Promise<readonly Slice[]> {
    return this.#ran.get(time) ?? [];
  }

  isRead(owners: readonly string[], time: number, now: number): boolean {
    return this.#windows.isRead(owners, time, now);
  }

  restore(slice: Slice, time: number): void {
    this.#restored.push({ slice, time });
  }

  get isEmpty(): boolean {
    for (const byTime of this.#kept.values()) for (const { nonEmpty } of byTime.values()) if (nonEmpty) return false;
    return true;
  }

  async close(): Promise<void> {
    await this.#crew?.close();
  }

  /** New workers, with all that has committed. @throws StreamjobError ENGINE_LOST when it is nowhere */
  async #startAgain(): Promise<void> {
    const lost = this.#crew?.lost;
    const reload = this.#settings.reload();
    const remembers = this.#states.size > 0 || this.#windows.all.length > 0;
    if (reload === undefined && remembers && this.#hasCommitted) {
      throw new StreamjobError('ENGINE_LOST', `${lost?.message}; what it remembered is in no checkpoint`, {
        where: "engine 'threads'",
        hint: 'give the job a checkpointDir: then new workers go on from it',
        cause: lost,
      });
    }
    await this.#crew?.close();
    this.#ran.clear();
    this.#kept.clear();
    for (const state of this.#states.values()) state.takeBack();
    const states = new Map<string, RemoteState>();
    for (const [node, state] of this.#states) states.set(this.#settings.names.get(node) ?? state.operator, state);
    await reload?.({ states, restore: (slice, time) => this.restore(slice, time) });
    await this.start();
    this.#settings.log.info({ workers: this.#members }, 'new worker threads go on from the last commit');
  }

  #take(time: number, reports: readonly RunReport[]): void {
    const { accumulators, poison } = this.#settings;
    const [first] = reports;
    for (const [i, { node, owners }] of (first?.nodes ?? []).entries()) {
      const nonEmpty = reports.some(({ nodes }) => nodes[i]?.nonEmpty === true);
      this.#byTime(node).set(time, { owners, nonEmpty, fetched: new Map() });
    }
    for (const [node, state] of this.#states) {
      state.ran(
        time,
        reports.flatMap(({ states }) => states.filter((each) => each.node === node.id)),
      );
    }
    for (const { letters, accumulators: added } of reports) {
      poison?.add(letters);
      accumulators.receive(added);
    }
    this.#ran.set(time, mergeSlices(reports));
  }

  #handOver(state: RemoteState): void {
    const crew = this.#crew as Crew;
    const { node, lastCommitted } = state;
    state.handOver((bucket, change) => {
      crew.send(this.#ownerOfBucket(node, bucket), { type: 'state', node: node.id, change });
    });
    if (lastCommitted !== undefined) crew.broadcast({ type: 'stated', node: node.id, lastCommitted });
  }

  #sendSlice({ owners, partitions }: Slice, time: number): void {
    for (let member = 0; member < this.#members; member++) {
      const own = partitions.map((bytes, i) => (i % this.#members === member ? bytes : null));
      this.#crew?.send(member, { type: 'slice', owners, time, partitions: own });
    }
    const places = partitions.map((_, i) => i % this.#members);
    for (const { node } of this.#windows.readBy(owners)) {
      this.#byTime(node.id).set(time, { owners: places, nonEmpty: true, fetched: new Map() });
    }
  }

  #fetch(
    node: number,
    time: number,
    data: KeptData,
    partition: number,
    limit = Number.POSITIVE_INFINITY,
  ): Promise<readonly unknown[]> {
    const present = data.fetched.get(partition);
    if (present !== undefined) return present;
    const owner = data.owners[partition] ?? 0;
    const asked = (this.#crew as Crew).ask(owner, { type: 'fetch', node, time, partition, limit }).then(fromMessage);
    // An output that is run again reads the same once more; a part of it would be no help.
    if (limit === Number.POSITIVE_INFINITY) data.fetched.set(partition, asked);
    return asked;
  }

  #askBucket(node: Node<unknown>, bucket: number): Promise<PackedChange> {
    return (this.#crew as Crew).ask(this.#ownerOfBucket(node, bucket), {
      type: 'bucket',
      node: node.id,
      bucket,
    }) as Promise<PackedChange>;
  }

  #ownerOfBucket(node: Node<unknown>, bucket: number): number {
    const { numPartitions } = this.#settings;
    return ownerOfBucket(node, bucket, { members: this.#members, numPartitions });
  }

  #byTime(node: number): Map<number, KeptData> {
    let byTime = this.#kept.get(node);
    if (byTime === undefined) {
      byTime = new Map();
      this.#kept.set(node, byTime);
    }
    return byTime;
  }
}

function stopped(): StreamjobError {
  return new StreamjobError('CONTEXT_STATE', 'the context was stopped while a batch ran');
}

/** The slices of all workers: each has packed its own partitions. */
function mergeSlices(reports: readonly RunReport[]): Slice[] {
  const merged = new Map<string, { readonly owners: readonly string[]; readonly partitions: (Uint8Array | null)[] }>();
  for (const { slices } of reports) {
    for (const { owners, partitions } of slices) {
      const key = owners.join('\u0000');
      const present = merged.get(key);
      if (present === undefined) merged.set(key, { owners, partitions: [...partitions] });
      else for (const [i, bytes] of partitions.entries()) present.partitions[i] ??= bytes;
    }
  }
  const empty = toBytes([]);
  return [...merged.values()].map(({ owners, partitions }) => ({
    owners,
    partitions: partitions.map((bytes) => bytes ?? empty),
  }));
}
