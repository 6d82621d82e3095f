/**
 * Works out one node's data at one time on a cluster. What the driver has (what earlier stages gave, what was received) it gives to the first
 * stages, as it is or where it lies; what has to see all partitions at once, and states where there is no storage, it works out itself.
 */
import { StreamjobError } from '../../core/errors.ts';
import {
  isKnownEmpty,
  type Kept,
  kept,
  type Lineage,
  type Partition,
  partitionCount,
  type Regroup,
  type Stateful,
} from '../../graph/lineage.ts';
import type { Node } from '../../graph/node.ts';
import type { PartitionCall } from '../../graph/outputs/partitions.ts';
import type { Accumulators } from '../../graph/shared.ts';
import { unpackError } from '../crew/messages.ts';
import type { TaskReport } from '../engine.ts';
import { brought } from '../read-ahead.ts';
import { PartitionRunner } from '../run/partition-runner.ts';
import type { Runner } from '../run/runner.ts';
import type { SkipPolicy } from '../skip-policy.ts';
import { StoredChunk, type StoredPiece, storedPartition } from '../stored-chunk.ts';
import { rowsOf } from './arrow.ts';
import type { Asked } from './asked.ts';
import type { Relation } from './connect/client.ts';
import type { Executors } from './executors.ts';
import { type LastStages, lastStageHere } from './last-stage.ts';
import { ownOrder } from './own-order.ts';
import type { ProgramPlaces } from './places.ts';
import { planOf } from './plan.ts';
import { endsOf, type Row, resultsOf, sentPieces, workRow } from './rows.ts';
import { givenPieces, type SharedData } from './shared-data.ts';
import { slotsOf } from './slots.ts';
import { type Cut, cutIntoStages, openedBy, originsOf, readBy, type Stage, toldBy, withLeaves } from './stages.ts';
import type { Facts, TaskEnd, WorkOrder } from './work.ts';

/** Where a batch has no data, states of no more keys than these are looked through in the driver. */
const MOST_KEYS_HERE = 10_000;

/** What it works with. */
export interface SparkRunnerParts {
  /** Runs in the driver what cannot be run elsewhere, and outputs. */
  readonly local: Runner;
  readonly graph: readonly Node<unknown>[];
  /** Of outputs, that executors have too: as of Graph. */
  readonly functions: readonly PartitionCall['fn'][];
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
  readonly lastStages: LastStages;
  /** Told of each task. */
  readonly executors: Pick<Executors, 'ended'>;
  /** Undefined: all data goes through the driver, and states are its own. */
  readonly storage: SharedData | undefined;
  /** Runs a plan. */
  readonly run: (plan: Relation) => Promise<Uint8Array[]>;
}

