/**
 * Runs lineages. Every member of a crew runs the same ones; each works on its own partitions, and what a shuffle brings together is
 * traded between them.
 */

import { StreamjobError } from '../../core/errors.ts';
import { userError } from '../../graph/functions.ts';
import {
  ArrayPartition,
  type Deal,
  type Kept,
  type Lineage,
  type Operator,
  type Partition,
  type Regroup,
  type Shuffle,
  type Sink,
  type Skip,
  type Stateful,
} from '../../graph/lineage.ts';
import type { JobRunner, Task } from '../../graph/rdd.ts';
import type { StatePartition } from '../../graph/state/form.ts';
import type { States } from '../../state/states.ts';
import type { StateStore } from '../../state/store.ts';
import { pairsCodec, valuesCodec } from './codecs.ts';
import { MapSide, type Pairs, reduced } from './combining.ts';
import { ElsewherePartition, type Exchange, noExchange, type Piece, type PieceCodec } from './exchange.ts';
import { byUser } from './guarded.ts';
import { ownerOfPartition } from './ownership.ts';
import { PartitionRunner, type PartitionSettings, type Plan, type Ran } from './partition-runner.ts';
import { OwnPartition, type Placed, planned } from './placed.ts';

/** What a runner needs. */
export interface RunnerSettings extends PartitionSettings {
  /** Of the graph that is run; left out: nothing that is run has states. */
  readonly states?: States;
  /** Default: a crew of one. */
  readonly exchange?: Exchange;
}

/** A function of the graph ran an action, where the engine cannot. @param engine its name */
export function actionInGraph(engine: string): StreamjobError {
  return new StreamjobError('CONTEXT_STATE', 'an action was called while the graph of a batch was made', {
    where: 'transform',
    hint: `actions (collect, count, …) belong into foreachRDD; with engine: '${engine}' transform cannot run them`,
  });
}

/** Runs lineages, as one member of a crew. */
export class Runner implements JobRunner {
  readonly #settings: RunnerSettings;
  readonly #exchange: Exchange;
  readonly #partitions: PartitionRunner;
  /** What a function of the job did that cannot be done here. */
  #misuse: StreamjobError | undefined;

  constructor(settings: RunnerSettings) {
    this.#settings = settings;
    this.#exchange = settings.exchange ?? noExchange;
    this.#partitions = new PartitionRunner(settings, this.#exchange.member);
  }

