/** A graph as lines of text, by which members that built the same job find out whether they have the same graph. */
import type { Graph } from '../../graph/graph.ts';

/** A line for each node and each output, in their order. */
export function describeGraph(graph: Pick<Graph, 'nodes' | 'outputs'>): string[] {
  const nodes = graph.nodes.map(({ id, name, parents, slideMs, windowMs, input, state }) => {
    const from = parents.map((parent) => parent.id).join(',');
    const rest = [`from [${from}]`, `slide ${slideMs} ms`, `window ${windowMs} ms`];
    if (input !== undefined) rest.push(`input ${input}`);
    if (state !== undefined) rest.push(`state ${state.form.kind} ${state.form.shape}`.trimEnd());
    return `node ${id}: ${name}, ${rest.join(', ')}`;
  });
  return [...nodes, ...graph.outputs.map(({ id, node }) => `output ${id} of node ${node.id}`)];
}

/** The first line that differs, as a sentence; undefined: none does. @param who has `theirs` */
export function firstDifference(ours: readonly string[], theirs: readonly string[], who: string): string | undefined {
  for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
    if (ours[i] === theirs[i]) continue;
    return `the driver has "${ours[i] ?? 'nothing more'}", ${who} has "${theirs[i] ?? 'nothing more'}"`;
  }
  return undefined;
}
