/**
 * The work of one task, without a word about how rows come and go: it makes the lineage again, runs its stage on the partitions that rows
 * are for, and gives the rows of the next stage, or of the result.
 */
import { StreamjobError } from '../../core/errors.ts';
import { monotonicMs } from '../../core/machine.ts';
import type { Graph } from '../../graph/graph.ts';
import { ArrayPartition, type Partition } from '../../graph/lineage.ts';
import type { Accumulators } from '../../graph/shared.ts';
import { packError } from '../crew/messages.ts';
import { LetterBox } from '../letters.ts';
import { pairsCodec, valuesCodec } from '../run/codecs.ts';
import { MapSide, type Pairs, reduced } from '../run/combining.ts';
import { byUser } from '../run/guarded.ts';
import { PartitionRunner, type Plan } from '../run/partition-runner.ts';
import { retold } from './retold.ts';
import { END, leafChunks, packed, type Row, resultRows, unpacked } from './rows.ts';
import { slotsOf } from './slots.ts';
import { type Cut, cutIntoStages, type ExchangeLineage, partAt, type Stage, type StagePartition } from './stages.ts';
import type { TaskEnd, WorkOrder } from './work.ts';

/** What a worker has built. */
export interface BuiltJob {
  readonly graph: Graph;
  readonly accumulators: Accumulators;
  /** Of the graph: WorkOrder.graph of a driver that has built the same. */
  readonly description: string;
}

/** The lineage of the tasks of a plan is made and cut once. */
interface KnownCut {
  readonly order: WorkOrder;
  readonly cut: Cut;
  /** The operator, for errors. */
  readonly name: string;
}

/** Takes rows, runs what they order, and gives rows. */
export class StageWorker {
  readonly #job: BuiltJob;
  readonly #letters = new LetterBox();
  readonly #partitions: PartitionRunner;
  readonly #write: (row: Row) => void;
  readonly #durations: [number, number][] = [];
  #cut: KnownCut | undefined;
  #read = 0;
  #written = 0;
  #stage = -1;
  #isCounting = false;
  #error: unknown;

  constructor(job: BuiltJob, write: (row: Row) => void) {
    this.#job = job;
    this.#write = write;
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
      return;
    }
    this.#read += rows.length;
    if (this.#error !== undefined) return;
    try {
      const orders = rows.filter(({ tag }) => tag.startsWith('P'));
      const [order, second] = orders;
      if (order === undefined || second !== undefined) throw new Error(`a partition has ${orders.length} work orders`);
      await this.#work(unpacked(order.data) as WorkOrder, Number(order.tag.slice(1)), rows);
    } catch (error) {
      this.#error = error;
    }
  }

  /** Writes the end of the task: without it nobody takes what was written for all there is. */
  end(): void {
    const end: TaskEnd = {
      stage: this.#stage,
      partitions: this.#durations,
      read: this.#read,
      written: this.#written,
      gave: [...this.#partitions.takeGave()],
      letters: this.#letters.letters,
      accumulators: this.#job.accumulators.take(),
      error: this.#error === undefined ? undefined : packError(this.#error),
    };
    this.#write({ slot: END, tag: 'E', data: packed(end) });
  }

  #give(row: Row): void {
    this.#written++;
    this.#write(row);
  }

