/**
 * Where operators and outputs stand in the drawing of a job: in layers, inputs in the first. Who is read by others stands in a layer before
 * them; in a layer, each stands near those that it reads. An edge over several layers has a place of its own in each. Layers go to the
 * right, or down where that would be too wide.
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

/** x and y, in px. */
type Point = readonly [number, number];

/** A line from box to box, by the points through which it goes. */
export interface Line {
  readonly from: string;
  readonly to: string;
  readonly points: readonly Point[];
  readonly direction: Direction;
}

/** The drawing. */
export interface Layout {
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
  readonly width: number;
  readonly height: number;
}

/** Sizes in px. */
export const BOX = { width: 208, height: 84, margin: 12 } as const;

/** Where the layers go: to the right or down. */
export type Direction = 'right' | 'down';

/** How far it is from a box to the next: along the layers, and in a layer. */
const STEPS: Readonly<Record<Direction, { readonly along: number; readonly across: number }>> = {
  right: { along: BOX.width + 56, across: BOX.height + 22 },
  down: { along: BOX.height + 40, across: BOX.width + 22 },
};
const SWEEPS = 6;
/** Of a graph with more places that edges would have between layers, edges go straight. */
const MOST_BETWEEN = 4000;

type Node = Omit<Box, 'x' | 'y'> & { readonly reads: readonly string[] };

interface Place {
  readonly key: string;
  readonly layer: number;
  row: number;
  readonly reads: string[];
}

/** @param graph its operators come after those that they read */
export function layoutOf(graph: Graph, direction: Direction): Layout {
  const nodes = nodesOf(graph);
  const { edges, places } = placesOf(nodes);
  const layers = layersOf(places);
  for (let sweep = 0; sweep < SWEEPS; sweep++) sweepOver(layers, places, sweep % 2 === 0);
  const { across, along } = STEPS[direction];
  const widest = Math.max(0, ...layers.map((layer) => layer.length));
  const corner = (key: string): Point => {
    const { layer, row } = placeOf(places, key);
    const before = ((widest - (layers[layer]?.length ?? 0)) * across) / 2 + row * across;
    const [x, y] = direction === 'right' ? [layer * along, before] : [before, layer * along];
    return [BOX.margin + x, BOX.margin + y];
  };
  const boxes = nodes.map(({ reads: _, ...node }) => {
    const [x, y] = corner(node.key);
    return { ...node, x, y };
  });
  return {
    boxes,
    lines: edges.map((path) => lineOf(path, corner, direction)),
    width: 2 * BOX.margin + Math.max(0, ...boxes.map(({ x }) => x + BOX.width - BOX.margin)),
    height: 2 * BOX.margin + Math.max(0, ...boxes.map(({ y }) => y + BOX.height - BOX.margin)),
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

/** Gives each node its layer, and edges over several layers a place in each. */
function placesOf(nodes: readonly Node[]): { places: Map<string, Place>; edges: string[][] } {
  const places = new Map<string, Place>();
  const edges: string[][] = [];
  for (const { key, reads } of nodes) {
    const layer = Math.max(-1, ...reads.map((one) => places.get(one)?.layer ?? -1)) + 1;
    places.set(key, { key, layer, row: 0, reads: [] });
  }
  const between = nodes.reduce((sum, { key, reads }) => {
    const { layer } = placeOf(places, key);
    return sum + reads.reduce((all, one) => all + layer - placeOf(places, one).layer - 1, 0);
  }, 0);
  for (const { key, reads } of nodes) {
    const to = placeOf(places, key);
    for (const source of reads) {
      const path = [source];
      if (between > MOST_BETWEEN) {
        to.reads.push(source);
        edges.push([source, key]);
        continue;
      }
      for (let layer = placeOf(places, source).layer + 1; layer < to.layer; layer++) {
        const name = `${source}>${key}@${layer}`;
        places.set(name, { key: name, layer, row: 0, reads: [path.at(-1) ?? source] });
        path.push(name);
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

function layersOf(places: ReadonlyMap<string, Place>): Place[][] {
  const layers: Place[][] = [];
  for (const place of places.values()) {
    layers[place.layer] ??= [];
    layers[place.layer]?.push(place);
  }
  for (const layer of layers) numberRows(layer);
  return layers;
}

function numberRows(layer: readonly Place[]): void {
  for (const [row, place] of layer.entries()) place.row = row;
}

/** Brings each near the middle of its neighbours: of those that it reads, or of those that read it. */
function sweepOver(layers: readonly Place[][], places: ReadonlyMap<string, Place>, isForth: boolean): void {
  const readers = new Map<string, Place[]>();
  for (const place of places.values()) {
    for (const key of place.reads) {
      const known = readers.get(key);
      if (known === undefined) readers.set(key, [place]);
      else known.push(place);
    }
  }
  for (const layer of isForth ? layers : layers.toReversed()) {
    const middle = new Map(
      layer.map((place) => {
        const near = isForth ? place.reads.map((key) => placeOf(places, key)) : (readers.get(place.key) ?? []);
        const sum = near.reduce((all, { row }) => all + row, 0);
        return [place, near.length === 0 ? place.row : sum / near.length] as const;
      }),
    );
    layer.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
    numberRows(layer);
  }
}

function lineOf(path: readonly string[], corner: (key: string) => Point, direction: Direction): Line {
  const points = path.flatMap((key, at): Point[] => {
    const { entry, exit } = endsOf(corner(key), direction);
    if (at === 0) return [exit];
    return at === path.length - 1 ? [entry] : [entry, exit];
  });
  return { from: path[0] ?? '', to: path.at(-1) ?? '', points, direction };
}

/** Where lines come into a box and leave it. */
function endsOf([x, y]: Point, direction: Direction): { readonly entry: Point; readonly exit: Point } {
  const [middleX, middleY] = [x + BOX.width / 2, y + BOX.height / 2];
  return direction === 'right'
    ? { entry: [x, middleY], exit: [x + BOX.width, middleY] }
    : { entry: [middleX, y], exit: [middleX, y + BOX.height] };
}

/** The line as the path of an SVG: curves between layers. */
export function pathOf({ direction, points }: Line): string {
  return points
    .map(([x, y], at) => {
      const before = points[at - 1];
      if (before === undefined) return `M${x},${y}`;
      const [bendX, bendY] = [(before[0] + x) / 2, (before[1] + y) / 2];
      return direction === 'right'
        ? `C${bendX},${before[1]} ${bendX},${y} ${x},${y}`
        : `C${before[0]},${bendY} ${x},${bendY} ${x},${y}`;
    })
    .join('');
}

/** Where the count of a line stands: in the middle between its first two layers, where it is the source's own. */
export function labelPlaceOf({ points }: Line): Point {
  const [[x1, y1] = [0, 0], [x2, y2] = [x1, y1]] = points;
  return [(x1 + x2) / 2, (y1 + y2) / 2];
}

/** A part of the drawing. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Whether any of a box is in an area. */
export function isBoxIn({ x, y }: Pick<Box, 'x' | 'y'>, { bottom, left, right, top }: Area): boolean {
  return x <= right && x + BOX.width >= left && y <= bottom && y + BOX.height >= top;
}

/** Whether a line may be in an area: the smallest area around it is. */
export function isLineIn({ points }: Line, { bottom, left, right, top }: Area): boolean {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return Math.min(...xs) <= right && Math.max(...xs) >= left && Math.min(...ys) <= bottom && Math.max(...ys) >= top;
}
