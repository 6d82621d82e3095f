/** The files that the sources of an agent read, those with the most left to read first. */
import type { JSX } from 'preact';
import { percent, shareOf } from '../../data/fill.ts';
import type { AgentComponent } from '../../data/types.ts';
import { count, size } from '../../format/number.ts';
import { Panel } from '../../parts/panel.tsx';
import { SortedTable } from '../../parts/sorted-table.tsx';
import type { Column } from '../../parts/table.tsx';

interface Row {
  readonly source: string;
  readonly file: string;
  readonly position: number;
  readonly size: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { key: 'source', title: 'Source', sortBy: ({ source }) => source, cell: ({ source }) => source },
  { key: 'file', title: 'File', class: 'wrap', sortBy: ({ file }) => file, cell: ({ file }) => <code>{file}</code> },
  {
    key: 'position',
    title: 'Read',
    isNumber: true,
    sortBy: ({ position }) => position,
    cell: ({ position }) => size(position),
  },
  { key: 'size', title: 'Of', isNumber: true, sortBy: (row) => row.size, cell: (row) => size(row.size) },
  {
    key: 'left',
    title: 'Left',
    isNumber: true,
    sortBy: (row) => row.size - row.position,
    cell: (row) => size(row.size - row.position),
  },
  { key: 'bar', title: 'How far', class: 'wait', cell: (row) => <HowFar row={row} /> },
];

/** The panel; nothing where no source reads files. */
export function Files({ sources }: { readonly sources: readonly AgentComponent[] }): JSX.Element | null {
  const rows = sources.flatMap(({ files, name }) => files.map((file): Row => ({ source: name, ...file })));
  const all = sources.reduce((sum, { filesInAll }) => sum + filesInAll, 0);
  const readers = sources.filter(({ type }) => ['spooldir', 'taildir'].includes(type.toLowerCase()));
  if (rows.length === 0 && readers.length === 0) return null;
  return (
    <Panel title={`Files being read (${count(all)})`}>
      <SortedTable
        name="files"
        label="Files being read"
        columns={COLUMNS}
        rows={rows}
        keyOf={({ file, source }) => `${source} ${file}`}
        empty="No file is read at this moment."
      />
      {rows.length < all && <p class="note">and {count(all - rows.length)} more, of which less is left</p>}
    </Panel>
  );
}

function HowFar({ row: { position, size: length } }: { readonly row: Row }): JSX.Element {
  const share = length === 0 ? 1 : shareOf(position, length);
  return (
    <span class="wait-bar">
      <span class="track" aria-hidden="true">
        <span style={{ width: `${(share ?? 0) * 100}%` }} />
      </span>
      <span class="wait-word">{percent(share)}</span>
    </span>
  );
}
