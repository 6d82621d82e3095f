/**
 * A CPU profile of V8 as a tree of who called whom, with the time of each: what a flame graph is drawn of. Format of the profile: the type
 * Profiler.Profile of the Chrome DevTools protocol (nodes with their children, the node of each sample, µs between samples).
 */
import type { Profiler } from 'node:inspector';

/** A function, as it was called by the functions above it. Times are ms. */
export interface FlameNode {
  readonly name: string;
  /** As file:line; '' where it is of the machine itself. */
  readonly place: string;
  /** Spent in it. */
  readonly selfMs: number;
  /** And in what it called. */
  readonly totalMs: number;
  /** The one that took most first. */
  readonly children: readonly FlameNode[];
}

/** Where a function stands, for people. @param line from 1 @param column from 1 */
export type PlaceOf = (url: string, line: number, column: number) => string;

interface Growing {
  readonly name: string;
  readonly place: string;
  selfMs: number;
  totalMs: number;
  readonly children: Map<string, Growing>;
}

/** What takes less of the whole is told as part of what called it. */
const LEAST_SHARE = 0.001;
/** How many functions are told at most; the smallest go first. */
const MOST_NODES = 3000;
const DEEPEST = 200;

/**
 * @param placeOf names places
 * @returns the tree below a root that stands for the thread, without the time in which it had nothing to do; and that time, in ms
 */
export function flameTree(
  profile: Profiler.Profile,
  placeOf: PlaceOf,
): { readonly root: FlameNode; readonly idleMs: number } {
  const self = selfTimes(profile);
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const root: Growing = { name: 'all', place: '', selfMs: 0, totalMs: 0, children: new Map() };
  let idleMs = 0;
  const places = new Map<string, string>();
  const add = (id: number, into: Growing, depth: number): void => {
    const node = byId.get(id);
    if (node === undefined) return;
    const { columnNumber, functionName, lineNumber, url } = node.callFrame;
    const ms = self.get(id) ?? 0;
    if (functionName === '(idle)') {
      idleMs += ms;
      return;
    }
    let at = into;
    if (functionName !== '(root)' && depth < DEEPEST) {
      const raw = `${url}:${lineNumber}:${columnNumber}`;
      const place = places.get(raw) ?? (url === '' ? '' : placeOf(url, lineNumber + 1, columnNumber + 1));
      places.set(raw, place);
      const name = functionName === '' ? '(anonymous)' : functionName;
      const key = `${name}\n${place}`;
      at = into.children.get(key) ?? { name, place, selfMs: 0, totalMs: 0, children: new Map() };
      into.children.set(key, at);
    }
    at.selfMs += ms;
    for (const child of node.children ?? []) add(child, at, depth + 1);
  };
  const [first] = profile.nodes;
  if (first !== undefined) add(first.id, root, 0);
  sumUp(root);
  return { root: pruned(root), idleMs };
}

function selfTimes({ samples = [], timeDeltas = [] }: Profiler.Profile): Map<number, number> {
  const times = new Map<number, number>();
  // The time from one sample to the next is that of what ran at the former.
  for (const [i, id] of samples.entries()) {
    const us = timeDeltas[i + 1] ?? 0;
    if (us > 0) times.set(id, (times.get(id) ?? 0) + us / 1000);
  }
  return times;
}

function sumUp(node: Growing): number {
  node.totalMs = node.selfMs;
  for (const child of node.children.values()) node.totalMs += sumUp(child);
  return node.totalMs;
}

function pruned(root: Growing): FlameNode {
  const all: number[] = [];
  const gather = (node: Growing): void => {
    all.push(node.totalMs);
    for (const child of node.children.values()) gather(child);
  };
  gather(root);
  const smallest = all.sort((a, b) => b - a)[MOST_NODES] ?? 0;
  const least = Math.max(root.totalMs * LEAST_SHARE, smallest);
  const kept = ({ children, name, place, selfMs, totalMs }: Growing): FlameNode => {
    const large = [...children.values()].filter((child) => child.totalMs > least || child.totalMs === root.totalMs);
    const rest = [...children.values()].filter((child) => !large.includes(child));
    return {
      name,
      place,
      selfMs: selfMs + rest.reduce((sum, child) => sum + child.totalMs, 0),
      totalMs,
      children: large.sort((a, b) => b.totalMs - a.totalMs).map(kept),
    };
  };
  return kept(root);
}