  async prepare<T>(lineage: Lineage<T>): Promise<readonly Task<T>[]> {
    if (this.#exchange.members > 1) {
      this.#misuse ??= actionInGraph('threads');
      // The batch fails with the error; here perhaps nobody listens, and the thread would end of it.
      return new Promise(() => {});
    }
    const plans = await this.#plan(lineage);
    return plans.map(({ here }) => {
      const plan: Plan = { ...(here as Plan), partition: undefined };
      const collect = (limit?: number): Promise<T[]> => this.#partitions.collect(plan, limit) as Promise<T[]>;
      return { collect, count: () => this.#partitions.count(plan) };
    });
  }

  /** Works a kept lineage out, if it is not yet. @returns what of it ran here, partition by partition, and what operators gave in it */
  async keep(lineage: Kept<unknown>): Promise<Ran> {
    if (this.#misuse !== undefined) throw this.#misuse;
    this.#partitions.takeTasks();
    this.#partitions.takeGave();
    lineage.result ??= await this.#materialize(lineage);
    return { tasks: this.#partitions.takeTasks(), gave: this.#partitions.takeGave() };
  }

  async #plan(lineage: Lineage<unknown>): Promise<Placed<Plan>[]> {
    switch (lineage.kind) {
      case 'source':
        return this.#place(lineage.partitions);
      case 'narrow': {
        const below = await this.#plan(lineage.parent);
        const { step } = lineage;
        return below.map(({ owner, here }, index) => ({
          owner,
          here: here && { ...here, steps: [...here.steps, { step, index }] },
        }));
      }
      case 'union': {
        const plans: Placed<Plan>[] = [];
        this.#partitions.countUnion(lineage);
        for (const parent of lineage.parents) plans.push(...(await this.#plan(parent)));
        return plans;
      }
      case 'kept':
        lineage.result ??= await this.#materialize(lineage);
        return this.#place(lineage.result ?? []);
      case 'remote':
        return Array.from({ length: lineage.numPartitions }, (_, i) => ({
          owner: this.#exchange.member,
          here: { partition: i, load: async (limit) => new ArrayPartition(await lineage.load(i, limit)), steps: [] },
        }));
      case 'regroup':
        return planned(this.#counted(lineage, await this.#regroup(lineage)));
      case 'deal':
        return planned(this.#counted(lineage, await this.#deal(lineage)));
      case 'stateful':
        return this.#place(await this.#stateful(lineage));
      case 'async': {
        const placed: Placed<readonly unknown[]>[] = [];
        for (const { owner, here } of await this.#values(lineage.parent)) {
          const values = here && (await lineage.run(here, this.#settings.signal(), this.#partitions.skip));
          placed.push({ owner, here: values });
        }
        return planned(this.#counted(lineage, placed));
      }
      case 'shuffle':
        return planned(this.#counted(lineage, await this.#shuffle(lineage)));
    }
  }

  /** How many values there are is known without looking at them. */
  #counted(operator: Operator, placed: Placed<readonly unknown[]>[]): Placed<readonly unknown[]>[] {
    this.#partitions.gave(
      operator,
      placed.reduce((sum, { here }) => sum + (here?.length ?? 0), 0),
    );
    return placed;
  }

  /** A partition belongs to who has its number, unless another one is known to have it. */
  #place(partitions: readonly Partition<unknown>[]): Placed<Plan>[] {
    const { member, members } = this.#exchange;
    return partitions.map((partition, i) => {
      const owner =
        partition instanceof ElsewherePartition ? partition.owner : members === 1 ? 0 : this.#ownerOf(partition, i);
      return { owner, here: owner === member ? { partition: i, load: () => partition, steps: [] } : undefined };
    });
  }

  #ownerOf(partition: Partition<unknown>, index: number): number {
    return partition instanceof OwnPartition ? this.#exchange.member : ownerOfPartition(index, this.#exchange.members);
  }

  async #materialize({ parent, copied }: Kept<unknown>): Promise<Partition<unknown>[]> {
    const run = async (): Promise<Partition<unknown>[]> => {
      // What is read from the state when it is wanted costs nothing until then; only later batches need a copy.
      if (parent.kind === 'stateful' && !copied) return this.#stateful(parent);
      return (await this.#values(parent)).map(({ owner, here }) => this.#keptPartition(owner, here));
    };
    const skipPolicy = this.#settings.skipPolicy;
    return skipPolicy?.active === true ? skipPolicy.stage(run) : run();
  }

  #keptPartition(owner: number, values: readonly unknown[] | undefined): Partition<unknown> {
    if (values === undefined) return new ElsewherePartition(owner);
    return this.#exchange.members === 1 ? new ArrayPartition(values) : new OwnPartition(values);
  }

  async #values(lineage: Lineage<unknown>): Promise<Placed<readonly unknown[]>[]> {
    const placed: Placed<readonly unknown[]>[] = [];
    for (const { owner, here } of await this.#plan(lineage)) {
      placed.push({ owner, here: here && (await this.#partitions.collect(here)) });
    }
    return placed;
  }

  /** The values of each partition at the member that has its number. */
  async #aligned(lineage: Lineage<unknown>, name: string): Promise<Map<number, readonly unknown[]>> {
    const placed = await this.#values(lineage);
    if (placed.every(({ owner }, i) => owner === ownerOfPartition(i, this.#exchange.members))) {
      return new Map(placed.flatMap(({ here }, i) => (here === undefined ? [] : [[i, here] as const])));
    }
    const pieces = placed.flatMap(({ here }, i) => (here === undefined ? [] : [{ source: i, target: i, data: here }]));
    const traded = await this.#exchange.trade(pieces, valuesCodec(name));
    return new Map(traded.map(({ target, data }) => [target, data]));
  }

  /** Each partition deals its values out; nobody needs to see all of them. */
  async #deal(lineage: Deal<unknown>): Promise<Placed<readonly unknown[]>[]> {
    const { name, parent, numPartitions, deal, settle } = lineage;
    const pieces: Piece<readonly unknown[]>[] = [];
    for (const [source, { here }] of (await this.#values(parent)).entries()) {
      if (here === undefined) continue;
      for (const [target, data] of byUser(lineage, () => deal(here, source)).entries()) {
        if (data.length > 0) pieces.push({ source, target, data });
      }
    }
    const byTarget = await this.#trade(pieces, valuesCodec(name));
    return this.#own(numPartitions, (index) => {
      const dealt = byTarget.get(index) ?? [];
      const [only] = dealt;
      const values = dealt.length === 1 && only !== undefined ? (only as unknown[]) : dealt.flat();
      return settle === undefined ? values : byUser(lineage, () => settle(values));
    });
  }

  /** All values at one member, which makes the new partitions. */
  async #regroup(lineage: Regroup<unknown>): Promise<Placed<readonly unknown[]>[]> {
    const { name, parents, numPartitions, compute } = lineage;
    const codec = valuesCodec(name);
    const all: (readonly (readonly unknown[])[])[] = [];
    for (const parent of parents) {
      const placed = await this.#values(parent);
      if (this.#exchange.members === 1) {
        all.push(placed.map(({ here = [] }) => here));
        continue;
      }
      const pieces = placed.flatMap(({ here }, source) =>
        here === undefined ? [] : [{ source, target: 0, data: here }],
      );
      const got = await this.#exchange.trade(pieces, codec);
      all.push(placed.map((_, i) => got.find(({ source }) => source === i)?.data ?? []));
    }
    const made = this.#exchange.member === 0 ? byUser(lineage, () => compute(all)) : [];
    if (this.#exchange.members === 1) return made.map((here) => ({ owner: 0, here }));
    const byTarget = await this.#trade(
      made.map((data, target) => ({ source: 0, target, data })),
      codec,
    );
    return this.#own(numPartitions, (index) => byTarget.get(index)?.[0] ?? []);
  }

  /** What failed in between leaves no trace in the state: the attempt after it begins where the batch began. */
  async #stateful(lineage: Stateful<unknown>): Promise<Partition<unknown>[]> {
    const { time, numPartitions, name } = lineage;
    const store = this.#storeOf(lineage);
    const parents: Map<number, readonly unknown[]>[] = [];
    for (const parent of lineage.parents) parents.push(await this.#aligned(parent, name));
    if (lineage.changes) store.begin(time);
    const skip = this.#partitions.skip;
    const skipHere: Skip | undefined = skip && ((_, value, error) => skip(lineage, value, error));
    try {
      const placed = this.#own(numPartitions, (index) =>
        lineage.process(
          store.partition(index, numPartitions) as StatePartition<never, never>,
          parents.map((partitions) => partitions.get(index) ?? []),
          index,
          skipHere,
        ),
      );
      return placed.map(({ owner, here }) =>
        here === undefined || Array.isArray(here) ? this.#keptPartition(owner, here) : (here as Partition<unknown>),
      );
    } catch (error) {
      if (lineage.changes) store.rollback(time);
      throw userError(error, lineage);
    }
  }

  #storeOf({ name, of }: Stateful<unknown>): StateStore {
    const { states } = this.#settings;
    if (states === undefined) throw new Error(`${name} is run where no states are`);
    return states.of(of);
  }

  async #shuffle(lineage: Shuffle): Promise<Placed<readonly unknown[]>[]> {
    const { name, partitioner } = lineage;
    const pieces: Piece<Pairs>[] = [];
    for (const [source, { here }] of (await this.#plan(lineage.parent)).entries()) {
      if (here === undefined) continue;
      const combiner = new MapSide(lineage, this.#partitions.skip);
      await this.#partitions.run(here, combiner as Sink<unknown>, { into: lineage });
      for (const [target, data] of combiner.pieces.entries())
        if (data.length > 0) pieces.push({ source, target, data });
    }
    const byTarget = await this.#trade(pieces, pairsCodec(name));
    return this.#own(partitioner.numPartitions, (index) =>
      byUser(lineage, () => reduced(lineage, byTarget.get(index) ?? [], this.#partitions.skip)),
    );
  }

  /** The pieces for this member by their targets, in the order of their sources. */
  async #trade<P>(pieces: readonly Piece<P>[], codec: PieceCodec<P>): Promise<Map<number, P[]>> {
    const traded = await this.#exchange.trade(pieces, codec);
    const byTarget = new Map<number, P[]>();
    for (const { target, data } of traded) {
      const present = byTarget.get(target);
      if (present === undefined) byTarget.set(target, [data]);
      else present.push(data);
    }
    return byTarget;
  }

  /** New partitions, each made by its owner. */
  #own<T>(numPartitions: number, make: (index: number) => T): Placed<T>[] {
    const { member, members } = this.#exchange;
    return Array.from({ length: numPartitions }, (_, index) => {
      const owner = ownerOfPartition(index, members);
      return { owner, here: owner === member ? make(index) : undefined };
    });
  }
}
