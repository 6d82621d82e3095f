/**
 * A large graph with fewer boxes: operators that one line of the job has made, and that are as far from the inputs, stand for each other.
 * A loop that makes a hundred streams is a hundred boxes beside each other, of which each says the same.
 */
import type { Graph, GraphOutput, Load, Operator, OperatorLoad, OutputLoad } from '../data/types.ts';

/** A graph whose operators and outputs stand for several. */
export interface Condensed {
  readonly graph: Graph;
  /** The operator that stands for each. */
  readonly operatorOf: ReadonlyMap<number, number>;
  /** The output that stands for each. */
  readonly outputOf: ReadonlyMap<string, string>;
}

/** @param graph its operators come after those that they read */
export function condensed({ operators, outputs }: Graph): Condensed {
  const depths = depthsOf(operators);
  const groups = groupsBy(operators, ({ id, name, site }) => `${depths.get(id)} ${name} ${site}`);
  const operatorOf = new Map(groups.flatMap((group) => group.map(({ id }) => [id, first(group).id] as const)));
  const standing = (id: number): number => operatorOf.get(id) ?? id;
  const outputGroups = groupsBy(outputs, ({ kind, operator, site }) => `${kind} ${site} ${standing(operator)}`);
  const whole: Graph = {
    // One that is as far from the inputs reads none of the others: the order by depth holds for groups, too.
    operators: groups
      .map((group): Operator => {
        const parents = [...new Set(group.flatMap((one) => one.parents.map(standing)))];
        return { ...first(group), name: named(first(group).name, group.length), parents };
      })
      .sort((a, b) => (depths.get(a.id) ?? 0) - (depths.get(b.id) ?? 0)),
    outputs: outputGroups.map((group): GraphOutput => {
      const one = first(group);
      return { ...one, kind: named(one.kind, group.length), operator: standing(one.operator) };
    }),
  };
  const outputOf = new Map(outputGroups.flatMap((group) => group.map(({ id }) => [id, first(group).id] as const)));
  return { graph: whole, operatorOf, outputOf };
}

/** The load of the groups: the values of all, and of the rest what the busiest has. */
export function condensedLoad(load: Load, { operatorOf, outputOf }: Condensed): Load {
  const operators = groupsBy(load.operators, ({ id }) => String(operatorOf.get(id) ?? id));
  const outputs = groupsBy(load.outputs, ({ id }) => outputOf.get(id) ?? id);
  return {
    ...load,
    operators: operators.map((group): OperatorLoad => {
      const since = latest(group.map(({ gaveFrom }) => gaveFrom));
      return { ...busiest(group), id: first(group).id, gave: summed(group.map(({ gave }) => gave)), gaveFrom: since };
    }),
    outputs: outputs.map((group): OutputLoad => {
      const since = latest(group.map(({ tookFrom }) => tookFrom));
      return { ...busiest(group), id: first(group).id, took: summed(group.map(({ took }) => took)), tookFrom: since };
    }),
  };
}

function depthsOf(operators: readonly Operator[]): ReadonlyMap<number, number> {
  const depths = new Map<number, number>();
  for (const { id, parents } of operators) {
    depths.set(id, 1 + parents.reduce((most, parent) => Math.max(most, depths.get(parent) ?? 0), 0));
  }
  return depths;
}

/** In the order in which the first of each came. */
function groupsBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function first<T>(group: readonly T[]): T {
  const [one] = group;
  if (one === undefined) throw new Error('a group has no members');
  return one;
}

function named(name: string, members: number): string {
  return members === 1 ? name : `${name} ×${members}`;
}

function busiest<T extends { readonly busy: number }>(group: readonly T[]): T {
  return group.reduce((most, one) => (one.busy > most.busy ? one : most));
}

/** Of those that were counted; null: none was. */
function summed(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0);
}

function latest(times: readonly (number | null)[]): number | null {
  return times.reduce((most, time) => (most === null || (time !== null && time > most) ? time : most), null);
}
