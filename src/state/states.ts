/** The stores of a job's states, one for each node that keeps some. The engine that computes them opens and holds them. */
import type { Graph, Node } from '../graph/node.ts';
import type { StateSpecification } from '../graph/state/form.ts';
import type { OpenStore, StateStore } from './store.ts';

/** A store and the node whose states it keeps. */
export interface OpenedState {
  readonly node: Node<unknown>;
  readonly store: StateStore;
}

/** See `all`. */
export class States {
  /** In the order of the graph's nodes. */
  readonly all: readonly OpenedState[];
  readonly #stores: ReadonlyMap<StateSpecification, StateStore>;

  /** Opens a store for each node that keeps states. @param graph complete: nothing is added to it any more */
  constructor(graph: Graph, open: OpenStore) {
    this.all = graph.nodes.flatMap((node) => (node.state === undefined ? [] : [{ node, store: open(node.state) }]));
    this.#stores = new Map(
      this.all.flatMap(({ node: { state }, store }) => (state === undefined ? [] : [[state, store] as const])),
    );
  }

  /** The store of a node's states. */
  of(state: StateSpecification): StateStore {
    const store = this.#stores.get(state);
    if (store === undefined) throw new Error(`the states of ${state.operator} are of another graph`);
    return store;
  }

  /** Whether a store has lost what it held. */
  get areLost(): boolean {
    return this.all.some(({ store }) => store.isLost);
  }
}
