/**
 * The drawing of the graph: boxes by what they are occupied with, lines with how many values go over them. A large one scrolls in its
 * box, is made smaller by a choice that stands in the address, and has only those parts in the page that can be seen.
 */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Graph, Load, Shares } from '../../data/types.ts';
import { count } from '../../format/number.ts';
import { type Box, isBoxIn, isLineIn, type Layout, type Line, layoutOf } from '../../graph/layout.ts';
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

interface DrawingProps {
  readonly graph: Graph;
  readonly load: Load | undefined;
}

/** The panel. */
export function Drawing({ graph, load }: DrawingProps): JSX.Element {
  const [box, space] = useWidth<HTMLDivElement>();
  const layout = useMemo(() => {
    const toTheRight = layoutOf(graph, 'right');
    return toTheRight.width <= space ? toTheRight : layoutOf(graph, 'down');
  }, [graph, space]);
  const isLarge = layout.boxes.length > MOST_WHOLE || layout.width > space;
  const zoom = ZOOMS.find(([name]) => name === query.value.get('zoom'))?.[0] ?? '1';
  const scale = zoom === 'fit' ? Math.min(1, Math.max(1, space) / layout.width) : Number(zoom);
  return (
    <Panel
      title="Drawing"
      aside={isLarge && <Choice label="Size of the drawing" name="zoom" options={ZOOMS} chosen={zoom} />}
    >
      <Legend load={load} />
      <div ref={box}>{space > 0 && <Picture layout={layout} load={load} scale={scale} />}</div>
    </Panel>
  );
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
}

function Picture({ layout, load, scale }: PictureProps): JSX.Element {
  const { boxes, height, lines, width } = layout;
  const [element, area, onScroll] = useArea(scale);
  const isWhole = boxes.length <= MOST_WHOLE;
  const shownBoxes = isWhole ? boxes : boxes.filter((box) => isBoxIn(box, area));
  const shownLines = isWhole ? lines : lines.filter((line) => isLineIn(line, area));
  const loads = useMemo(() => loadsOf(load), [load]);
  const isReadable = scale >= LEAST_READABLE;
  const { bottleneck } = load ?? {};
  const marked = bottleneck?.output ?? (bottleneck?.operator == null ? undefined : `operator-${bottleneck.operator}`);
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

type Loads = ReadonlyMap<Box['key'], Shares & { readonly values: number | null }>;

function loadsOf(load: Load | undefined): Loads {
  const loads = new Map<Box['key'], Shares & { readonly values: number | null }>();
  for (const { gave, id, ...shares } of load?.operators ?? []) loads.set(`operator-${id}`, { ...shares, values: gave });
  for (const { id, took, ...shares } of load?.outputs ?? []) loads.set(id, { ...shares, values: took });
  return loads;
}

/** What goes over a line is what the operator gives at which it begins. */
function labelOf({ from }: Line, loads: Loads, load: Load | undefined): string {
  const values = loads.get(from)?.values ?? null;
  return values === null ? '' : valuesText(values, load);
}
