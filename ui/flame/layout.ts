/** Where the boxes of a flame graph are: a row for each depth, the width of a box its share of the time. */
import type { FlameNode } from '../data/types.ts';

/** A box. */
export interface FlameBox {
  readonly node: FlameNode;
  /** Names the box from the root on: the place among its parent's children, at each depth. */
  readonly path: readonly number[];
  readonly depth: number;
  /** From 0 to 1, of the whole width. */
  readonly left: number;
  readonly width: number;
}

/** A box that is thinner cannot be seen. */
const LEAST = 0.002;

/** The node of a path; the root where there is none. */
export function nodeAt(root: FlameNode, path: readonly number[]): FlameNode {
  let at = root;
  for (const place of path) at = at.children[place] ?? at;
  return at;
}

/**
 * The boxes that can be seen: those above the focus as wide as all, then the focus and what is below it.
 * @param focus the path of the node that takes the whole width
 */
export function boxesOf(root: FlameNode, focus: readonly number[]): FlameBox[] {
  const boxes: FlameBox[] = focus.map((_, depth) => {
    const path = focus.slice(0, depth);
    return { node: nodeAt(root, path), path, depth, left: 0, width: 1 };
  });
  const add = (node: FlameNode, path: readonly number[], left: number, width: number): void => {
    if (width < LEAST) return;
    boxes.push({ node, path, depth: path.length, left, width });
    let at = left;
    for (const [place, child] of node.children.entries()) {
      const share = node.totalMs === 0 ? 0 : (child.totalMs / node.totalMs) * width;
      add(child, [...path, place], at, share);
      at += share;
    }
  };
  add(nodeAt(root, focus), focus, 0, 1);
  return boxes;
}

/** A function with the time spent in it, whoever called it. */
export interface HeavyFunction {
  readonly name: string;
  readonly place: string;
  readonly selfMs: number;
}

/** The functions in which most of the time was spent, the heaviest first. */
export function heaviest(root: FlameNode, most: number): HeavyFunction[] {
  const functions = new Map<string, HeavyFunction>();
  const add = ({ children, name, place, selfMs }: FlameNode): void => {
    const key = `${name}\n${place}`;
    functions.set(key, { name, place, selfMs: (functions.get(key)?.selfMs ?? 0) + selfMs });
    for (const child of children) add(child);
  };
  for (const child of root.children) add(child);
  return [...functions.values()].sort((a, b) => b.selfMs - a.selfMs).slice(0, most);
}

/** Whose code a function is: the job's, a package's, or that of Node and the machine. */
export function ownerOf(place: string): 'job' | 'package' | 'machine' {
  if (place === '' || place.startsWith('node:')) return 'machine';
  return place.includes('node_modules/') || /(^|\/)dist\/[\w-]+\.js:/.test(place) ? 'package' : 'job';
}
