/** A large graph with fewer boxes: what one line of the job has made stands together. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Graph, Load, Operator } from '../../../ui/data/types.ts';
import { condensed, condensedLoad } from '../../../ui/graph/condensed.ts';
import { layoutOf } from '../../../ui/graph/layout.ts';

function operator(
  id: number,
  name: string,
  parents: readonly number[],
  site: string | null = `job.ts:${name}`,
): Operator {
  const input = parents.length === 0 ? id : null;
  return { id, name, site, parents, windowMs: 0, slideMs: 1000, input, isStateful: false, isKept: false };
}

/** An input with so many streams that a loop has made, each with an output. */
function looped(streams: number): Graph {
  const operators = [operator(0, 'input', [])];
  for (let i = 0; i < streams; i++) {
    operators.push(operator(operators.length, 'map', [0]));
    operators.push(operator(operators.length, 'filter', [operators.length - 1]));
  }
  const outputs = Array.from({ length: streams }, (_, i) => {
    return { id: `print-${i}`, kind: 'print', operator: 2 + 2 * i, site: 'job.ts:9' };
  });
  return { operators, outputs };
}

describe('a graph that is condensed', () => {
  test('has a box for each line that made operators as far from the inputs', () => {
    const { graph, operatorOf, outputOf } = condensed(looped(100));
    expect(graph.operators.map(({ name, parents }) => [name, parents])).toEqual([
      ['input', []],
      ['map ×100', [0]],
      ['filter ×100', [1]],
    ]);
    expect(graph.outputs).toMatchObject([{ id: 'print-0', kind: 'print ×100', operator: 2 }]);
    expect([operatorOf.get(199), operatorOf.get(200), outputOf.get('print-99')]).toEqual([1, 2, 'print-0']);
  });

  test('has each operator of a chain that a loop has made', () => {
    const chain = Array.from({ length: 10 }, (_, id) => operator(id, 'map', id === 0 ? [] : [id - 1]));
    expect(condensed({ operators: chain, outputs: [] }).graph.operators).toEqual(chain);
  });

  test('can always be drawn: who is read comes before who reads', () => {
    const graphs = fc.array(fc.tuple(fc.array(fc.nat(30), { maxLength: 3 }), fc.nat(2)), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(graphs, (nodes) => {
        const operators = nodes.map(([read, line], id) =>
          operator(id, 'op', [...new Set(read.filter((one) => one < id))], `line ${line}`),
        );
        const { graph } = condensed({ operators, outputs: [{ id: 'o', kind: 'print', operator: 0, site: null }] });
        const seen = new Set<number>();
        for (const { id, parents } of graph.operators) {
          for (const parent of parents) expect(seen.has(parent)).toBe(true);
          seen.add(id);
        }
        expect(layoutOf(graph, 'down').boxes.length).toBe(graph.operators.length + 1);
      }),
    );
  });

  test('has the values of all that stand together, and what the busiest of them is occupied with', () => {
    const idle = { busy: 0, backPressured: 0, idle: 1 };
    const busy = { busy: 0.5, backPressured: 0.2, idle: 0.3 };
    const whole: Load = {
      ...{ batch: null, from: 0, to: 1, batches: 1, events: 1, bottleneck: null },
      operators: [0, 1, 2, 3, 4].map((id) => {
        return {
          id,
          stage: id,
          stageMs: id,
          gave: id === 3 ? null : 10,
          gaveFrom: id === 3 ? null : id,
          ...(id === 3 ? busy : idle),
        };
      }),
      outputs: [
        { id: 'print-0', runMs: 1, took: 5, tookFrom: 1, ...idle },
        { id: 'print-1', runMs: 9, took: 6, tookFrom: 2, ...busy },
      ],
    };
    const { operators, outputs } = condensedLoad(whole, condensed(looped(2)));
    expect(operators.map(({ gave, id, stageMs, ...shares }) => [id, gave, stageMs, shares.busy])).toEqual([
      [0, 10, 0, 0],
      [1, 10, 3, 0.5],
      [2, 20, 2, 0],
    ]);
    expect(outputs).toEqual([{ id: 'print-0', runMs: 9, took: 11, tookFrom: 2, ...busy }]);
  });
});
