/**
 * The inline engine: everything runs on the main thread, which is given back between chunks, so that sockets are served
 * and signals are heard while a large batch runs.
 */
import { StreamjobError } from '../core/errors.ts';
import { userError } from '../graph/functions.ts';
import { KeyedMap } from '../graph/keys.ts';
import {
  type Aggregator,
  ArrayPartition,
  type Lineage,
  type Partition,
  type Regroup,
  type Shuffle,
  type Sink,
  type Skip,
  type Stateful,
  type Step,
} from '../graph/lineage.ts';
import { type Partitioner, partitionOf } from '../graph/partitioner.ts';
import type { Task } from '../graph/rdd.ts';
import type { StatePartition } from '../graph/state/store.ts';
import type { Engine, EngineKind, EngineSettings, Poison } from './engine.ts';
import { guarded } from './guarded.ts';

/** How long the main thread is kept without a break, in ms. */
const TIME_SLICE_MS = 8;

/** A partition with the fused steps upon it, not yet run. */
interface Plan {
  readonly partition: Partition<unknown>;
  readonly steps: readonly BoundStep[];
}

interface BoundStep {
  readonly step: Step<unknown, unknown>;
  /** Which partition of its RDD the step is opened on. */
  readonly index: number;
}

/** The engine's entry in the list. */
export const inlineEngine: EngineKind = {
  type: 'inline',
  open: (settings) => new InlineEngine(settings),
};

class InlineEngine implements Engine {
  readonly #signal: AbortSignal;
  readonly #poison: Poison | undefined;
  #sliceEnd = 0;

  constructor(settings: EngineSettings) {
    this.#signal = settings.signal;
    this.#poison = settings.poison;
  }

