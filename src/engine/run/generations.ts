/**
 * The data of all nodes, batch by batch, in one thread. Makes the lineage of each node that has data at the batch's time, runs what
 * is kept, once, and remembers what later windows read. A batch that is given up is forgotten whole, as if it had never been.
 */
import { monotonicMs, wallMs } from '../../core/machine.ts';
import type { Graph } from '../../graph/graph.ts';
import {
  isKnownEmpty,
  type Kept,
  kept,
  type Lineage,
  narrow,
  type Partition,
  partitionsOf,
  type Sink,
} from '../../graph/lineage.ts';
import type { BatchView, Node } from '../../graph/node.ts';
import { RDD } from '../../graph/rdd.ts';
import { Windows } from '../../graph/windows.ts';
import type { States } from '../../state/states.ts';
import type { StageReport } from '../engine.ts';
import type { TapReport, TapRequest } from '../taps.ts';
import { ElsewherePartition } from './exchange.ts';
import type { KeepingRunner } from './keeping.ts';
import { Tapping } from './tapping.ts';

/** What inputs received for a batch. */
export type InputLineages = (inputId: number) => Lineage<unknown> | undefined;

/** The data of all nodes, batch by batch, in one thread. */
export class Generations {
  readonly #graph: Graph;
  readonly #runner: KeepingRunner;
  readonly #numPartitions: number;
  readonly #data = new Map<Node<unknown>, Map<number, Lineage<unknown> | undefined>>();
  readonly #keptNodes: ReadonlySet<Node<unknown>>;
  readonly #rememberMs: ReadonlyMap<Node<unknown>, number>;
  readonly #windows: Windows;
  readonly #states: States;
  /** What is looked at in the batch that runs. */
  #tapping: Tapping | undefined;

  /**
   * @param graph complete: nothing is added to it any more
   * @param states of the graph's nodes, those that the runner knows too
   * @param names of windows across restarts
   */
  constructor(
    graph: Graph,
    states: States,
    runner: KeepingRunner,
    numPartitions: number,
    names: ReadonlyMap<Node<unknown>, string>,
  ) {
    this.#graph = graph;
    this.#states = states;
    this.#runner = runner;
    this.#numPartitions = numPartitions;
    this.#keptNodes = new Set(graph.nodes.filter((node) => graph.isKept(node)));
    this.#rememberMs = new Map(graph.nodes.map((node) => [node, graph.rememberMs(node)]));
    this.#windows = new Windows(graph, names);
  }

