/**
 * A lineage cut into the stages that a cluster runs one after the other. A stage is what runs between two exchanges: it reads leaves (data
 * that the driver has) and exchanges (what the stage before has given), and ends with the lineage's values or with another exchange.
 * The driver and the workers cut the same lineage, each for itself, and so name its parts by the same numbers.
 */
import type { Async, Deal, Lineage, Shuffle, Stateful } from '../../graph/lineage.ts';
import type { StateSpecification } from '../../graph/state/form.ts';
import type { BoundStep } from '../run/guarded.ts';

/** Values that change their partitions. */
export type ExchangeLineage = Shuffle | Deal<unknown>;

/** Where the values of a partition come from. */
export type Origin =
  | { readonly kind: 'leaf'; readonly leaf: number; readonly partition: number }
  | { readonly kind: 'exchange'; readonly exchange: number; readonly partition: number }
  | StatefulOrigin;

/** Values that come of others and of what is remembered of their keys. */
export interface StatefulOrigin {
  readonly kind: 'stateful';
  readonly lineage: Stateful<unknown>;
  readonly partition: number;
  /** The partition of each parent; undefined: the parent has none of that number. */
  readonly parents: readonly (StagePartition | undefined)[];
}

/** What is done to a partition on its way: steps are fused, an asynchronous function sees all of its values. */
export type Way =
  | { readonly kind: 'step'; readonly bound: BoundStep }
  | { readonly kind: 'async'; readonly lineage: Async<unknown> };

/** A partition of a stage. */
export interface StagePartition {
  readonly origin: Origin;
  /** In the order in which values pass. */
  readonly way: readonly Way[];
}

/** A stage. */
export interface Stage {
  /** Its place among all stages; one that it reads has a smaller one. */
  readonly number: number;
  /** Where its values go: into an exchange, by its number; undefined: they are the result. */
  readonly into: number | undefined;
  readonly partitions: readonly StagePartition[];
}

/** Data that the driver has, or works out. */
export interface Leaf {
  readonly lineage: Lineage<unknown>;
  /** Where it stands below the lineage that was cut: the place among the parents, at each step. */
  readonly path: readonly number[];
}

/** A lineage that is cut. */
export interface Cut {
  readonly stages: readonly Stage[];
  readonly leaves: readonly Leaf[];
  readonly exchanges: readonly ExchangeLineage[];
}

/** Whether the driver has the values, or works them out itself: what is kept, and what has to see all partitions at once. */
function isLeaf(lineage: Lineage<unknown>, statesThere: boolean): boolean {
  return (
    ['source', 'kept', 'remote', 'regroup'].includes(lineage.kind) || (lineage.kind === 'stateful' && !statesThere)
  );
}

/**
 * Cuts a lineage.
 * @param statesThere whether workers open states; else they are the driver's
 * @param partitionsOf how many partitions a leaf has
 */
export function cutIntoStages(
  root: Lineage<unknown>,
  statesThere: boolean,
  partitionsOf: (leaf: number, lineage: Lineage<unknown>) => number,
): Cut {
  const leaves: Leaf[] = [];
  const exchanges: ExchangeLineage[] = [];
  const stages: Stage[] = [];
  const cut = (lineage: Lineage<unknown>, path: readonly number[]): StagePartition[] => {
    if (isLeaf(lineage, statesThere)) {
      const leaf = leaves.push({ lineage, path }) - 1;
      return Array.from({ length: partitionsOf(leaf, lineage) }, (_, partition) => ({
        origin: { kind: 'leaf', leaf, partition },
        way: [],
      }));
    }
    switch (lineage.kind) {
      case 'narrow': {
        const { parent, step } = lineage;
        return cut(parent, [...path, 0]).map(({ origin, way }, index) => ({
          origin,
          way: [...way, { kind: 'step', bound: { step, index } }],
        }));
      }
      case 'async':
        return cut(lineage.parent, [...path, 0]).map(({ origin, way }) => ({
          origin,
          way: [...way, { kind: 'async', lineage }],
        }));
      case 'union':
        return lineage.parents.flatMap((parent, i) => cut(parent, [...path, i]));
      case 'shuffle':
      case 'deal': {
        const partitions = cut(lineage.parent, [...path, 0]);
        const exchange = exchanges.push(lineage) - 1;
        stages.push({ number: stages.length, into: exchange, partitions });
        const count = lineage.kind === 'deal' ? lineage.numPartitions : lineage.partitioner.numPartitions;
        return Array.from({ length: count }, (_, partition) => ({
          origin: { kind: 'exchange', exchange, partition },
          way: [],
        }));
      }
      case 'stateful': {
        const parents = lineage.parents.map((parent, i) => cut(parent, [...path, i]));
        return Array.from({ length: lineage.numPartitions }, (_, partition) => ({
          origin: { kind: 'stateful', lineage, partition, parents: parents.map((of) => of[partition]) },
          way: [],
        }));
      }
      default:
        throw new Error(`a ${lineage.kind} is no part of a stage`);
    }
  };
  const partitions = cut(root, []);
  stages.push({ number: stages.length, into: undefined, partitions });
  return { stages, leaves, exchanges };
}

