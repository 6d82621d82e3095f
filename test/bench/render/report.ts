/** RESULTS.md out of what the cases found. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cases } from '../cases/index.ts';
import { digits } from '../kit/format.ts';
import type { CaseResult, Results, Row, Table } from '../kit/results.ts';
import { writeChart } from './chart.ts';

const FILE = fileURLToPath(new URL('../RESULTS.md', import.meta.url));
/** So many stand in a cell. */
const MOST_RATIOS = 6;

/** Writes it anew. */
export function writeReport(results: Results): void {
  const present = cases.flatMap(({ id }) => {
    const result = results[id];
    return result === undefined ? [] : [{ id, result }];
  });
  const parts = [
    '# Benchmark\n\nWritten by `npm run bench`; do not edit. Every ratio is the median of pairs that ran in turn in one run on one machine.',
    machines(present.map(({ result }) => result)),
    '## What is to be reached\n',
    targets(present.flatMap(({ result }) => result.rows)),
    ...present.map(({ id, result }) => section(id, result)),
  ];
  const series = present.flatMap(({ result }) => result.series ?? []);
  if (series.length > 0) writeChart(series);
  writeFileSync(FILE, `${parts.join('\n\n')}\n`);
}

function machines(results: readonly CaseResult[]): string {
  const lines = new Set(results.map(({ ran }) => `${ran?.machine ?? ''}, ${ran?.at.slice(0, 10) ?? ''}.`));
  return [...lines].join('\n');
}

function targets(rows: readonly Row[]): string {
  return markdown(
    ['', 'target', 'measured', 'of pairs', 'streamjob', 'beside it', ''],
    rows.map((row) => [
      row.what,
      `${row.sense} ${row.target}`,
      digits(row.ratio ?? Number.NaN),
      ratiosOf(row),
      row.ours,
      row.theirs,
      verdict(row),
    ]),
  );
}

/** Where there are many, the least and the greatest. */
function ratiosOf({ ratios }: Row): string {
  if (ratios.length <= MOST_RATIOS) return ratios.map(digits).join(', ') || '-';
  return `${digits(Math.min(...ratios))} to ${digits(Math.max(...ratios))}, ${ratios.length} of them`;
}

function verdict({ ratio, sense, target, failures }: Row): string {
  const failed = failures.length > 0 ? ` (${failures.join('; ').replaceAll('|', '/')})` : '';
  // JSON has no NaN: a ratio that is missing is null there.
  if (ratio === undefined || ratio === null || Number.isNaN(ratio)) return `not run${failed}`;
  const met = sense === 'at least' ? ratio >= target : ratio <= target;
  return `${met ? 'met' : '**not met**'}${failed}`;
}

function section(id: string, { title, method, tables, series, ran }: CaseResult): string {
  const when = ran === undefined ? '' : ` ${ran.pairs} pairs, phases of ${ran.seconds} s; ${ran.at.slice(0, 16)}Z.`;
  const chart = series === undefined ? [] : ['![Cost of an event](growth.svg)'];
  return [`## ${title}\n\n\`npm run bench -- ${id}\`. ${method}${when}`, ...chart, ...tables.map(table)].join('\n\n');
}

function table({ title, columns, lines }: Table): string {
  return `${title === '' ? '' : `${title}:\n\n`}${markdown(columns, lines)}`;
}

function markdown(columns: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map(() => '---')), ...lines.map(line)].join('\n');
}