  async #work(order: WorkOrder, number: number, rows: readonly Row[]): Promise<void> {
    const began = monotonicMs();
    const { cut, name } = this.#cutOf(order);
    const stage = cut.stages[order.stage] as Stage;
    const partition = stage.partitions[number] as StagePartition;
    this.#stage = order.stage;
    this.#letters.active = order.skips;
    this.#isCounting = order.counts;
    await this.#letters.stage(async () => {
      const plan = await this.#planOf(partition, number, cut, rows);
      if (stage.into === undefined) {
        const values = await this.#partitions.collect(plan);
        for (const row of resultRows(number, values, name)) this.#give(row);
      } else await this.#exchange(cut.exchanges[stage.into] as ExchangeLineage, plan, order.stage, number);
    });
    this.#durations.push([number, monotonicMs() - began]);
  }

  #cutOf(order: WorkOrder): KnownCut {
    const { graph, node, path, time, leaves, facts, numPartitions } = order;
    if (graph !== this.#job.description) {
      throw new StreamjobError('GRAPH_DIFFERS', 'the job builds another graph on an executor', {
        where: "engine 'spark'",
        hint: 'build must make the same graph each time: let nothing in it depend on the time, on random numbers or on the machine',
      });
    }
    const known = this.#cut;
    const isKnown = known?.order.time === time && known.order.node === node && known.order.path.join() === path.join();
    if (known !== undefined && isKnown) return known;
    const target = this.#job.graph.nodes[node];
    if (target === undefined) throw new Error(`there is no node ${node}`);
    const lineage = retold(this.#job.graph, target, time, facts, numPartitions);
    const cut = cutIntoStages(partAt(lineage, path), (leaf) => leaves[leaf] ?? 0);
    this.#cut = { order, cut, name: target.name };
    return this.#cut;
  }

  /** The partition with its steps, as a partition runner takes it. */
  async #planOf({ origin, way }: StagePartition, number: number, cut: Cut, rows: readonly Row[]): Promise<Plan> {
    let partition: Partition<unknown> =
      origin.kind === 'leaf'
        ? { chunks: leafChunks(rows.filter(({ tag }) => tag.startsWith('L'))) }
        : new ArrayPartition(this.#brought(cut.exchanges[origin.exchange] as ExchangeLineage, rows));
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

  /** What an exchange has brought to a partition. */
  #brought(exchange: ExchangeLineage, rows: readonly Row[]): readonly unknown[] {
    const pieces = rows
      .filter(({ tag }) => tag.startsWith('X'))
      .map(({ data, tag }) => ({ source: Number(tag.slice(1)), data: unpacked(data) }))
      .sort((a, b) => a.source - b.source);
    return byUser(exchange, () => {
      if (exchange.kind === 'shuffle') {
        const codec = pairsCodec(exchange.name);
        const pairs = reduced(
          exchange,
          pieces.map(({ data }) => codec.decode(data)),
          this.#partitions.skip,
        );
        this.#partitions.gave(exchange, pairs.length);
        return pairs;
      }
      const codec = valuesCodec(exchange.name);
      const values = pieces.flatMap(({ data }) => codec.decode(data));
      return exchange.settle === undefined ? values : exchange.settle(values);
    });
  }

  async #exchange(exchange: ExchangeLineage, plan: Plan, stage: number, partition: number): Promise<void> {
    const pieces = await this.#pieces(exchange, plan, partition);
    const slots = this.#targetsOf(stage);
    for (const [target, data] of pieces.entries()) {
      if (data !== undefined) this.#give({ slot: slots(target), tag: `X${partition}`, data: packed(data) });
    }
  }

  /** By target; undefined: there is nothing for it. */
  async #pieces(exchange: ExchangeLineage, plan: Plan, source: number): Promise<(unknown | undefined)[]> {
    if (exchange.kind === 'shuffle') {
      const combiner = new MapSide(exchange, this.#partitions.skip);
      await this.#partitions.run(plan, combiner as never, { into: exchange });
      const codec = pairsCodec(exchange.name);
      return combiner.pieces.map((pairs: Pairs) => (pairs.length === 0 ? undefined : codec.encode(pairs)));
    }
    const values = await this.#partitions.collect(plan);
    const codec = valuesCodec(exchange.name);
    return byUser(exchange, () =>
      exchange.deal(values, source).map((part) => (part.length === 0 ? undefined : codec.encode(part))),
    );
  }

  /** The slots of the partitions that read an exchange, in the stage that does. */
  #targetsOf(stage: number): (target: number) => number {
    const { cut } = this.#cut as KnownCut;
    const { into } = cut.stages[stage] as Stage;
    const reader = cut.stages.find(({ partitions }) =>
      partitions.some(({ origin }) => origin.kind === 'exchange' && origin.exchange === into),
    );
    if (reader === undefined) throw new Error('nobody reads what the stage gives');
    const first = reader.partitions.findIndex(({ origin }) => origin.kind === 'exchange' && origin.exchange === into);
    const slots = slotsOf(reader.partitions.length);
    return (target) => slots[first + target] ?? END;
  }
}
