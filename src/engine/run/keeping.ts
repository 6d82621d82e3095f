/** What Generations wants of whoever runs lineages, and what it tells of how they were made: by that they can be made again elsewhere. */
import type { Kept, Lineage } from '../../graph/lineage.ts';
import type { Node } from '../../graph/node.ts';
import type { JobRunner } from '../../graph/rdd.ts';
import type { StateSpecification } from '../../graph/state/form.ts';
import type { Ran } from './partition-runner.ts';

/** Runs what is kept. */
export interface KeepingRunner extends JobRunner {
  /**
   * Works a kept lineage out, if it is not yet.
   * @param node whose data it is
   * @param asked what nodes have asked while the lineages of the batch were made
   * @returns what ran for it, partition by partition, and what operators gave in it
   */
  keep(lineage: Kept<unknown>, node: Node<unknown>, asked: Asked): Promise<Ran>;
}

/** What nodes have asked (BatchView) while they made the lineages of a batch, with the answers. */
export class Asked {
  /** The batch's; undefined: none yet. */
  readonly time: number | undefined;
  /** Of data that is kept, or of earlier batches. */
  readonly data: (readonly [node: number, time: number, lineage: Lineage<unknown> | undefined])[] = [];
  readonly inputs: Map<number, Lineage<unknown> | undefined> = new Map();
  readonly times: (readonly [node: number, after: number, upTo: number, times: readonly number[]])[] = [];
  readonly lastCommitted: Map<StateSpecification, number | undefined> = new Map();

  constructor(time?: number) {
    this.time = time;
  }
}