/** One node's data at one time. */
export class NodeWork {
  readonly tasks: TaskReport[] = [];
  readonly gave: Map<number, number> = new Map();
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
        return copied && lineage.isBorrowed === true ? await this.#copied(lineage.partitions) : lineage.partitions;
      case 'kept':
        lineage.result ??= await this.resolve(lineage.parent, [...path, 0], lineage.copied);
        return lineage.result;
      case 'stateful':
        return this.#parts.storage === undefined ? this.#here(lineage, path, copied) : this.#there(lineage, path);
      case 'regroup':
        return this.#here(lineage, path, copied);
      case 'remote':
        return this.#local(lineage, copied);
      default:
        return this.#there(lineage, path);
    }
  }

  /** What was received as later batches find it: in the run's own part of the storage, or in memory where it is little. */
  async #copied(partitions: readonly Partition<unknown>[]): Promise<readonly Partition<unknown>[]> {
    const own: Partition<unknown>[] = [];
    for (const each of partitions) {
      const { chunks, size } = await brought(each);
      own.push({ size, chunks: [...chunks].map((chunk) => (chunk instanceof StoredChunk ? chunk.read() : chunk)) });
    }
    const { storage } = this.#parts;
    const [pieces = []] = await givenPieces(storage, this.#asked.time, [own], this.#node.name);
    return own.map((each, i) => {
      const stored = (pieces[i] ?? []).filter((piece): piece is StoredPiece => 'path' in piece);
      return stored.length > 0 && stored.length === pieces[i]?.length ? storedPartition(stored) : each;
    });
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
    const cut = cutIntoStages(lineage, this.#parts.storage !== undefined, (_, leaf) => partitionCount(leaf));
    const leaves: (readonly Partition<unknown>[])[] = [];
    for (const leaf of cut.leaves) leaves.push(await this.resolve(leaf.lineage, [...path, ...leaf.path]));
    // A tick without data is no work for a cluster.
    const isEmpty = leaves.every((partitions) => isKnownEmpty({ kind: 'source', partitions }));
    if (isEmpty && this.#stateKeys(cut) <= MOST_KEYS_HERE) {
      await this.#parts.storage?.bringStates(openedBy(cut));
      const sources = leaves.map((partitions): Lineage<unknown> => ({ kind: 'source', partitions }));
      // What is read of a state when it is wanted is read now: its files are closed then.
      return this.#local(withLeaves(lineage, cut, sources), true);
    }
    const key = `${this.#node.id}/${path.join('/')}`;
    const { lastStages } = this.#parts;
    const endsHere = lastStages.isHere(key, cut);
    try {
      const there = endsHere ? { ...cut, stages: cut.stages.slice(0, -1) } : cut;
      const { ends, rows } = await this.#run(there, path, leaves, cut);
      lastStages.ran(key, cut, ends);
      return endsHere ? this.#endHere(cut, rows) : resultsOf(rows, (cut.stages.at(-1) as Stage).partitions.length);
    } catch (error) {
      lastStages.failed(key);
      throw error;
    }
  }

  /**
   * Runs stages.
   * @param cut those that are run there @param whole all of them, in which each has its number
   * @returns what the last of them gave, and the ends of all tasks
   */
  async #run(
    cut: Cut,
    path: readonly number[],
    leaves: readonly (readonly Partition<unknown>[])[],
    whole: Cut,
  ): Promise<{ readonly rows: readonly Row[]; readonly ends: readonly TaskEnd[] }> {
    const given = await this.#given(whole, path, leaves);
    const command = await this.#parts.command();
    const plan = planOf({
      ...{ cut, command },
      given: ({ number }) => given[number] ?? [],
    });
    const rows = rowsOf(await this.#parts.run(plan));
    const ends = endsOf(rows);
    this.#takeEnds(ends, cut, given);
    const last = cut.stages.at(-1) as Stage;
    const written = ends.filter(({ stage }) => stage === last.number).reduce((sum, end) => sum + end.written, 0);
    if (rows.length - ends.length !== written) throw this.#incomplete(last, rows.length - ends.length, written);
    // What tasks have made of states is the open batch's from now on.
    await this.#parts.storage?.take(
      this.#asked.time,
      ends.flatMap(({ states }) => states),
    );
    return { rows, ends };
  }

  /** What the stage before the last one has given is put together in this process. */
  #endHere(cut: Cut, rows: readonly Row[]): Partition<unknown>[] {
    const { skipPolicy } = this.#parts;
    const partitions = new PartitionRunner({ signal: () => new AbortController().signal, skipPolicy }, 0);
    const ended = lastStageHere(cut, rows, partitions);
    this.#add(partitions.takeGave());
    return ended;
  }

  /** How many keys the states have that are opened. */
  #stateKeys(cut: Cut): number {
    return [...openedBy(cut)].reduce((sum, of) => sum + (this.#parts.storage?.stores.get(of)?.size ?? 0), 0);
  }

  #add(gave: Iterable<readonly [number, number]>): void {
    for (const [node, values] of gave) this.gave.set(node, (this.gave.get(node) ?? 0) + values);
  }

  /** What the driver gives to each stage: a row for each partition that it tells its work. */
  async #given(
    cut: Cut,
    path: readonly number[],
    leaves: readonly (readonly Partition<unknown>[])[],
  ): Promise<Row[][]> {
    const given = await givenPieces(this.#parts.storage, this.#asked.time, leaves, this.#node.name);
    const facts = this.#facts();
    const orders = cut.stages.map((stage) => this.#order(stage, path, leaves, facts));
    return cut.stages.map((stage) => {
      if (toldBy(cut, stage) !== undefined) return [];
      const slots = slotsOf(stage.partitions.length);
      return stage.partitions.map((partition, i) => {
        const read = originsOf(partition).flatMap((origin) =>
          origin.kind === 'leaf'
            ? [[origin.leaf, sentPieces(given[origin.leaf]?.[origin.partition] ?? [])] as const]
            : [],
        );
        const order = ownOrder(orders[stage.number] as WorkOrder, partition);
        return workRow(slots[i] ?? 0, i, { order, leaves: read, later: i === 0 ? orders : undefined });
      });
    });
  }

  /** What the nodes of the batch have asked, as a worker needs it to make the same lineage. */
  #facts(): Facts {
    const { graph } = this.#parts;
    const { data, inputs, lastCommitted, times } = this.#asked;
    const partitions = (lineage: Lineage<unknown> | undefined): number | null =>
      lineage === undefined ? null : partitionCount(lineage);
    return {
      data: data.map(([node, at, lineage]) => [node, at, partitions(lineage)]),
      inputs: [...inputs].map(([input, lineage]) => [input, partitions(lineage)]),
      times,
      lastCommitted: [...lastCommitted].flatMap(([state, last]) => {
        const node = graph.find((each) => each.state === state);
        return node === undefined ? [] : [[node.id, last] as const];
      }),
    };
  }

  #order(stage: Stage, path: readonly number[], leaves: readonly (readonly unknown[])[], facts: Facts): WorkOrder {
    const { description, numPartitions, skipPolicy } = this.#parts;
    const { time } = this.#asked;
    return {
      ...{ time, facts, path, numPartitions, graph: description, node: this.#node.id, stage: stage.number },
      leaves: leaves.map(({ length }) => length),
      skips: skipPolicy?.active === true,
      counts: this.#parts.isCounting(),
      storage: this.#parts.storage?.workOf(stage),
    };
  }

  #incomplete({ number }: Stage, read: number, expected: number): StreamjobError {
    return new StreamjobError('SPARK_FAILED', `a stage has read ${read} of ${expected} rows`, {
      where: `${this.#node.name}, stage ${number}`,
      hint: 'a worker has ended early: the batch is run again; see the log of the executors if it comes again',
    });
  }

  /** @throws what a function of the job threw; StreamjobError SPARK_FAILED where rows were lost */
  #takeEnds(ends: readonly TaskEnd[], cut: Cut, given: readonly (readonly Row[])[]): void {
    const members = membersOf(ends, this.#parts, this.#node.site);
    const sum = (stage: Stage, of: 'read' | 'written'): number =>
      ends.filter((end) => end.stage === stage.number).reduce((all, end) => all + end[of], 0);
    for (const stage of cut.stages) {
      const brought = readBy(cut, stage).reduce((all, before) => all + sum(before, 'written'), 0);
      const expected = (given[stage.number]?.length ?? 0) + brought;
      const read = sum(stage, 'read');
      if (read !== expected) throw this.#incomplete(stage, read, expected);
    }
    const last = cut.stages.length - 1;
    for (const [i, { accumulators, gave, letters, partitions, stage }] of ends.entries()) {
      const member = members[i] ?? 0;
      this.#add(gave);
      this.#parts.accumulators.receive(accumulators);
      this.#parts.skipPolicy?.add(letters);
      if (stage !== last) continue;
      for (const [partition, durationMs] of partitions) this.tasks.push({ partition, member, durationMs });
    }
  }
}

/**
 * The members that tasks ran on.
 * @param site the operator's, where an error has no line of the user's
 * @throws what a function of the job threw in one of them
 */
export function membersOf(
  ends: readonly TaskEnd[],
  { executors, places }: Pick<SparkRunnerParts, 'executors' | 'places'>,
  site: string | undefined,
): readonly number[] {
  const members = ends.map((end) => executors.ended(end));
  const failed = ends.find(({ error }) => error !== undefined);
  if (failed?.error !== undefined) throw unpackError(places()?.error(failed.error, site) ?? failed.error);
  return members;
}
