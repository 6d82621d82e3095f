/**
 * Works kept lineages out on a cluster. What the driver keeps (what earlier stages gave, states, windows) it gives to the first stages as rows,
 * and what has to see all partitions at once, or a state, it works out itself.
 */
import { StreamjobError } from '../../core/errors.ts';
import {
  ArrayPartition,
  isKnownEmpty,
  type Kept,
  kept,
  type Lineage,
  type Partition,
  partitionCount,
  type Regroup,
  type Stateful,
} from '../../graph/lineage.ts';
import type { BatchView, Node } from '../../graph/node.ts';
import type { Task } from '../../graph/rdd.ts';
import type { Accumulators } from '../../graph/shared.ts';
import { unpackError } from '../crew/messages.ts';
import type { TaskReport } from '../engine.ts';
import type { KeepingRunner } from '../run/keeping.ts';
import type { Ran } from '../run/partition-runner.ts';
import type { Runner } from '../run/runner.ts';
import type { SkipPolicy } from '../skip-policy.ts';
import { relationOf, rowsOf } from './arrow.ts';
import { Asked } from './asked.ts';
import type { Relation } from './connect/client.ts';
import type { ProgramPlaces } from './places.ts';
import { planOf, readBy } from './plan.ts';
import { leafRows, type Row, resultsOf, unpacked } from './rows.ts';
import { slotsOf } from './slots.ts';
import { type Cut, cutIntoStages, type Stage } from './stages.ts';
import type { Facts, TaskEnd, WorkOrder } from './work.ts';

/** What it works with. */
export interface SparkRunnerParts {
  /** Runs in the driver what cannot be run elsewhere, and outputs. */
  readonly local: Runner;
  readonly graph: readonly Node<unknown>[];
  /** Of the graph, as workers have it. */
  readonly description: string;
  readonly numPartitions: number;
  readonly accumulators: Accumulators;
  readonly skipPolicy: SkipPolicy | undefined;
  /** Whether somebody looks at how many values operators give. */
  readonly isCounting: () => boolean;
  /** Opens the session, if it is not. @returns how a worker is started */
  readonly command: () => Promise<string>;
  /** Where the lines of the program come from. */
  readonly places: () => ProgramPlaces | undefined;
  /** Runs a plan. */
  readonly run: (plan: Relation) => Promise<Uint8Array[]>;
}

/** Runs kept lineages on a cluster. */
export class SparkRunner implements KeepingRunner {
  readonly #parts: SparkRunnerParts;
  /** Of the batch that runs. Run again after a failure, it goes on with the lineages that it has. */
  #asked: Asked | undefined;

  constructor(parts: SparkRunnerParts) {
    this.#parts = parts;
  }

