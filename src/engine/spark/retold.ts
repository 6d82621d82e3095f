/**
 * The lineage of a node at a time, made once more by a worker: what the driver found while it made it is told (Facts), so that both have the
 * same one. Data that is there already is a source whose partitions the worker has only where rows bring them.
 */
import type { Graph } from '../../graph/graph.ts';
import type { Lineage, Partition } from '../../graph/lineage.ts';
import type { BatchView, Node } from '../../graph/node.ts';
import { type JobRunner, RDD } from '../../graph/rdd.ts';
import { actionInGraph } from '../run/runner.ts';
import type { Facts } from './work.ts';

/** Functions of a graph may make RDDs; nobody may run them while the graph of a batch is made. */
const NO_ACTIONS: JobRunner = {
  prepare: () => {
    throw actionInGraph('spark');
  },
};

/** Told, not there: its partitions come as rows, if at all. */
const ELSEWHERE: Partition<unknown> = {
  chunks: [],
  get size(): never {
    throw new Error('a partition was read that is not of this task');
  },
};

/** The lineage of a node's data. @param numPartitions of shuffles that do not say how many they want */
export function retold(
  graph: Graph,
  target: Node<unknown>,
  time: number,
  facts: Facts,
  numPartitions: number,
): Lineage<unknown> {
  const data = new Map(facts.data.map(([node, at, partitions]) => [`${node}@${at}`, partitions]));
  const inputs = new Map(facts.inputs);
  const kept = new Set(graph.nodes.filter((node) => graph.isKept(node)));
  const made = new Map<Node<unknown>, Lineage<unknown> | undefined>();
  const source = (partitions: number | null | undefined): Lineage<unknown> | undefined =>
    partitions === null || partitions === undefined
      ? undefined
      : { kind: 'source', partitions: Array.from({ length: partitions }, () => ELSEWHERE) };
  const view: BatchView = {
    numPartitions,
    rdd: (lineage) => new RDD(lineage, NO_ACTIONS),
    lastCommitted: (state) => {
      const node = graph.nodes.find((each) => each.state === state);
      return facts.lastCommitted.find(([id]) => id === node?.id)?.[1];
    },
    input: <T>(id: number) => source(inputs.get(id)) as Lineage<T> | undefined,
    times: (node, after, upTo) =>
      facts.times.find(([id, from, to]) => id === node.id && from === after && to === upTo)?.[3] ?? [],
    of: <T>(node: Node<T>, at: number) => {
      if (at !== time || kept.has(node)) return source(data.get(`${node.id}@${at}`)) as Lineage<T> | undefined;
      if (!made.has(node)) made.set(node, node.lineage(time, view));
      return made.get(node) as Lineage<T> | undefined;
    },
  };
  const lineage = target.lineage(time, view);
  if (lineage === undefined) throw new Error(`node ${target.id} has no data at ${time}`);
  // What a node keeps by itself is what is worked out, not what is there.
  return lineage.kind === 'kept' ? lineage.parent : lineage;
}
