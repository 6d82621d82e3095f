/**
 * Fourth step: the stages of a batch. Makes the lineage of each node that has data at the batch's time, runs what is kept,
 * once, and remembers what later windows read. A batch that is given up is forgotten whole, as if it had never been.
 */
import { isMultipleOf } from '../../core/time.ts';
import type { Engine } from '../../engine/engine.ts';
import { isKnownEmpty, kept, type Lineage, type Partition, sliced } from '../../graph/lineage.ts';
import type { BatchView, Graph, Node } from '../../graph/node.ts';
import { RDD } from '../../graph/rdd.ts';
import type { Batch } from '../batch/batch.ts';
import type { Arrival } from '../receive/receiver.ts';

/** A stream whose past is read: by which windows, and how much of it, in ms. */
interface PastReaders {
  readonly node: Node<unknown>;
  readonly owners: readonly string[];
  readonly ms: number;
}

/** The data of all nodes, by time. */
export class Generations {
  readonly #graph: Graph;
  readonly #engine: Engine;
  readonly #numPartitions: number;
  readonly #data = new Map<Node<unknown>, Map<number, Lineage<unknown> | undefined>>();
  readonly #keptNodes: ReadonlySet<Node<unknown>>;
  readonly #rememberMs: ReadonlyMap<Node<unknown>, number>;
  /** The windows that read a stream's past, and how much of it. */
  readonly #windows: readonly PastReaders[];

