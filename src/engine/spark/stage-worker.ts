/**
 * The work of one task, without a word about how rows come and go: it makes the lineage again, runs its stage on the partitions that rows
 * are for, and gives the rows of the next stage, or of the result.
 */
import { hostname } from 'node:os';
import path from 'node:path';
import { StreamjobError } from '../../core/errors.ts';
import { monotonicMs } from '../../core/machine.ts';
import type { Graph } from '../../graph/graph.ts';
import { ArrayPartition, type Partition } from '../../graph/lineage.ts';
import type { Accumulators } from '../../graph/shared.ts';
import { packError } from '../crew/messages.ts';
import { LetterBox } from '../letters.ts';
import { readAhead } from '../read-ahead.ts';
import { PartitionRunner, type Plan } from '../run/partition-runner.ts';
import { callOrdered } from './called.ts';
import { brought, exchangePieces, exchangeTag, targetsOf } from './exchanging.ts';
import { ownOrder } from './own-order.ts';
import { retold } from './retold.ts';
import {
  ASKS,
  END,
  leafChunks,
  type PartitionWork,
  type Piece,
  packed,
  type Row,
  resultRows,
  unpacked,
  valuePieces,
  weightOf,
  workRow,
} from './rows.ts';
import { type SaveOrder, type TriedPart, tryPart } from './saving.ts';
import { slotsOf } from './slots.ts';
import { StageStates } from './stage-states.ts';
import {
  type Cut,
  cutIntoStages,
  type ExchangeLineage,
  type Origin,
  partAt,
  type Stage,
  type StagePartition,
  toldBy,
} from './stages.ts';
import { type EncodedPiece, writePieces } from './storage.ts';
import type { WrittenLines } from './task-log.ts';
import { MOST_INLINE_BYTES, type StatesLeft, type TaskEnd, type WorkOrder } from './work.ts';

/** Spark gives each executor a directory of its own. */
const EXECUTOR = `${hostname()}/${path.basename(process.cwd())}`;

/** What a worker has built. */
export interface BuiltJob {
  readonly graph: Graph;
  readonly accumulators: Accumulators;
  /** Of the graph: WorkOrder.graph of a driver that has built the same. */
  readonly description: string;
}

/** What a partition works with. */
interface Found {
  /** Its own number in its stage. */
  readonly number: number;
  readonly cut: Cut;
  readonly work: PartitionWork;
  readonly rows: readonly Row[];
}

/** The lineage of the tasks of a plan is made and cut once. */
interface KnownCut {
  readonly order: WorkOrder;
  readonly cut: Cut;
  /** The operator, for errors. */
  readonly name: string;
}

/** The end of a task that cannot begin. */
export function failedRow(error: unknown): Row {
  const end: TaskEnd = {
    ...{ stage: -1, partitions: [], read: 0, written: 0, bytes: 0, gave: [], letters: [], states: [] },
    ...{ accumulators: [], error: packError(error) },
    ...{ executor: EXECUTOR, saved: [], wrote: { lines: [], more: 0 } },
  };
  return { slot: END, tag: 'E', data: packed(end) };
}

/** Takes rows, runs what they order, and gives rows. */
export class StageWorker {
  readonly #job: BuiltJob;
  readonly #letters = new LetterBox();
  readonly #partitions: PartitionRunner;
  readonly #write: (row: Row) => void;
  readonly #states: StageStates;
  readonly #durations: [number, number][] = [];
  /** What it has made of states. */
  readonly #left: StatesLeft[] = [];
  readonly #saved: TriedPart[] = [];
  #cut: KnownCut | undefined;
  #read = 0;
  #written = 0;
  #bytes = 0;
  #stage = -1;
  #isCounting = false;
  #error: unknown;

  constructor(job: BuiltJob, write: (row: Row) => void) {
    this.#job = job;
    this.#write = write;
    this.#states = new StageStates(job.graph);
    const { signal } = new AbortController();
    this.#partitions = new PartitionRunner(
      { signal: () => signal, skipPolicy: this.#letters, isCounting: () => this.#isCounting },
      0,
    );
  }