/** Where the values of a partition come from in the end: of one that has states, those of all its parents. */
export function originsOf({ origin }: StagePartition): Exclude<Origin, StatefulOrigin>[] {
  if (origin.kind !== 'stateful') return [origin];
  return origin.parents.flatMap((parent) => (parent === undefined ? [] : originsOf(parent)));
}

/** The states that a partition opens. */
export function statesOf({ origin }: StagePartition): StatefulOrigin[] {
  if (origin.kind !== 'stateful') return [];
  return [...origin.parents.flatMap((parent) => (parent === undefined ? [] : statesOf(parent))), origin];
}

/** The part of a lineage at a path. */
export function partAt(lineage: Lineage<unknown>, path: readonly number[]): Lineage<unknown> {
  let at = lineage;
  for (const place of path) {
    const parents = 'parents' in at ? at.parents : 'parent' in at ? [at.parent as Lineage<unknown>] : [];
    const next = parents[place];
    if (next === undefined) throw new Error('the lineage has no such part');
    at = next;
  }
  return at;
}

/** A lineage upon other leaves. */
export function withLeaves(
  lineage: Lineage<unknown>,
  { leaves }: Cut,
  sources: readonly Lineage<unknown>[],
): Lineage<unknown> {
  const replaced = (at: Lineage<unknown>, path: readonly number[]): Lineage<unknown> => {
    const leaf = leaves.findIndex((each) => each.path.join() === path.join());
    if (leaf >= 0) return sources[leaf] as Lineage<unknown>;
    if ('parents' in at) {
      return {
        ...at,
        parents: at.parents.map((parent, i) => replaced(parent as Lineage<unknown>, [...path, i])),
      } as Lineage<unknown>;
    }
    if ('parent' in at)
      return { ...at, parent: replaced(at.parent as Lineage<unknown>, [...path, 0]) } as Lineage<unknown>;
    return at;
  };
  return replaced(lineage, []);
}

/** What the partitions of a stage begin with. */
interface Reads {
  readonly exchanges: ReadonlySet<number>;
  readonly leaves: boolean;
}

const reads = new WeakMap<Stage, Reads>();

/** It is asked several times of a stage, which may have thousands of partitions. */
function readsOf(stage: Stage): Reads {
  let known = reads.get(stage);
  if (known === undefined) {
    const exchanges = new Set<number>();
    let leaves = false;
    for (const partition of stage.partitions) {
      for (const origin of originsOf(partition)) {
        if (origin.kind === 'exchange') exchanges.add(origin.exchange);
        else leaves = true;
      }
    }
    known = { exchanges, leaves };
    reads.set(stage, known);
  }
  return known;
}

/** The stages whose exchanges a stage reads. */
export function readBy({ stages }: Cut, stage: Stage): Stage[] {
  const { exchanges } = readsOf(stage);
  return stages.filter(({ into }) => into !== undefined && exchanges.has(into));
}

/**
 * The stage that tells the partitions of a stage what their work is: one that it reads, so that no row of the driver's has to be brought to it.
 * Undefined: the driver tells them, with what it gives.
 */
export function toldBy(cut: Cut, stage: Stage): Stage | undefined {
  if (readsOf(stage).leaves) return undefined;
  return readBy(cut, stage).find(({ partitions }) => partitions.length > 0);
}

/** The states that stages open. */
export function openedBy({ stages }: Cut): ReadonlySet<StateSpecification> {
  return new Set(stages.flatMap(({ partitions }) => partitions.flatMap(statesOf)).map(({ lineage }) => lineage.of));
}