  noting(view: BatchView, time: number, isKept: (node: Node<unknown>) => boolean): BatchView {
    if (this.#asked?.time !== time) this.#asked = new Asked(time);
    return this.#asked.noting(view, isKept);
  }

  prepare<T>(lineage: Lineage<T>): Promise<readonly Task<T>[]> {
    return this.#parts.local.prepare(lineage);
  }

  async keep(lineage: Kept<unknown>, node: Node<unknown>): Promise<Ran> {
    if (lineage.result !== undefined) return { tasks: [], gave: new Map() };
    if (this.#asked === undefined) throw new Error(`${node.name} is run before a batch has begun`);
    const work = new Work(this.#parts, node, this.#asked);
    lineage.result = await work.resolve(lineage.parent, [], lineage.copied);
    return { tasks: work.tasks, gave: work.gave };
  }
}

/** One node's data at one time. */
class Work {
  readonly tasks: TaskReport[] = [];
  readonly gave = new Map<number, number>();
  readonly #parts: SparkRunnerParts;
  readonly #node: Node<unknown>;
  readonly #asked: Asked;

  constructor(parts: SparkRunnerParts, node: Node<unknown>, asked: Asked) {
    this.#parts = parts;
    this.#node = node;
    this.#asked = asked;
  }

  /** The partitions of a part of the node's lineage. @param path where the part stands @param copied whether later batches read it */
  async resolve(
    lineage: Lineage<unknown>,
    path: readonly number[],
    copied = false,
  ): Promise<readonly Partition<unknown>[]> {
    switch (lineage.kind) {
      case 'source':
        return lineage.partitions;
      case 'kept':
        lineage.result ??= await this.resolve(lineage.parent, [...path, 0], lineage.copied);
        return lineage.result;
      case 'stateful':
      case 'regroup':
        return this.#here(lineage, path, copied);
      case 'remote':
        return this.#local(lineage, copied);
      default:
        return this.#there(lineage, path);
    }
  }

  /** In the driver, upon what its parents give. */
  async #here(
    lineage: Stateful<unknown> | Regroup<unknown>,
    path: readonly number[],
    copied: boolean,
  ): Promise<readonly Partition<unknown>[]> {
    const parents: Lineage<unknown>[] = [];
    for (const [i, parent] of lineage.parents.entries()) {
      parents.push({ kind: 'source', partitions: await this.resolve(parent, [...path, i]) });
    }
    return this.#local({ ...lineage, parents }, copied);
  }

  async #local(lineage: Lineage<unknown>, copied: boolean): Promise<readonly Partition<unknown>[]> {
    const own = kept(lineage, copied) as Kept<unknown>;
    const { gave, tasks } = await this.#parts.local.keep(own);
    this.tasks.push(...tasks);
    this.#add(gave);
    return own.result ?? [];
  }

  async #there(lineage: Lineage<unknown>, path: readonly number[]): Promise<readonly Partition<unknown>[]> {
    const cut = cutIntoStages(lineage, (_, leaf) => partitionCount(leaf));
    const leaves: (readonly Partition<unknown>[])[] = [];
    for (const leaf of cut.leaves) leaves.push(await this.resolve(leaf.lineage, [...path, ...leaf.path]));
    // A tick without data is no work for a cluster.
    if (leaves.every((partitions) => isKnownEmpty({ kind: 'source', partitions }))) {
      const sources = leaves.map((partitions): Lineage<unknown> => ({ kind: 'source', partitions }));
      return this.#local(withLeaves(lineage, cut, sources), false);
    }
    const given = cut.stages.map((stage) => this.#givenTo(stage, leaves));
    const command = await this.#parts.command();
    const plan = planOf({
      ...{ cut, command },
      order: (stage) => this.#order(stage, path, leaves),
      given: ({ number }) => (given[number]?.length === 0 ? undefined : relationOf(given[number] ?? [])),
    });
    const rows = rowsOf(await this.#parts.run(plan));
    const ends = rows.filter(({ tag }) => tag === 'E').map(({ data }) => unpacked(data) as TaskEnd);
    this.#takeEnds(ends, cut, given);
    const last = cut.stages.at(-1) as Stage;
    const results = resultsOf(
      rows.filter(({ tag }) => tag.startsWith('R')),
      last.partitions.length,
    );
    return results.map((values) => new ArrayPartition(values));
  }

  #add(gave: Iterable<readonly [number, number]>): void {
    for (const [node, values] of gave) this.gave.set(node, (this.gave.get(node) ?? 0) + values);
  }

  #givenTo(stage: Stage, leaves: readonly (readonly Partition<unknown>[])[]): Row[] {
    const slots = slotsOf(stage.partitions.length);
    return stage.partitions.flatMap(({ origin }, i) => {
      if (origin.kind !== 'leaf') return [];
      const partition = leaves[origin.leaf]?.[origin.partition];
      return partition === undefined ? [] : [...leafRows(slots[i] ?? 0, partition.chunks, this.#node.name)];
    });
  }

  #order(stage: Stage, path: readonly number[], leaves: readonly (readonly unknown[])[]): WorkOrder {
    const { description, graph, numPartitions, skipPolicy } = this.#parts;
    const { data, inputs, lastCommitted, time, times } = this.#asked;
    const partitions = (lineage: Lineage<unknown> | undefined): number | null =>
      lineage === undefined ? null : partitionCount(lineage);
    const facts: Facts = {
      data: data.map(([node, at, lineage]) => [node, at, partitions(lineage)]),
      inputs: [...inputs].map(([input, lineage]) => [input, partitions(lineage)]),
      times,
      lastCommitted: [...lastCommitted].flatMap(([state, last]) => {
        const node = graph.find((each) => each.state === state);
        return node === undefined ? [] : [[node.id, last] as const];
      }),
    };
    return {
      ...{ time, facts, path, numPartitions, graph: description, node: this.#node.id, stage: stage.number },
      leaves: leaves.map(({ length }) => length),
      skips: skipPolicy?.active === true,
      counts: this.#parts.isCounting(),
    };
  }

  /** @throws what a function of the job threw; StreamjobError SPARK_FAILED where rows were lost */
  #takeEnds(ends: readonly TaskEnd[], cut: Cut, given: readonly (readonly Row[])[]): void {
    const failed = ends.find(({ error }) => error !== undefined);
    if (failed?.error !== undefined) {
      throw unpackError(this.#parts.places()?.error(failed.error, this.#node.site) ?? failed.error);
    }
    const sum = (stage: Stage, of: 'read' | 'written'): number =>
      ends.filter((end) => end.stage === stage.number).reduce((all, end) => all + end[of], 0);
    for (const stage of cut.stages) {
      const brought = readBy(cut, stage).reduce((all, before) => all + sum(before, 'written'), 0);
      const expected = stage.partitions.length + (given[stage.number]?.length ?? 0) + brought;
      const read = sum(stage, 'read');
      if (read === expected) continue;
      throw new StreamjobError('SPARK_FAILED', `a stage has read ${read} of ${expected} rows`, {
        where: `${this.#node.name}, stage ${stage.number}`,
        hint: 'a worker has ended early: the batch is run again; see the log of the executors if it comes again',
      });
    }
    const last = cut.stages.length - 1;
    for (const { accumulators, gave, letters, partitions, stage } of ends) {
      this.#add(gave);
      this.#parts.accumulators.receive(accumulators);
      this.#parts.skipPolicy?.add(letters);
      if (stage !== last) continue;
      for (const [partition, durationMs] of partitions) this.tasks.push({ partition, member: 0, durationMs });
    }
  }
}

/** A lineage upon other leaves. */
function withLeaves(
  lineage: Lineage<unknown>,
  { leaves }: Cut,
  sources: readonly Lineage<unknown>[],
): Lineage<unknown> {
  const replaced = (at: Lineage<unknown>, path: readonly number[]): Lineage<unknown> => {
    const leaf = leaves.findIndex((each) => each.path.join() === path.join());
    if (leaf >= 0) return sources[leaf] as Lineage<unknown>;
    if (at.kind === 'union') return { ...at, parents: at.parents.map((parent, i) => replaced(parent, [...path, i])) };
    if ('parent' in at)
      return { ...at, parent: replaced(at.parent as Lineage<unknown>, [...path, 0]) } as Lineage<unknown>;
    return at;
  };
  return replaced(lineage, []);
}