  /**
   * @param graph complete: nothing is added to it any more
   * @param names of windows across restarts
   */
  constructor(graph: Graph, engine: Engine, numPartitions: number, names: ReadonlyMap<Node<unknown>, string>) {
    this.#graph = graph;
    this.#engine = engine;
    this.#numPartitions = numPartitions;
    this.#keptNodes = new Set(graph.nodes.filter((node) => graph.isKept(node)));
    this.#rememberMs = new Map(graph.nodes.map((node) => [node, graph.rememberMs(node)]));
    this.#windows = graph.nodes.flatMap((node) => {
      const readers = graph.nodes.filter((child) => child.windowMs > 0 && child.parents.includes(node));
      if (readers.length === 0) return [];
      const owners = readers.map((reader) => names.get(reader) ?? reader.name);
      return [{ node, owners, ms: Math.max(...readers.map(({ windowMs }) => windowMs)) }];
    });
  }

  /** Runs all stages of a batch. Run again after a failure, it goes on with what is missing. */
  async run(batch: Batch): Promise<void> {
    const view = this.#view(batch);
    for (const output of this.#graph.outputs) {
      if (isDue(output.node, batch.time)) view.of(output.node, batch.time);
    }
    // State takes in every batch, and what windows will read is worked out now, whether or not one of them has its time:
    // the batch's blocks go when it commits.
    for (const [node, ms] of this.#rememberMs) {
      if ((ms > 0 || node.store !== undefined) && isDue(node, batch.time)) view.of(node, batch.time);
    }
    for (const node of this.#graph.nodes) {
      const lineage = this.#data.get(node)?.get(batch.time);
      if (lineage?.kind === 'kept') await this.#engine.prepare(lineage);
    }
  }

  /** What an output reads; undefined: its stream has no data at this time. */
  rddOf<T>(node: Node<T>, time: number): RDD<T> | undefined {
    const lineage = this.#data.get(node)?.get(time) as Lineage<T> | undefined;
    return lineage === undefined ? undefined : this.#rdd(lineage);
  }

  /** The batch is complete: its changes of state stay, and what no later window reads is dropped. */
  complete(time: number): void {
    for (const { store } of this.#graph.nodes) store?.commit(time);
    for (const [node, byTime] of this.#data) {
      const oldest = time - (this.#rememberMs.get(node) ?? 0);
      for (const at of byTime.keys()) if (at <= oldest) byTime.delete(at);
    }
  }

  /** The batch is given up: its events come again in another batch, so no window may see them here. */
  forget(time: number): void {
    for (const byTime of this.#data.values()) byTime.delete(time);
    for (const { store } of this.#graph.nodes) store?.rollback(time);
  }

  /** What windows will read again of a batch that has run; streams without values are left out. */
  slices(time: number): { readonly owners: readonly string[]; readonly partitions: readonly Partition<unknown>[] }[] {
    return this.#windows.flatMap(({ node, owners }) => {
      const lineage = this.#data.get(node)?.get(time);
      if (lineage === undefined || isKnownEmpty(lineage)) return [];
      const partitions =
        lineage.kind === 'source' ? lineage.partitions : lineage.kind === 'kept' ? lineage.result : undefined;
      return partitions === undefined ? [] : [{ owners, partitions }];
    });
  }

  /** Whether a slice will be read after the batch of `now`. @param owners names of windows that read it */
  isRead(owners: readonly string[], time: number, now: number): boolean {
    return this.#readersOf(owners).some(({ ms }) => time > now - ms);
  }

  /** Puts a slice back that a window remembered. @param owners names of windows that read it */
  restore(owners: readonly string[], time: number, partitions: () => readonly Partition<unknown>[]): void {
    for (const { node } of this.#readersOf(owners)) {
      const byTime = this.#data.get(node) ?? new Map<number, Lineage<unknown> | undefined>();
      this.#data.set(node, byTime);
      byTime.set(time, { kind: 'source', partitions: partitions() });
    }
  }

  #readersOf(owners: readonly string[]): readonly PastReaders[] {
    return this.#windows.filter((window) => window.owners.some((owner) => owners.includes(owner)));
  }

  /** Whether nothing that windows remember has values, so that ticks without input change nothing. */
  get isEmpty(): boolean {
    for (const byTime of this.#data.values()) {
      for (const lineage of byTime.values()) if (lineage !== undefined && !isKnownEmpty(lineage)) return false;
    }
    return true;
  }

  #view(batch: Batch): BatchView {
    const view: BatchView = {
      numPartitions: this.#numPartitions,
      rdd: (lineage) => this.#rdd(lineage),
      input: <T>(inputId: number) => inputLineage<T>(batch.blocks.get(inputId) ?? [], this.#numPartitions),
      of: <T>(node: Node<T>, time: number) => this.#of(node, time, batch, view),
    };
    return view;
  }

  #of<T>(node: Node<T>, time: number, batch: Batch, view: BatchView): Lineage<T> | undefined {
    let byTime = this.#data.get(node);
    if (byTime === undefined) {
      byTime = new Map();
      this.#data.set(node, byTime);
    }
    // The past is what was remembered: it cannot be worked out again, its blocks are gone.
    if (time === batch.time && !byTime.has(time)) {
      const lineage = node.lineage(time, view);
      byTime.set(time, lineage !== undefined && this.#keptNodes.has(node) ? kept(lineage) : lineage);
    }
    return byTime.get(time) as Lineage<T> | undefined;
  }

  #rdd<T>(lineage: Lineage<T>): RDD<T> {
    return new RDD(lineage, this.#engine);
  }
}

function isDue(node: Node<unknown>, time: number): boolean {
  return isMultipleOf(time, node.slideMs);
}

/** Values in memory are cut as Spark's parallelize cuts them; blocks stay whole and are dealt out in their order. */
function inputLineage<T>(arrivals: readonly Arrival[], numPartitions: number): Lineage<T> | undefined {
  if (arrivals.some(({ absent }) => absent === true)) return undefined;
  const blocks = arrivals.map(({ events }) => events);
  const [only] = blocks;
  if (blocks.length === 1 && only !== undefined && 'values' in only && Array.isArray(only.values)) {
    return sliced(only.values as readonly T[], numPartitions);
  }
  const total = blocks.reduce((sum, block) => sum + block.count, 0);
  const partitions: { chunks: typeof blocks }[] = [];
  let before = 0;
  for (const block of blocks) {
    const index = Math.min(numPartitions - 1, Math.floor((before * numPartitions) / Math.max(1, total)));
    while (partitions.length <= index) partitions.push({ chunks: [] });
    partitions[index]?.chunks.push(block);
    before += block.count;
  }
  return {
    kind: 'source',
    partitions: partitions as unknown as readonly Partition<T>[],
  };
}