  /** All rows of one slot. Nothing is thrown: the end tells. */
  async take(rows: readonly Row[]): Promise<void> {
    if (rows[0]?.slot === END) {
      // What is for the driver goes through the stages behind.
      for (const row of rows) this.#write(row);
    } else this.#read += rows.length;
    if (this.#error !== undefined) return;
    try {
      const asked = rows.find(({ tag }) => tag === ASKS);
      if (asked !== undefined) this.#requireGraph({ graph: asked.data });
      if (rows[0]?.slot === END) return;
      const orders = rows.filter(({ tag }) => tag.startsWith('P'));
      const [order, second] = orders;
      if (order === undefined || second !== undefined) throw new Error(`a partition has ${orders.length} work orders`);
      await this.#work(unpacked(order.data) as PartitionWork, Number(order.tag.slice(1)), rows);
    } catch (error) {
      this.#error = error;
    }
  }

  /**
   * Writes the end of the task: without it nobody takes what was written for all there is.
   * @param wrote what functions wrote with console
   */
  end(wrote: WrittenLines): void {
    const end: TaskEnd = {
      stage: this.#stage,
      partitions: this.#durations,
      read: this.#read,
      written: this.#written,
      bytes: this.#bytes,
      gave: [...this.#partitions.takeGave()],
      letters: this.#letters.letters,
      accumulators: this.#job.accumulators.take(),
      states: this.#left,
      ...{ executor: EXECUTOR, wrote, saved: this.#saved },
      error: this.#error === undefined ? undefined : packError(this.#error),
    };
    this.#write({ slot: END, tag: 'E', data: packed(end) });
  }

  /** Closes what the task has opened. */
  close(): void {
    this.#states.close();
  }

  #give(row: Row): void {
    this.#written++;
    this.#bytes += row.data.length;
    this.#write(row);
  }

  async #work(work: PartitionWork, number: number, rows: readonly Row[]): Promise<void> {
    const { call, order, save } = work;
    const began = monotonicMs();
    this.#stage = order.stage;
    if (save !== undefined) await this.#savePart(work, save, number);
    else {
      this.#requireGraph(order);
      if (call !== undefined) await callOrdered(this.#job.graph, call, work, number);
      else await this.#runStage(work, number, rows);
    }
    this.#durations.push([number, monotonicMs() - began]);
  }

  async #savePart(work: PartitionWork, save: SaveOrder, number: number): Promise<void> {
    const values: unknown[] = [];
    for (const chunk of readAhead(leafChunks(work, 0))) (await chunk).forEach((value) => void values.push(value));
    this.#saved.push(tryPart(save, number, values));
  }

  async #runStage(work: PartitionWork, number: number, rows: readonly Row[]): Promise<void> {
    const { order } = work;
    const { cut, name } = this.#cutOf(order);
    const stage = cut.stages[order.stage] as Stage;
    const partition = stage.partitions[number] as StagePartition;
    this.#letters.active = order.skips;
    this.#isCounting = order.counts;
    await this.#letters.stage(async () => {
      if (work.later !== undefined) this.#tellNext(stage, cut, work.later);
      const plan = await this.#planOf(partition, { number, cut, rows, work });
      if (stage.into === undefined) {
        const pieces = [...valuePieces(await this.#partitions.collect(plan), name)];
        for (const row of resultRows(number, this.#stored(order, pieces))) this.#give(row);
      } else await this.#exchange(plan, stage, number);
    });
  }

  /** The partitions that read what this stage gives learn from it what their work is. */
  #tellNext(stage: Stage, cut: Cut, later: readonly WorkOrder[]): void {
    const next = cut.stages.find((each) => toldBy(cut, each) === stage);
    if (next === undefined) return;
    const slots = slotsOf(next.partitions.length);
    const order = later[next.number] as WorkOrder;
    for (const [i, partition] of next.partitions.entries()) {
      const own = ownOrder(order, partition);
      this.#give(workRow(slots[i] ?? 0, i, { order: own, leaves: [], later: i === 0 ? later : undefined }));
    }
  }

  /** What is large lies in the storage from now on. */
  #stored({ storage, time }: WorkOrder, pieces: readonly EncodedPiece[]): readonly Piece[] {
    const weight = pieces.reduce((sum, piece) => sum + weightOf(piece), 0);
    if (storage === undefined || weight <= MOST_INLINE_BYTES) return pieces;
    return writePieces(storage.directory, time, pieces);
  }

