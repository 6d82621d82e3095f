/** What the job computes: its operators and outputs as a drawing, and in words. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { jobPath } from '../data/live.ts';
import type { Graph as GraphData, Operator } from '../data/types.ts';
import { useLatest } from '../data/use-latest.ts';
import { duration } from '../format/duration.ts';
import { BOX, type Box, layoutOf, pathOf } from '../graph/layout.ts';
import { shortened } from '../graph/shortened.ts';
import { Loading } from '../parts/loading.tsx';
import { Panel, Site } from '../parts/panel.tsx';
import { Scroll } from '../parts/scroll.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { useWidth } from '../parts/use-width.ts';

/** The view. */
export function Graph(): JSX.Element {
  const path = jobPath.value;
  const graph = useLatest<GraphData>(path && `${path}/graph`, 0).value;
  return (
    <>
      <div class="view-head">
        <h1 tabIndex={-1}>Graph</h1>
        <p class="sub">From inputs by operators to outputs, with the lines of the job that made them.</p>
      </div>
      {graph === undefined && <Loading />}
      {graph !== undefined && (
        <Panel title="Drawing">
          <Drawing graph={graph} />
        </Panel>
      )}
      {graph !== undefined && <Lists graph={graph} />}
    </>
  );
}

function Drawing({ graph }: { readonly graph: GraphData }): JSX.Element {
  const [box, space] = useWidth<HTMLDivElement>();
  const { boxes, height, lines, width } = useMemo(() => {
    const toTheRight = layoutOf(graph, 'right');
    return toTheRight.width <= space ? toTheRight : layoutOf(graph, 'down');
  }, [graph, space]);
  return (
    <div ref={box}>
      {space > 0 && (
        <Scroll label="Drawing of the graph">
          <svg
            class="graph"
            width={width}
            height={height}
            viewBox={`0 0 ${width} ${height}`}
            role="img"
            aria-label={`${graph.operators.length} operators and ${graph.outputs.length} outputs; the tables below say the same.`}
          >
            <defs>
              <marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto">
                <path d="M0,0.8L7.5,4L0,7.2z" />
              </marker>
            </defs>
            {lines.map((line) => (
              <path key={`${line.from}>${line.to}`} class="edge" d={pathOf(line)} marker-end="url(#arrow)" />
            ))}
            {boxes.map((box) => (
              <BoxShape key={box.key} box={box} />
            ))}
          </svg>
        </Scroll>
      )}
    </div>
  );
}

const MOST_TITLE = 27;
const MOST_SITE = 30;

function BoxShape({ box }: { readonly box: Box }): JSX.Element {
  const { isStateful, kind, note, site, title, x, y } = box;
  const marks = [kind === 'operator' ? '' : kind, isStateful ? 'keeps states' : '', note].filter((one) => one !== '');
  return (
    <g class={`box box-${kind}${isStateful ? ' box-stateful' : ''}`} transform={`translate(${x},${y})`}>
      <title>{`${title}${site === null ? '' : ` at ${site}`}`}</title>
      <rect width={BOX.width} height={BOX.height} rx={kind === 'operator' ? 5 : 14} />
      <text class="box-title" x="12" y="21">
        {shortened(title, MOST_TITLE, 'end')}
      </text>
      <text class="box-site" x="12" y="38">
        {shortened(site ?? '', MOST_SITE, 'start')}
      </text>
      <text class="box-note" x="12" y="55">
        {marks.join(' · ')}
      </text>
    </g>
  );
}

function Lists({ graph: { operators, outputs } }: { readonly graph: GraphData }): JSX.Element {
  const nameOf = (id: number): string => `${operators.find((one) => one.id === id)?.name ?? '?'} (${id})`;
  const columns: readonly Column<Operator>[] = [
    { key: 'id', title: 'Id', isNumber: true, cell: ({ id }) => id },
    { key: 'name', title: 'Operator', cell: ({ name }) => name },
    { key: 'site', title: 'Where', cell: ({ site }) => <Site site={site} /> },
    {
      key: 'reads',
      title: 'Reads',
      class: 'reads',
      cell: ({ parents }) => parents.map(nameOf).join(', ') || 'an input',
    },
    {
      key: 'window',
      title: 'Window',
      isNumber: true,
      cell: ({ windowMs }) => (windowMs === 0 ? '–' : duration(windowMs)),
    },
    { key: 'slide', title: 'Slide', isNumber: true, cell: ({ slideMs }) => duration(slideMs) },
    { key: 'state', title: 'Keeps states', cell: ({ isStateful }) => (isStateful ? 'yes' : '–') },
    { key: 'tap', title: 'Values', cell: ({ id }) => <a href={`/tap?operator=${id}`}>Look at them</a> },
  ];
  return (
    <>
      <Panel title={`Operators (${operators.length})`}>
        <Table label="Operators" columns={columns} rows={operators} keyOf={({ id }) => id} />
      </Panel>
      <Panel title={`Outputs (${outputs.length})`}>
        <Table
          label="Outputs"
          rows={outputs}
          keyOf={({ id }) => id}
          columns={[
            { key: 'id', title: 'Output', cell: ({ id }) => id },
            { key: 'kind', title: 'Kind', cell: ({ kind }) => kind },
            { key: 'site', title: 'Where', cell: ({ site }) => <Site site={site} /> },
            { key: 'takes', title: 'Takes', cell: ({ operator }) => nameOf(operator) },
          ]}
        />
      </Panel>
    </>
  );
}
