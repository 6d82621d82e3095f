/** Which windows read a stream's past, and how much of it: known from the graph alone. */

import type { Graph } from './graph.ts';
import type { Node } from './node.ts';

/** A stream whose past is read: by which windows, and how much of it, in ms. */
export interface PastReaders {
  readonly node: Node<unknown>;
  readonly owners: readonly string[];
  readonly ms: number;
}

/** Which windows read a stream's past, and how much of it. */
export class Windows {
  readonly all: readonly PastReaders[];

  /** @param graph complete: nothing is added to it any more @param names of windows across restarts */
  constructor(graph: Graph, names: ReadonlyMap<Node<unknown>, string>) {
    this.all = graph.nodes.flatMap((node) => {
      const readers = graph.nodes.filter((child) => child.windowMs > 0 && child.parents.includes(node));
      if (readers.length === 0) return [];
      const owners = readers.map((reader) => names.get(reader) ?? reader.name);
      return [{ node, owners, ms: Math.max(...readers.map(({ windowMs }) => windowMs)) }];
    });
  }

  /** The streams that any of these windows reads. */
  readBy(owners: readonly string[]): readonly PastReaders[] {
    return this.all.filter((window) => window.owners.some((owner) => owners.includes(owner)));
  }

  /** Whether a slice will be read after the batch of `now`. */
  isRead(owners: readonly string[], time: number, now: number): boolean {
    return this.readBy(owners).some(({ ms }) => time > now - ms);
  }
}