  /** @throws StreamjobError GRAPH_DIFFERS */
  #requireGraph({ graph }: Pick<WorkOrder, 'graph'>): void {
    if (graph === this.#job.description) return;
    throw new StreamjobError('GRAPH_DIFFERS', 'the job builds another graph on an executor', {
      where: "engine 'spark'",
      hint:
        'build must make the same graph each time: let nothing in it depend on the time, on random numbers or on the machine. Variables of ' +
        'the environment that it reads are named with --executor-env',
    });
  }

  #cutOf(order: WorkOrder): KnownCut {
    const { node, path, time, leaves, facts, numPartitions } = order;
    const known = this.#cut;
    const isKnown = known?.order.time === time && known.order.node === node && known.order.path.join() === path.join();
    if (known !== undefined && isKnown) return known;
    const target = this.#job.graph.nodes[node];
    if (target === undefined) throw new Error(`there is no node ${node}`);
    const lineage = retold(this.#job.graph, target, time, facts, numPartitions);
    const cut = cutIntoStages(partAt(lineage, path), order.storage !== undefined, (leaf) => leaves[leaf] ?? 0);
    this.#cut = { order, cut, name: target.name };
    return this.#cut;
  }

  /** The partition with its steps, as a partition runner takes it. */
  async #planOf({ origin, way }: StagePartition, found: Found): Promise<Plan> {
    const { number } = found;
    let partition = await this.#originOf(origin, found);
    let steps: Plan['steps'] = [];
    for (const each of way) {
      if (each.kind === 'step') {
        steps = [...steps, each.bound];
        continue;
      }
      const before = partition;
      const values = await this.#partitions.collect({ partition: number, load: () => before, steps });
      const done = await each.lineage.run(values, new AbortController().signal, this.#partitions.skip);
      partition = new ArrayPartition(done);
      steps = [];
    }
    return { partition: number, load: () => partition, steps };
  }

  async #originOf(origin: Origin, found: Found): Promise<Partition<unknown>> {
    if (origin.kind === 'leaf') return { chunks: leafChunks(found.work, origin.leaf) };
    if (origin.kind === 'exchange') {
      return new ArrayPartition(brought(found.cut, origin.exchange, found.rows, this.#partitions));
    }
    const inputs: (readonly unknown[])[] = [];
    for (const parent of origin.parents) {
      const plan = parent && (await this.#planOf(parent, found));
      inputs.push(plan === undefined ? [] : await this.#partitions.collect(plan));
    }
    // Each partition's order has the versions of its own states only.
    const { left, values } = await this.#states.run(origin, inputs, found.work.order, this.#partitions.skip);
    if (left !== undefined) this.#left.push(left);
    const partition = Array.isArray(values) ? new ArrayPartition(values) : (values as Partition<unknown>);
    if (partition.size !== undefined) this.#partitions.gave(origin.lineage, partition.size);
    return partition;
  }

  async #exchange(plan: Plan, stage: Stage, partition: number): Promise<void> {
    const { cut } = this.#cut as KnownCut;
    const exchange = cut.exchanges[stage.into ?? 0] as ExchangeLineage;
    const pieces = await exchangePieces(exchange, plan, partition, this.#partitions);
    const slots = targetsOf(cut, stage);
    for (const [target, data] of pieces.entries()) {
      const slot = slots.get(target) ?? END;
      if (data !== undefined) this.#give({ slot, tag: exchangeTag(stage.into ?? 0, partition), data: packed(data) });
    }
  }
}