  async prepare<T>(lineage: Lineage<T>): Promise<readonly Task<T>[]> {
    const plans = await this.#plan(lineage);
    return plans.map((plan) => ({
      collect: async () => {
        const values: unknown[] = [];
        await this.#run(plan, {
          push: (value) => {
            values.push(value);
          },
          end() {},
        });
        return values as T[];
      },
    }));
  }

  async close(): Promise<void> {}

  async #plan(lineage: Lineage<unknown>): Promise<Plan[]> {
    switch (lineage.kind) {
      case 'source':
        return lineage.partitions.map((partition) => ({
          partition,
          steps: [],
        }));
      case 'narrow': {
        const below = await this.#plan(lineage.parent);
        const { step } = lineage;
        return below.map(({ partition, steps }, index) => ({
          partition,
          steps: [...steps, { step, index }],
        }));
      }
      case 'union': {
        const plans: Plan[] = [];
        for (const parent of lineage.parents) plans.push(...(await this.#plan(parent)));
        return plans;
      }
      case 'kept': {
        lineage.result ??= await this.#materialize(lineage.parent);
        return lineage.result.map((partition) => ({ partition, steps: [] }));
      }
      case 'regroup': {
        const parents: (readonly (readonly unknown[])[])[] = [];
        for (const parent of lineage.parents) parents.push(await this.#values(parent));
        return regrouped(lineage, parents).map((values) => ({ partition: new ArrayPartition(values), steps: [] }));
      }
      case 'stateful':
        return (await this.#stateful(lineage)).map((values) => ({ partition: new ArrayPartition(values), steps: [] }));
      case 'async': {
        const plans: Plan[] = [];
        for (const values of await this.#values(lineage.parent)) {
          plans.push({ partition: new ArrayPartition(await lineage.run(values, this.#signal, this.#skip)), steps: [] });
        }
        return plans;
      }
      case 'shuffle':
        return (await this.#shuffle(lineage)).map((partition) => ({
          partition,
          steps: [],
        }));
    }
  }

  async #materialize(lineage: Lineage<unknown>): Promise<Partition<unknown>[]> {
    const run = async (): Promise<Partition<unknown>[]> =>
      (await this.#values(lineage)).map((values) => new ArrayPartition(values));
    return this.#poison?.active === true ? this.#poison.stage(run) : run();
  }

  async #values(lineage: Lineage<unknown>): Promise<(readonly unknown[])[]> {
    const partitions: (readonly unknown[])[] = [];
    for (const task of await this.prepare(lineage)) partitions.push(await task.collect());
    return partitions;
  }

  /** What failed in between leaves no trace in the state: the attempt after it begins where the batch began. */
  async #stateful(lineage: Stateful<unknown>): Promise<(readonly unknown[])[]> {
    const { store, time, numPartitions, name } = lineage;
    const parents: (readonly (readonly unknown[])[])[] = [];
    for (const parent of lineage.parents) parents.push(await this.#values(parent));
    if (lineage.changes) store.begin(time);
    try {
      return Array.from({ length: numPartitions }, (_, index) =>
        lineage.process(
          store.partition(index, numPartitions) as StatePartition<never, never>,
          parents.map((partitions) => partitions[index] ?? []),
          index,
          this.#skip,
        ),
      );
    } catch (error) {
      if (lineage.changes) store.rollback(time);
      throw userError(error, name);
    }
  }

  /** Map side: each partition is combined and cut into buckets by the keys' hashes. Reduce side: buckets are combined. */
  async #shuffle({ name, parent, aggregator, partitioner }: Shuffle): Promise<Partition<unknown>[]> {
    const reducers = Array.from({ length: partitioner.numPartitions }, () => new KeyedMap<unknown, unknown>());
    for (const plan of await this.#plan(parent)) {
      const combiner = new MapSide(name, aggregator, partitioner, reducers, this.#skip);
      await this.#run(plan, combiner as Sink<unknown>);
    }
    return reducers.map((reducer) => new ArrayPartition([...reducer.entries()]));
  }

  async #run(plan: Plan, end: Sink<unknown>): Promise<void> {
    let sink = end;
    const skip = this.#skip;
    for (const { step, index } of [...plan.steps].reverse()) {
      sink = skip === undefined ? step.open(index, sink) : guarded(step, index, sink, skip);
    }
    const push = (value: unknown): void => sink.push(value);
    const operator = plan.steps.map(({ step }) => step.name).join(' > ') || 'source';
    try {
      for (const chunk of plan.partition.chunks) {
        chunk.forEach(push);
        if (performance.now() >= this.#sliceEnd) await this.#yield();
      }
      sink.end();
    } catch (error) {
      throw userError(error, operator);
    }
  }

  /** What takes values that functions throw on; undefined: they fail the batch. */
  get #skip(): Skip | undefined {
    const poison = this.#poison;
    return poison?.active === true ? (...args) => poison.skip(...args) : undefined;
  }

  async #yield(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (this.#signal.aborted) throw new StreamjobError('CONTEXT_STATE', 'the context was stopped while a batch ran');
    this.#sliceEnd = performance.now() + TIME_SLICE_MS;
  }
}

/** The sink of a shuffle's map side. */
class MapSide implements Sink<readonly [unknown, unknown]> {
  readonly #name: string;
  readonly #skip: Skip | undefined;
  readonly #aggregator: Aggregator<unknown, unknown>;
  readonly #partitioner: Partitioner;
  readonly #reducers: readonly KeyedMap<unknown, unknown>[];
  readonly #combined = new KeyedMap<unknown, unknown>();

  constructor(
    name: string,
    aggregator: Aggregator<unknown, unknown>,
    partitioner: Partitioner,
    reducers: readonly KeyedMap<unknown, unknown>[],
    skip: Skip | undefined,
  ) {
    this.#name = name;
    this.#skip = skip;
    this.#aggregator = aggregator;
    this.#partitioner = partitioner;
    this.#reducers = reducers;
  }

  push(pair: readonly [unknown, unknown]): void {
    if (this.#skip === undefined) return this.#add(pair);
    try {
      this.#add(pair);
    } catch (error) {
      this.#skip(this.#name, pair, error);
    }
  }

  #add(pair: readonly [unknown, unknown]): void {
    const { create, merge, mapSide } = this.#aggregator;
    const target = mapSide ? this.#combined : this.#reducer(pair[0]);
    const entry = target.find(pair[0]);
    if (entry === undefined) target.add(pair[0], create(pair[1]));
    else entry[1] = merge(entry[1], pair[1]);
  }

  end(): void {
    const { combine } = this.#aggregator;
    for (const [key, value] of this.#combined.entries()) {
      const target = this.#reducer(key);
      const entry = target.find(key);
      if (entry === undefined) target.add(key, value);
      else entry[1] = combine(entry[1], value);
    }
  }

  #reducer(key: unknown): KeyedMap<unknown, unknown> {
    const reducer = this.#reducers[partitionOf(this.#partitioner, key)];
    if (reducer === undefined) throw new StreamjobError('USER_FUNCTION', 'the partitioner has no such partition');
    return reducer;
  }
}

/** The function may be a user's comparator: what it throws names the operator. */
function regrouped(
  lineage: Regroup<unknown>,
  parents: readonly (readonly (readonly unknown[])[])[],
): readonly (readonly unknown[])[] {
  try {
    return lineage.compute(parents);
  } catch (error) {
    throw userError(error, lineage.name);
  }
}
