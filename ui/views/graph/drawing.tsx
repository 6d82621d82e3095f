/**
 * The drawing of the graph: boxes by what they are occupied with, lines with how many values go over them. A large one scrolls in its
 * box, is made smaller by a choice that stands in the address, and has only those parts in the page that can be seen.
 */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Bottleneck, Graph, Load, Shares } from '../../data/types.ts';
import { count } from '../../format/number.ts';
import { type Condensed, condensed, condensedLoad } from '../../graph/condensed.ts';
import { BOX, type Box, isBoxIn, isLineIn, type Layout, type Line, layoutOf } from '../../graph/layout.ts';
import { OCCUPATIONS } from '../../graph/occupation.ts';
import { query } from '../../navigation.ts';
import { Choice } from '../../parts/choice.tsx';
import { Panel } from '../../parts/panel.tsx';
import { Scroll } from '../../parts/scroll.tsx';
import { useWidth } from '../../parts/use-width.ts';
import { valuesText } from './lists.tsx';
import { Arrow, BoxShape, Edge } from './shapes.tsx';
import { useArea } from './use-area.ts';

const ZOOMS = [
  ['1', '100 %'],
  ['0.5', '50 %'],
  ['0.25', '25 %'],
  ['fit', 'all of it'],
] as const;
/** Of a drawing with more boxes, only what can be seen is in the page. */
const MOST_WHOLE = 150;
/** What is drawn smaller has no texts, which could not be read. */
const LEAST_READABLE = 0.45;
/** What is drawn smaller cannot be seen. */
const LEAST_SCALE = 0.05;

interface DrawingProps {
  readonly graph: Graph;
  readonly load: Load | undefined;
}

/** Whether each operator of a large graph has a box of its own. */
const DETAILS = [
  ['lines', 'by line'],
  ['each', 'each operator'],
] as const;

/** The panel. */
export function Drawing({ graph, load }: DrawingProps): JSX.Element {
  const [box, space] = useWidth<HTMLDivElement>();
  const isLong = graph.operators.length + graph.outputs.length > MOST_WHOLE;
  const isCondensed = isLong && query.value.get('detail') !== 'each';
  const drawn = useMemo(() => (isCondensed ? condensed(graph) : undefined), [graph, isCondensed]);
  const layout = useMemo(() => {
    const shown = drawn?.graph ?? graph;
    const toTheRight = layoutOf(shown, 'right');
    return toTheRight.width <= space ? toTheRight : layoutOf(shown, 'down');
  }, [drawn, graph, space]);
  const shownLoad = useMemo(
    () => (load === undefined || drawn === undefined ? load : condensedLoad(load, drawn)),
    [drawn, load],
  );
  const isWide = layout.boxes.length > MOST_WHOLE || layout.width > space;
  const zoom = ZOOMS.find(([name]) => name === query.value.get('zoom'))?.[0] ?? '1';
  const fitting = Math.min(1, Math.max(LEAST_SCALE, space / layout.width));
  const scale = zoom === 'fit' ? fitting : Number(zoom);
  return (
    <Panel
      title="Drawing"
      aside={
        <div class="panel-tools">
          {isLong && (
            <Choice label="What has a box" name="detail" options={DETAILS} chosen={isCondensed ? 'lines' : 'each'} />
          )}
          {isWide && <Choice label="Size of the drawing" name="zoom" options={ZOOMS} chosen={zoom} />}
        </div>
      }
    >
      <Legend load={load} />
      <div ref={box}>
        {space > 0 && (
          <Picture layout={layout} load={shownLoad} scale={scale} marked={markedIn(load?.bottleneck, drawn)} />
        )}
      </div>
    </Panel>
  );
}

/** The box of what takes most of the time. */
function markedIn(bottleneck: Bottleneck | null | undefined, drawn: Condensed | undefined): string | undefined {
  if (bottleneck === null || bottleneck === undefined) return undefined;
  const { operator, output } = bottleneck;
  if (output !== null) return drawn?.outputOf.get(output) ?? output;
  return operator === null ? undefined : `operator-${drawn?.operatorOf.get(operator) ?? operator}`;
}

function Legend({ load }: { readonly load: Load | undefined }): JSX.Element {
  const isCounted = load?.operators.every(({ gave }) => gave !== null) ?? true;
  return (
    <>
      <ul class="key legend">
        {OCCUPATIONS.map(([name, meaning]) => (
          <li key={name}>
            <span class={`chip occupation-${name}`} />
            <span>
              <b>{name}</b>: {meaning}
            </span>
          </li>
        ))}
      </ul>
      {!isCounted && (
        <p class="note">
          A line without a number was not counted: within a stage, values are counted while somebody looks at this
          graph.
        </p>
      )}
    </>
  );
}

interface PictureProps {
  readonly layout: Layout;
  readonly load: Load | undefined;
  readonly scale: number;
  /** The key of the box of what takes most of the time. */
  readonly marked: string | undefined;
}

function Picture({ layout, load, marked, scale }: PictureProps): JSX.Element {
  const { boxes, height, lines, width } = layout;
  const [element, area, onScroll] = useArea(scale, firstPlaceOf(layout));
  const isWhole = boxes.length <= MOST_WHOLE;
  const shownBoxes = isWhole ? boxes : boxes.filter((box) => isBoxIn(box, area));
  const shownLines = isWhole ? lines : lines.filter((line) => isLineIn(line, area));
  const loads = useMemo(() => loadsOf(load), [load]);
  const isReadable = scale >= LEAST_READABLE;
  const { bottleneck } = load ?? {};
  return (
    <Scroll label="Drawing of the graph" class={isWhole ? '' : 'graph-scroll'} element={element} onScroll={onScroll}>
      <svg
        class="graph"
        width={width * scale}
        height={height * scale}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`${count(boxes.length)} operators and outputs; the tables below say the same.`}
      >
        <Arrow />
        {shownLines.map((line) => (
          <Edge key={`${line.from}>${line.to}`} line={line} label={isReadable ? labelOf(line, loads, load) : ''} />
        ))}
        {shownBoxes.map((box) => (
          <BoxShape
            key={box.key}
            box={box}
            shares={loads.get(box.key)}
            isReadable={isReadable}
            isBottleneck={box.key === marked}
            isHolding={bottleneck?.isHolding ?? false}
          />
        ))}
      </svg>
    </Scroll>
  );
}

type Loads = ReadonlyMap<Box['key'], Shares & { readonly values: number | null; readonly since: number | null }>;

function loadsOf(load: Load | undefined): Loads {
  const loads = new Map<Box['key'], Shares & { readonly values: number | null; readonly since: number | null }>();
  for (const { gave: values, gaveFrom: since, id, ...shares } of load?.operators ?? [])
    loads.set(`operator-${id}`, { ...shares, values, since });
  for (const { id, took: values, tookFrom: since, ...shares } of load?.outputs ?? [])
    loads.set(id, { ...shares, values, since });
  return loads;
}

/** What goes over a line is what the operator gives at which it begins. */
function labelOf({ from }: Line, loads: Loads, load: Load | undefined): string {
  const { since = null, values = null } = loads.get(from) ?? {};
  return values === null ? '' : valuesText(values, since, load);
}

/** The middle of the first box: a drawing that is wider than its place begins there. */
function firstPlaceOf({ boxes }: Layout): number {
  const [first] = boxes;
  return first === undefined ? 0 : first.x + BOX.width / 2;
}