  /**
   * Runs all stages of a batch. Run again after a failure, it goes on with what is missing.
   * @param taps operators whose values are looked at
   * @returns the stages that ran now, and what was seen
   */
  async run(
    time: number,
    inputs: InputLineages,
    taps: readonly TapRequest[] = [],
  ): Promise<{ readonly stages: StageReport[]; readonly tapped: readonly TapReport[] }> {
    this.#tapping = taps.length === 0 ? undefined : new Tapping(taps);
    const view = this.#view(time, inputs);
    for (const { node } of this.#graph.outputs) if (this.#graph.isDue(node, time)) view.of(node, time);
    // State takes in every batch, and what windows will read is worked out now, whether or not one of them has its time:
    // the batch's blocks go when it commits.
    for (const [node, ms] of this.#rememberMs) {
      if ((ms > 0 || node.state !== undefined) && this.#graph.isDue(node, time)) view.of(node, time);
    }
    const stages: StageReport[] = [];
    for (const [node, lineage] of this.kept(time)) {
      if (lineage.kind === 'kept' && lineage.result === undefined) stages.push(await this.#stage(node, lineage, time));
    }
    // What may fail about its commit fails now, while the batch can be run again: nothing may once the journal has the commit.
    for (const { store } of this.#states.all) store.seal(time);
    return { stages, tapped: this.#tapping === undefined ? [] : this.#lookAtResults(this.#tapping, time) };
  }

  /** What is kept, or came in, is seen where it lies; the rest was seen on its way. */
  #lookAtResults(tapping: Tapping, time: number): TapReport[] {
    for (const id of tapping.nodes) {
      const node = this.#graph.nodes[id];
      const lineage = node && this.#data.get(node)?.get(time);
      for (const partition of (lineage && partitionsOf(lineage)) ?? []) {
        try {
          if (!(partition instanceof ElsewherePartition)) tapping.look(id, partition);
        } catch {
          // A look must not fail a batch that has succeeded.
        }
      }
    }
    return tapping.reports();
  }

  /** The nodes whose data of a time is kept, with it, in the order of the graph. */
  *kept(time: number): IterableIterator<readonly [Node<unknown>, Lineage<unknown>]> {
    for (const node of this.#graph.nodes) {
      const lineage = this.#data.get(node)?.get(time);
      if (lineage?.kind === 'kept' || lineage?.kind === 'source') yield [node, lineage];
    }
  }

  /** What an output reads; undefined: its stream has no data at this time. */
  rddOf<T>(node: Node<T>, time: number): RDD<T> | undefined {
    const lineage = this.#data.get(node)?.get(time) as Lineage<T> | undefined;
    return lineage === undefined ? undefined : this.#rdd(lineage);
  }

  /** The batch is complete: its changes of state stay, and what no later window reads is dropped. */
  complete(time: number): void {
    for (const { store } of this.#states.all) store.commit(time);
    for (const [node, byTime] of this.#data) {
      const oldest = time - (this.#rememberMs.get(node) ?? 0);
      // In the order of time: what follows the first that stays, stays.
      for (const at of byTime.keys()) {
        if (at > oldest) break;
        byTime.delete(at);
      }
    }
  }

  /** The batch is given up: its events come again in another batch, so no window may see them here. */
  forget(time: number): void {
    for (const byTime of this.#data.values()) byTime.delete(time);
    for (const { store } of this.#states.all) store.rollback(time);
  }

  /** What windows will read again of a batch that has run; streams without values are left out. */
  slices(time: number): { readonly owners: readonly string[]; readonly partitions: readonly Partition<unknown>[] }[] {
    return this.#windows.all.flatMap(({ node, owners }) => {
      const lineage = this.#data.get(node)?.get(time);
      if (lineage === undefined || isKnownEmpty(lineage)) return [];
      const partitions = partitionsOf(lineage);
      return partitions === undefined ? [] : [{ owners, partitions }];
    });
  }

  /** As of Windows. */
  isRead(owners: readonly string[], time: number, now: number): boolean {
    return this.#windows.isRead(owners, time, now);
  }

  /** Puts a slice back that a window remembered. @param owners names of windows that read it */
  restore(owners: readonly string[], time: number, partitions: () => readonly Partition<unknown>[]): void {
    for (const { node } of this.#windows.readBy(owners)) {
      this.#byTime(node).set(time, { kind: 'source', partitions: partitions() });
    }
  }

  /** Whether nothing that windows remember has values, so that ticks without input change nothing. */
  get isEmpty(): boolean {
    for (const byTime of this.#data.values()) {
      for (const lineage of byTime.values()) if (lineage !== undefined && !isKnownEmpty(lineage)) return false;
    }
    return true;
  }

  async #stage(node: Node<unknown>, lineage: Kept<unknown>, time: number): Promise<StageReport> {
    const { id, name, site } = node;
    const began = monotonicMs();
    const startedAt = wallMs();
    const { gave, tasks } = await this.#runner.keep(lineage, node, time);
    const durationMs = monotonicMs() - began;
    // Of what is read from a state when it is wanted, nobody knows how much it is.
    const sizes = lineage.result?.map((partition) => (partition instanceof ElsewherePartition ? 0 : partition.size));
    const isKnown = sizes?.every((size) => size !== undefined) === true;
    const kept = isKnown ? [[id, sizes.reduce((sum: number, size = 0) => sum + size, 0)] as const] : [];
    return { name, site, startedAt, durationMs, tasks, node: id, gave: [...gave, ...kept] };
  }

  #view(time: number, inputs: InputLineages): BatchView {
    const own: BatchView = {
      numPartitions: this.#numPartitions,
      rdd: (lineage) => this.#rdd(lineage),
      lastCommitted: (state) => this.#states.of(state).lastCommitted,
      input: <T>(inputId: number) => inputs(inputId) as Lineage<T> | undefined,
      of: (node, at) => this.#of(node, at, time, view),
      times: (node, after, upTo) => {
        // What this batch has of it may not have been asked for yet.
        if (this.#graph.isDue(node, time)) view.of(node, time);
        return this.timesOf(node, after, upTo);
      },
    };
    const view = this.#runner.noting?.(own, time, (node) => this.#keptNodes.has(node)) ?? own;
    return view;
  }

  #of<T>(node: Node<T>, at: number, now: number, view: BatchView): Lineage<T> | undefined {
    const byTime = this.#byTime(node);
    // The past is what was remembered: it cannot be worked out again, its blocks are gone.
    if (at === now && !byTime.has(at)) {
      const { state } = node;
      if (state?.initial !== undefined) this.#states.of(state).load(state.initial, at);
      const lineage = this.#tapped(node, node.lineage(at, view));
      const copied = (this.#rememberMs.get(node) ?? 0) > 0;
      byTime.set(at, lineage !== undefined && this.#keptNodes.has(node) ? kept(lineage, copied) : lineage);
    }
    return byTime.get(at) as Lineage<T> | undefined;
  }

  /** The same; values of it that nobody keeps are seen as they pass, when somebody looks at the operator. */
  #tapped<T>(node: Node<T>, lineage: Lineage<T> | undefined): Lineage<T> | undefined {
    if (lineage === undefined || this.#tapping?.wants(node.id) !== true || this.#keptNodes.has(node)) return lineage;
    if (lineage.kind === 'source' || lineage.kind === 'kept') return lineage;
    const { id, name, site } = node;
    // The batch may be run again when others are looked at, or nobody is.
    const open = (_: number, down: Sink<T>): Sink<T> => this.#tapping?.open(id, down) ?? down;
    return narrow(lineage, { name, site, open });
  }

  /** The times in (after, upTo], rising, at which a node has data. */
  timesOf(node: Node<unknown>, after: number, upTo: number): number[] {
    const times: number[] = [];
    for (const [time, lineage] of this.#byTime(node)) {
      if (time > after && time <= upTo && lineage !== undefined) times.push(time);
    }
    return times.sort((a, b) => a - b);
  }

  #byTime(node: Node<unknown>): Map<number, Lineage<unknown> | undefined> {
    let byTime = this.#data.get(node);
    if (byTime === undefined) {
      byTime = new Map();
      this.#data.set(node, byTime);
    }
    return byTime;
  }

  #rdd<T>(lineage: Lineage<T>): RDD<T> {
    return new RDD(lineage, this.#runner);
  }
}
