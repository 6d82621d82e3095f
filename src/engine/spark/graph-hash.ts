/** By what a driver and its workers find out whether they have built the same graph. */
import { createHash } from 'node:crypto';
import type { Graph } from '../../graph/graph.ts';
import { describeGraph } from '../crew/graph-description.ts';

/** What an input is called may depend on the machine (an address, a port); workers have no inputs. */
export function graphHash(graph: Graph): string {
  const lines = describeGraph({
    nodes: graph.nodes.map((node) => (node.input === undefined ? node : { ...node, name: 'input' })),
    outputs: graph.outputs,
  });
  // Names of functions differ from bundle to bundle.
  for (const [number, fn] of graph.functions.entries()) lines.push(`function ${number} of ${fn.length} parameters`);
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16);
}
