/**
 * Where operators and outputs stand in the drawing of a job: in columns, inputs on the left. Who is read by others stands left of them;
 * in a column, each stands near those that it reads. An edge over several columns has a place of its own in each.
 */
import type { Graph } from '../data/types.ts';

/** A box of the drawing. */
export interface Box {
  /** `operator-3`, or the id of an output. */
  readonly key: string;
  readonly title: string;
  readonly site: string | null;
  readonly note: string;
  readonly kind: 'input' | 'operator' | 'output';
  readonly isStateful: boolean;
  /** Its left upper corner, in px. */
  readonly x: number;
  readonly y: number;
}

/** A line from box to box, by the points through which it goes. */
export interface Line {
  readonly from: string;
  readonly to: string;
  readonly points: readonly (readonly [number, number])[];
}

/** The drawing. */
export interface Layout {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
}

/** Sizes in px. */
export const BOX = { width: 208, height: 66, columnGap: 56, rowGap: 22, margin: 12 } as const;
const SWEEPS = 6;

type Node = Omit<Box, 'x' | 'y'> & { readonly reads: readonly string[] };

interface Place {
  readonly key: string;
  readonly column: number;
  row: number;
  readonly reads: string[];
}

/** @param graph its operators come after those that they read */
export function layoutOf(graph: Graph): Layout {
  const nodes = nodesOf(graph);
  const { edges, places } = placesOf(nodes);
  const columns = columnsOf(places);
  for (let sweep = 0; sweep < SWEEPS; sweep++) sweepOver(columns, places, sweep % 2 === 0);
  const tallest = Math.max(0, ...columns.map((column) => column.length));
  const inner = tallest * (BOX.height + BOX.rowGap) - BOX.rowGap;
  const corner = (key: string): readonly [number, number] => {
    const { column, row } = placeOf(places, key);
    const length = columns[column]?.length ?? 0;
    const top = (inner - (length * (BOX.height + BOX.rowGap) - BOX.rowGap)) / 2;
    return [BOX.margin + column * (BOX.width + BOX.columnGap), BOX.margin + top + row * (BOX.height + BOX.rowGap)];
  };
  const boxes = nodes.map(({ reads: _, ...node }) => {
    const [x, y] = corner(node.key);
    return { ...node, x, y };
  });
  return {
    boxes,
    lines: edges.map((path) => lineOf(path, corner)),
    width: Math.max(0, columns.length * (BOX.width + BOX.columnGap) - BOX.columnGap) + 2 * BOX.margin,
    height: Math.max(0, inner) + 2 * BOX.margin,
  };
}

function nodesOf({ operators, outputs }: Graph): Node[] {
  const known = new Set(operators.map(({ id }) => id));
  const keysOf = (ids: readonly number[]): string[] => ids.filter((id) => known.has(id)).map((id) => `operator-${id}`);
  return [
    ...operators.map(
      ({ id, input, isStateful, name, parents, site, windowMs }): Node => ({
        key: `operator-${id}`,
        title: name,
        site,
        note: windowMs > 0 ? `window ${windowMs / 1000} s` : '',
        kind: input === null ? 'operator' : 'input',
        isStateful,
        reads: keysOf(parents),
      }),
    ),
    ...outputs.map(
      ({ id, kind, operator, site }): Node => ({
        key: id,
        title: kind,
        site,
        note: id,
        kind: 'output',
        isStateful: false,
        reads: keysOf([operator]),
      }),
    ),
  ];
}

/** Gives each node its column, and edges over several columns a place in each. */
function placesOf(nodes: readonly Node[]): { places: Map<string, Place>; edges: string[][] } {
  const places = new Map<string, Place>();
  const edges: string[][] = [];
  for (const { key, reads } of nodes) {
    const column = Math.max(-1, ...reads.map((one) => places.get(one)?.column ?? -1)) + 1;
    places.set(key, { key, column, row: 0, reads: [] });
  }
  for (const { key, reads } of nodes) {
    const to = placeOf(places, key);
    for (const source of reads) {
      const path = [source];
      for (let column = placeOf(places, source).column + 1; column < to.column; column++) {
        const between = `${source}>${key}@${column}`;
        places.set(between, { key: between, column, row: 0, reads: [path.at(-1) ?? source] });
        path.push(between);
      }
      to.reads.push(path.at(-1) ?? source);
      edges.push([...path, key]);
    }
  }
  return { places, edges };
}

function placeOf(places: ReadonlyMap<string, Place>, key: string): Place {
  const place = places.get(key);
  if (place === undefined) throw new Error(`${key} has no place`);
  return place;
}

function columnsOf(places: ReadonlyMap<string, Place>): Place[][] {
  const columns: Place[][] = [];
  for (const place of places.values()) {
    columns[place.column] ??= [];
    columns[place.column]?.push(place);
  }
  for (const column of columns) numberRows(column);
  return columns;
}

function numberRows(column: readonly Place[]): void {
  for (const [row, place] of column.entries()) place.row = row;
}

/** Brings each near the middle of its neighbours: of those that it reads, or of those that read it. */
function sweepOver(columns: readonly Place[][], places: ReadonlyMap<string, Place>, isForth: boolean): void {
  const readers = new Map<string, Place[]>();
  for (const place of places.values()) {
    for (const key of place.reads) readers.set(key, [...(readers.get(key) ?? []), place]);
  }
  for (const column of isForth ? columns : columns.toReversed()) {
    const middle = new Map(
      column.map((place) => {
        const near = isForth ? place.reads.map((key) => placeOf(places, key)) : (readers.get(place.key) ?? []);
        const sum = near.reduce((all, { row }) => all + row, 0);
        return [place, near.length === 0 ? place.row : sum / near.length] as const;
      }),
    );
    column.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
    numberRows(column);
  }
}

function lineOf(path: readonly string[], corner: (key: string) => readonly [number, number]): Line {
  const points = path.flatMap((key, at): (readonly [number, number])[] => {
    const [x, y] = corner(key);
    const middle = y + BOX.height / 2;
    if (at === 0) return [[x + BOX.width, middle]];
    return at === path.length - 1
      ? [[x, middle]]
      : [
          [x, middle],
          [x + BOX.width, middle],
        ];
  });
  return { from: path[0] ?? '', to: path.at(-1) ?? '', points };
}

/** The line as the path of an SVG: curves between columns. */
export function pathOf({ points }: Line): string {
  return points
    .map(([x, y], at) => {
      const before = points[at - 1];
      if (before === undefined) return `M${x},${y}`;
      const bend = (before[0] + x) / 2;
      return `C${bend},${before[1]} ${bend},${y} ${x},${y}`;
    })
    .join('');
}
