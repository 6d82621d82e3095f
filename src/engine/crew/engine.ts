/**
 * An engine of several members that run each batch together (run/runner.ts): each has the job's graph, its partitions of the data and
 * its buckets of the states. Each builds the graph again, so that no function has to be sent. Outputs run here and fetch what they ask
 * for. What members are, and how messages reach them, is the launcher's affair.
 */
import { toBytes } from '../../avro/stored-values.ts';
import { StreamjobError } from '../../core/errors.ts';
import type { Counter } from '../../core/telemetry.ts';
import type { Node } from '../../graph/node.ts';
import { RDD } from '../../graph/rdd.ts';
import { Windows } from '../../graph/windows.ts';
import { LocalState } from '../../state/durable-state.ts';
import { States } from '../../state/states.ts';
import type { PackedChange } from '../../state/store.ts';
import type { BatchReport, Engine, EngineSettings, JobElsewhere, StageBatch, StateReport } from '../engine.ts';
import { registerStates } from '../measures.ts';
import { fromMessage } from '../run/codecs.ts';
import { ownerOfBucket, ownerOfPartition } from '../run/ownership.ts';
import { Runner } from '../run/runner.ts';
import type { Slice } from '../slices.ts';
import { Crew } from './crew.ts';
import { describeGraph } from './graph-description.ts';
import { handOver } from './hand-over.ts';
import type { RunReport } from './messages.ts';
import { packInputs } from './packing.ts';
import { merged, mergedTaps } from './reports.ts';
import type { Launcher } from './transport.ts';

/** Data of a node at a time, at the members. */
interface KeptData {
  readonly owners: readonly number[];
  readonly nonEmpty: boolean;
  /** What outputs have fetched. */
  readonly fetched: Map<number, Promise<readonly unknown[]>>;
}

/** An engine of several members that run each batch together (run/runner.ts). */
export class CrewEngine implements Engine {
  readonly #settings: EngineSettings;
  readonly #launcher: Launcher;
  readonly #job: JobElsewhere;
  readonly #members: number;
  readonly #windows: Windows;
  /** How long the data of each node is remembered, by its id. */
  readonly #rememberMs: readonly number[];
  readonly #runner: Runner;
  /** Where states are put back before the members get them. */
  readonly #states: States;
  readonly #kept = new Map<number, Map<number, KeptData>>();
  #crew: Crew | undefined;
  /** Batches that have run and are not over, by their times. */
  readonly #ran = new Map<number, BatchReport>();
  #hasCommitted = false;
  /** How many keys each state has, as of the last batch that ran. */
  readonly #keys = new Map<string, number>();
  readonly #gauges: readonly (() => void)[];
  readonly #begun: Counter;

