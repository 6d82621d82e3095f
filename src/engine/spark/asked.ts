/** What nodes ask while they make the lineages of a batch, with the answers: by that a worker makes the same lineages once more. */
import type { Lineage } from '../../graph/lineage.ts';
import type { BatchView, Node } from '../../graph/node.ts';
import type { StateSpecification } from '../../graph/state/form.ts';

/** What the nodes of one batch have asked. */
export class Asked {
  readonly time: number;
  /** Of data that is kept, or of earlier batches. */
  readonly data: (readonly [node: number, time: number, lineage: Lineage<unknown> | undefined])[] = [];
  readonly inputs: Map<number, Lineage<unknown> | undefined> = new Map();
  readonly times: (readonly [node: number, after: number, upTo: number, times: readonly number[]])[] = [];
  readonly lastCommitted: Map<StateSpecification, number | undefined> = new Map();

  /** @param time the batch's, in ms since the epoch */
  constructor(time: number) {
    this.time = time;
  }

  /** The same view, whose answers are noted. @param isKept whether a node's data is kept: what is not, a worker works out */
  noting(view: BatchView, isKept: (node: Node<unknown>) => boolean): BatchView {
    return {
      numPartitions: view.numPartitions,
      rdd: (lineage) => view.rdd(lineage),
      lastCommitted: (state) => {
        const last = view.lastCommitted(state);
        this.lastCommitted.set(state, last);
        return last;
      },
      input: <T>(inputId: number) => {
        const lineage = view.input<T>(inputId);
        this.inputs.set(inputId, lineage as Lineage<unknown> | undefined);
        return lineage;
      },
      of: <T>(node: Node<T>, at: number) => {
        const lineage = view.of(node, at);
        if (at !== this.time || isKept(node)) this.data.push([node.id, at, lineage]);
        return lineage;
      },
      times: (node, after, upTo) => {
        const times = view.times(node, after, upTo);
        this.times.push([node.id, after, upTo, times]);
        return times;
      },
    };
  }
}
