/** The graph of a job, as an observer sees it, and the options that say how fast the job can be. */
import type { Rates } from '../flow/batch/rate-control.ts';
import type { Graph } from '../graph/graph.ts';
import type { ObservedOperator, ObservedOutput, Tuning } from '../observe/observed.ts';

/** Worked out when somebody looks, and again only when something was added to the graph. */
export class ObservedGraph {
  readonly #graph: Graph;
  #size = -1;
  #operators: readonly ObservedOperator[] = [];
  #outputs: readonly ObservedOutput[] = [];

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  get operators(): readonly ObservedOperator[] {
    this.#refresh();
    return this.#operators;
  }

  get outputs(): readonly ObservedOutput[] {
    this.#refresh();
    return this.#outputs;
  }

  #refresh(): void {
    const { nodes, outputs } = this.#graph;
    const size = nodes.length + outputs.length;
    if (size === this.#size) return;
    this.#size = size;
    this.#outputs = outputs.map(({ id, kind, node, site }) => ({ id, kind, site, operator: node.id }));
    this.#operators = nodes.map((node) => {
      const { id, input, name, parents, site, slideMs, state, windowMs } = node;
      return {
        ...{ id, name, site, parents: parents.map((parent) => parent.id), windowMs, slideMs, input },
        isStateful: state !== undefined,
        isKept: this.#graph.isKept(node),
      };
    });
  }
}

/** @param rates undefined: inputs give as fast as they can */
export function tuningOf(
  { batchesInFlight, engine, parallelism, stateStore }: Omit<Tuning, 'maxRate'>,
  rates: Rates | undefined,
): Tuning {
  const maxRate = rates === undefined || !Number.isFinite(rates.maxRate) ? undefined : rates.maxRate;
  return { batchesInFlight, engine, parallelism, stateStore, maxRate };
}