  private constructor(settings: EngineSettings, launcher: Launcher) {
    this.#settings = settings;
    this.#launcher = launcher;
    const { graph, job, names, numPartitions, openStore, signal, telemetry } = settings;
    if (job === undefined) {
      throw new StreamjobError('CONFIG_INVALID', `${launcher.where} needs to know where workers find the job`, {
        where: 'engine',
        hint: "run the job with 'streamjob run', or give the context job: { module: import.meta.url } of a module that exports the job",
      });
    }
    this.#job = job;
    this.#members = Math.min(numPartitions, launcher.mostMembers);
    this.#windows = new Windows(graph, names);
    this.#rememberMs = graph.nodes.map((node) => graph.rememberMs(node));
    this.#runner = new Runner({ signal: () => signal });
    this.#states = new States(graph, names, openStore);
    const sizes = this.#states.all.map(({ name }) => ({ name, keys: () => this.#keys.get(name) ?? 0 }));
    const members = (): number => (this.#crew === undefined || this.#crew.lost !== undefined ? 0 : this.#members);
    this.#gauges = [
      ...registerStates(telemetry, sizes),
      telemetry.gauge('crew_members', { help: 'members that run batches together' }, members),
    ];
    this.#begun = telemetry.counter('crews_begun', { help: 'how often members were started, all of them together' });
    signal.addEventListener('abort', () => this.#crew?.abort(stopped()));
  }

  /** @throws StreamjobError CONFIG_INVALID, GRAPH_DIFFERS, JOB_INVALID, WORKER_LOST, CHECKPOINT_VALUE, FILE_ACCESS */
  static async open(settings: EngineSettings, launcher: Launcher): Promise<CrewEngine> {
    const engine = new CrewEngine(settings, launcher);
    await engine.#begin();
    return engine;
  }

  async run(batch: StageBatch): Promise<BatchReport> {
    const { log, numPartitions, recovery, skipPolicy, taps, telemetry } = this.#settings;
    const { lost } = this.#crew ?? {};
    // An earlier batch may be waiting for its outputs: it must learn that its data is gone, and not find none.
    if (lost !== undefined && [...this.#ran.keys()].some((time) => time < batch.time)) throw lost;
    if (lost !== undefined) await this.#beginAgain(lost);
    const before = this.#ran.get(batch.time);
    if (before !== undefined) return { ...before, stages: [] };
    const crew = this.#crew as Crew;
    const inputs = packInputs(batch.blocks, numPartitions, this.#members, this.#launcher.memory);
    const common = {
      time: batch.time,
      skips: skipPolicy?.active === true,
      durable: recovery !== undefined,
      counts: telemetry.isCounting === true,
      taps: taps?.wanted ?? [],
    };
    let reports: RunReport[];
    try {
      reports = await crew.run(inputs.map((each) => ({ ...common, inputs: each })));
    } catch (error) {
      // One member may have ended its part: what is run again is run again by all.
      if (crew.lost === undefined) crew.broadcast({ type: 'forget', time: batch.time });
      else log.warn({ err: crew.lost }, `${crew.lost.message}: the batch is run again by new workers`);
      throw error;
    }
    return this.#take(batch.time, reports);
  }

  read<T>(node: Node<T>, time: number): RDD<T> | undefined {
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

  async bucket(state: string, index: number): Promise<PackedChange> {
    const found = this.#states.all.find(({ name }) => name === state);
    if (found === undefined) throw new Error(`there is no state ${state}`);
    const owner = this.#ownerOfBucket(found.node, index);
    const question = { type: 'bucket', node: found.node.id, bucket: index } as const;
    return (await (this.#crew as Crew).ask(owner, question)) as PackedChange;
  }

  async complete(time: number): Promise<void> {
    this.#hasCommitted = true;
    this.#crew?.broadcast({ type: 'complete', time });
    for (const [id, byTime] of this.#kept) {
      const oldest = time - (this.#rememberMs[id] ?? 0);
      for (const [at, { fetched }] of byTime) {
        if (at <= oldest) byTime.delete(at);
        else fetched.clear();
      }
    }
    this.#ran.delete(time);
  }

  async forget(time: number): Promise<void> {
    this.#crew?.broadcast({ type: 'forget', time });
    for (const byTime of this.#kept.values()) byTime.delete(time);
    this.#ran.delete(time);
  }

  get isEmpty(): boolean {
    for (const byTime of this.#kept.values()) for (const { nonEmpty } of byTime.values()) if (nonEmpty) return false;
    return true;
  }

  async close(): Promise<void> {
    for (const takeBack of this.#gauges) takeBack();
    await this.#crew?.close();
  }

  /** A crew, with all that has committed. */
  async #begin(): Promise<void> {
    const { graph, numPartitions, recovery, signal } = this.#settings;
    const slices: { readonly slice: Slice; readonly time: number }[] = [];
    await recovery?.restore({
      state: (name) => {
        const store = this.#states.named(name);
        return store && new LocalState(store);
      },
      slice: (slice, time) => slices.push({ slice, time }),
    });
    const settings = { job: this.#job, numPartitions, members: this.#members, graph: describeGraph(graph) };
    const crew = await Crew.open(this.#launcher, settings, signal);
    this.#crew = crew;
    this.#begun.add();
    for (const state of this.#states.all) {
      const { name, node, store } = state;
      this.#keys.set(name, store.size);
      const lastCommitted = handOver(state, (bucket, change) => {
        crew.send(this.#ownerOfBucket(node, bucket), { type: 'state', node: node.id, change });
      });
      if (lastCommitted !== undefined) crew.broadcast({ type: 'stated', node: node.id, lastCommitted });
    }
    for (const { slice, time } of slices) this.#sendSlice(crew, slice, time);
  }

  /** New members, with all that has committed. @throws StreamjobError ENGINE_LOST when it is nowhere */
  async #beginAgain(lost: StreamjobError): Promise<void> {
    const { log, recovery } = this.#settings;
    const remembers = this.#states.all.length > 0 || this.#windows.all.length > 0;
    if (recovery === undefined && remembers && this.#hasCommitted) {
      throw new StreamjobError('ENGINE_LOST', `${lost.message}; what it remembered is in no checkpoint`, {
        where: this.#launcher.where,
        hint: 'give the job a checkpointDir: then new workers go on from it',
        cause: lost,
      });
    }
    await this.#crew?.close();
    this.#ran.clear();
    this.#kept.clear();
    await this.#begin();
    log.info({ workers: this.#members }, 'new workers go on from the last commit');
  }

  #take(time: number, reports: readonly RunReport[]): BatchReport {
    const { accumulators, skipPolicy, taps } = this.#settings;
    const [first] = reports;
    taps?.take(time, mergedTaps(reports));
    for (const [i, { node, owners }] of (first?.nodes ?? []).entries()) {
      const nonEmpty = reports.some(({ nodes }) => nodes[i]?.nonEmpty === true);
      this.#byTime(node).set(time, { owners, nonEmpty, fetched: new Map() });
    }
    for (const { letters, accumulators: added } of reports) {
      skipPolicy?.add(letters);
      accumulators.receive(added);
    }
    const states = this.#states.all.map(({ name, node }): StateReport => {
      const own = reports.flatMap(({ states }) => states.filter((each) => each.node === node.id));
      return {
        state: name,
        touched: own.some(({ touched }) => touched),
        size: own.reduce((sum, { size }) => sum + size, 0),
        changes: own.flatMap(({ changes }) => changes),
      };
    });
    for (const { state, size } of states) this.#keys.set(state, size);
    const report = { ...merged(reports, toBytes([])), states };
    this.#ran.set(time, report);
    return report;
  }

  #sendSlice(crew: Crew, { owners, partitions }: Slice, time: number): void {
    const places = partitions.map((_, i) => ownerOfPartition(i, this.#members));
    for (let member = 0; member < this.#members; member++) {
      const own = partitions.map((bytes, i) => (places[i] === member ? bytes : null));
      crew.send(member, { type: 'slice', owners, time, partitions: own });
    }
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

  #ownerOfBucket(node: Node<unknown>, bucket: number): number {
    return ownerOfBucket(node, bucket, { members: this.#members, numPartitions: this.#settings.numPartitions });
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
