/** The stores of a job's states, one for each node that keeps some. The engine that computes them opens and holds them. */

import type { Graph } from '../graph/graph.ts';
import type { Node } from '../graph/node.ts';
import type { StateSpecification } from '../graph/state/form.ts';
import type { OpenStore, StateStore } from './store.ts';

/** A store and the node whose states it keeps. */
export interface OpenedState {
  readonly node: Node<unknown>;
  /** The node's name across restarts. */
  readonly name: string;
  readonly store: StateStore;
}

/** See `all`. */
export class States {
  /** In the order of the graph's nodes. */
  readonly all: readonly OpenedState[];
  readonly #stores = new Map<StateSpecification, StateStore>();

  /**
   * Opens a store for each node that keeps states.
   * @param graph complete: nothing is added to it any more
   * @param names of nodes across restarts
   */
  constructor(graph: Graph, names: ReadonlyMap<Node<unknown>, string>, open: OpenStore) {
    this.all = graph.nodes.flatMap((node) => {
      const { state } = node;
      if (state === undefined) return [];
      const store = open(state);
      this.#stores.set(state, store);
      return [{ node, name: names.get(node) ?? state.operator, store }];
    });
  }

  /** The store of a node's states. */
  of(state: StateSpecification): StateStore {
    const store = this.#stores.get(state);
    if (store === undefined) throw new Error(`the states of ${state.operator} are of another graph`);
    return store;
  }

  /** The store of the node that has a name across restarts; undefined: no node with states has it. */
  named(name: string): StateStore | undefined {
    return this.all.find((each) => each.name === name)?.store;
  }

  /** Whether a store has lost what it held. */
  get areLost(): boolean {
    return this.all.some(({ store }) => store.isLost);
  }
}
