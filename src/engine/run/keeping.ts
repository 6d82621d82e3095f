/** What Generations wants of whoever runs lineages. */
import type { Kept } from '../../graph/lineage.ts';
import type { BatchView, Node } from '../../graph/node.ts';
import type { JobRunner } from '../../graph/rdd.ts';
import type { Ran } from './partition-runner.ts';

/** Runs what is kept. */
export interface KeepingRunner extends JobRunner {
  /**
   * Looks on while the nodes of a batch make their lineages; left out: what they ask does not matter to it.
   * @param time the batch's, in ms since the epoch @param isKept whether a node's data is kept
   * @returns the view that nodes are to ask instead
   */
  noting?(view: BatchView, time: number, isKept: (node: Node<unknown>) => boolean): BatchView;
  /**
   * Works a kept lineage out, if it is not yet.
   * @param node whose data it is @param time of the batch, in ms since the epoch
   * @returns what ran for it, partition by partition, and what operators gave in it
   */
  keep(lineage: Kept<unknown>, node: Node<unknown>, time: number): Promise<Ran>;
}
